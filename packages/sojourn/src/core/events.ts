import type { Counters } from './counters.ts'
import { type ErrorCode, SessionError } from './errors.ts'
import { EventQueue } from './event-queue.ts'
import type { EndReason, Instant, SessionId } from './port.ts'

/** How many iterations may be open at once. */
const ITERATIONS_LIMIT = 10_000

type Base = { readonly at: Instant; readonly id: SessionId; readonly userId: string | null }
/** `remote` is there, and true, when another process told it, through the store's feed. */
type Shared = Base & { readonly remote?: true }

/** What a store tells its listeners, by name. No event holds a token, a secret or session data. */
export interface StoreEvents {
  created: Shared
  rotated: Shared
  /** Log-in again in a live session. */
  reauthenticated: Shared
  /**
   * Once for each session, in the process that ended it; by expiry only where the engine keeps what is due. In other
   * processes with a feed, as `remote`, at most once.
   */
  ended: Shared & { readonly reason: EndReason }
  /** A retired secret was presented after its grace: the session is ended, thief and victim are out. */
  reuseDetected: Shared
  /** A log-in was refused because the user's limit is reached. */
  limitReached: { readonly at: Instant; readonly userId: string }
  /** A drop-in store refused to write to a session that had ended; its framework takes that for done. */
  lateWriteRefused: Base
  /** A session that ended has reached the archive; perhaps more than once. */
  archived: Base
  /** The archive refused a session, for the first time or again: it is a dead letter. */
  archiveRefused: Base & { readonly code: ErrorCode; readonly tries: number }
  /** The archive cannot be reached: what ends waits in the store. */
  archiveInterrupted: { readonly at: Instant }
  /** It can be reached again. */
  archiveResumed: { readonly at: Instant }
  /** The wall clock jumped: the sweep has stopped, see `trustClock`. */
  clockJumped: { readonly at: Instant; readonly byMs: number }
  /** The feed may have missed what other processes told. */
  feedGap: { readonly at: Instant }
}

export type EventName = keyof StoreEvents

type NamedEvents = { [Name in EventName]: { readonly name: Name } & Readonly<StoreEvents[Name]> }

/** What an iteration over `events` gives: any event with its name, or how many it was too slow for. */
export type StoreEvent = NamedEvents[EventName] | { readonly name: 'dropped'; readonly count: number }

/** The event with its name, as a new object: listeners may have the one without. */
const NAMED: { readonly [Name in EventName]: (event: StoreEvents[Name]) => NamedEvents[Name] } = {
  created: (event) => ({ name: 'created', ...event }),
  rotated: (event) => ({ name: 'rotated', ...event }),
  reauthenticated: (event) => ({ name: 'reauthenticated', ...event }),
  ended: (event) => ({ name: 'ended', ...event }),
  reuseDetected: (event) => ({ name: 'reuseDetected', ...event }),
  limitReached: (event) => ({ name: 'limitReached', ...event }),
  lateWriteRefused: (event) => ({ name: 'lateWriteRefused', ...event }),
  archived: (event) => ({ name: 'archived', ...event }),
  archiveRefused: (event) => ({ name: 'archiveRefused', ...event }),
  archiveInterrupted: (event) => ({ name: 'archiveInterrupted', ...event }),
  archiveResumed: (event) => ({ name: 'archiveResumed', ...event }),
  clockJumped: (event) => ({ name: 'clockJumped', ...event }),
  feedGap: (event) => ({ name: 'feedGap', ...event }),
}

type Listener<Name extends EventName> = (event: StoreEvents[Name]) => unknown
type Listeners = { [Name in EventName]: Set<Listener<Name>> }

/** Listeners that cannot harm the operation that woke them: what they throw or reject is counted (T82). */
export class Events {
  readonly #counters: Counters
  readonly #listeners: Listeners = {
    created: new Set(),
    rotated: new Set(),
    reauthenticated: new Set(),
    ended: new Set(),
    reuseDetected: new Set(),
    limitReached: new Set(),
    lateWriteRefused: new Set(),
    archived: new Set(),
    archiveRefused: new Set(),
    archiveInterrupted: new Set(),
    archiveResumed: new Set(),
    clockJumped: new Set(),
    feedGap: new Set(),
  }
  readonly #iterations = new Set<EventQueue<StoreEvent>>()
  #isClosed = false

  constructor(counters: Counters) {
    this.#counters = counters
  }

  /**
   * Adds a listener; the returned function removes it.
   * @throws SessionError `INVALID_ARGUMENT` for an event that does not exist, or a listener that is no function
   */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
    if (!Object.hasOwn(this.#listeners, name) || typeof listener !== 'function') {
      const names = Object.keys(this.#listeners).join(', ')
      throw new SessionError('INVALID_ARGUMENT', `on takes one of ${names}, and a function.`)
    }
    this.#listeners[name].add(listener)
    return () => this.#listeners[name].delete(listener)
  }

  /**
   * Everything that is told from now on, with a queue of its own.
   * @throws SessionError `OVERLOADED`
   */
  iterate(): AsyncIterator<StoreEvent, undefined> {
    if (this.#iterations.size >= ITERATIONS_LIMIT) {
      throw new SessionError('OVERLOADED', `${ITERATIONS_LIMIT} iterations over events are open.`)
    }
    const queue = new EventQueue<StoreEvent>({
      gap: (count) => Object.freeze({ name: 'dropped', count }),
      left: () => this.#iterations.delete(queue),
    })
    if (this.#isClosed) queue.end()
    else this.#iterations.add(queue)
    return queue
  }

  /** Ends each iteration, once what waits has been taken. */
  close(): void {
    this.#isClosed = true
    for (const queue of this.#iterations) queue.end()
    this.#iterations.clear()
  }

  emit<Name extends EventName>(name: Name, event: StoreEvents[Name]): void {
    Object.freeze(event)
    if (this.#iterations.size > 0) this.#queue(NAMED[name](event))
    for (const listener of this.#listeners[name]) {
      try {
        const result = listener(event)
        if (result instanceof Promise) result.catch(() => this.#counters.add('listenerFailures'))
      } catch {
        this.#counters.add('listenerFailures')
      }
    }
  }

  #queue(event: StoreEvent): void {
    Object.freeze(event)
    for (const queue of this.#iterations) {
      if (!queue.push(event)) this.#counters.add('eventsDropped')
    }
  }
}
