import type { Counters } from './counters.ts'
import { SessionError } from './errors.ts'
import type { EndReason, Instant, SessionId } from './port.ts'

type Base = { readonly at: Instant; readonly id: SessionId; readonly userId: string | null }

/** What a store tells its listeners, by name. No event holds a token, a secret or session data. */
export interface StoreEvents {
  created: Base
  rotated: Base
  /** Log-in again in a live session. */
  reauthenticated: Base
  /** Once for each session, in the process that ended it; by expiry only where the engine keeps what is due. */
  ended: Base & { readonly reason: EndReason }
  /** A retired secret was presented after its grace: the session is ended, thief and victim are out. */
  reuseDetected: Base
  /** A log-in was refused because the user's limit is reached. */
  limitReached: { readonly at: Instant; readonly userId: string }
  /** The wall clock jumped: the sweep has stopped, see `trustClock`. */
  clockJumped: { readonly at: Instant; readonly byMs: number }
}

export type EventName = keyof StoreEvents
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
    clockJumped: new Set(),
  }

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

  emit<Name extends EventName>(name: Name, event: StoreEvents[Name]): void {
    Object.freeze(event)
    for (const listener of this.#listeners[name]) {
      try {
        const result = listener(event)
        if (result instanceof Promise) result.catch(() => this.#counters.add('listenerFailures'))
      } catch {
        this.#counters.add('listenerFailures')
      }
    }
  }
}
