import type { StoreContext } from './context.ts'
import { SessionError } from './errors.ts'
import type { Milliseconds, SessionId } from './port.ts'

/** How often watched sessions are looked at: an end in another process is seen within a second (T62). */
const LOOK_EVERY_MS: Milliseconds = 500
const IDS_PER_READ = 1_000
const WATCHERS_LIMIT = 100_000

type Watches = Pick<StoreContext<unknown>, 'clock' | 'events' | 'records' | 'counters' | 'background'>

interface Watch {
  readonly id: SessionId
  readonly onEnded: () => unknown
}

/**
 * Tells whoever holds a socket or a stream open that its session has ended. An end in this process is told
 * at once; one in another process by looking, which no lost message can break. What a feed tells only makes it look
 * sooner: a message alone ends nothing.
 */
export class Watcher {
  readonly #context: Watches
  readonly #watches = new Map<SessionId, Set<Watch>>()
  /** What is to be looked at without waiting for the next turn. */
  readonly #hinted = new Set<SessionId>()
  #isLooking = false
  #count = 0
  #cancel: (() => void) | null = null
  #stopped = false

  constructor(context: Watches) {
    this.#context = context
    context.events.on('ended', ({ id, remote }) => (remote === true ? this.#lookSoon([id]) : this.#tell(id)))
    context.events.on('feedGap', () => this.#lookSoon(this.#watches.keys()))
  }

  /** Calls `onEnded` once when the session ends, however it ends. The returned function stops watching. */
  watch(id: SessionId, onEnded: () => unknown): () => void {
    if (this.#count >= WATCHERS_LIMIT) {
      throw new SessionError('OVERLOADED', `${WATCHERS_LIMIT} watches are open.`)
    }
    const watch = { id, onEnded }
    const watches = this.#watches.get(id) ?? new Set()
    this.#watches.set(id, watches.add(watch))
    this.#count += 1
    this.#schedule()
    return () => void this.#forget(watch)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#watches.clear()
    this.#hinted.clear()
  }

  #schedule(): void {
    if (this.#cancel !== null || this.#stopped || this.#watches.size === 0) return
    this.#cancel = this.#context.clock.after(LOOK_EVERY_MS, () => {
      this.#context.background.once('watch', () => this.#look())
    })
  }

  async #look(): Promise<void> {
    const ids = [...this.#watches.keys()]
    for (let start = 0; start < ids.length; start += IDS_PER_READ) {
      try {
        await this.#lookAt(ids.slice(start, start + IDS_PER_READ))
      } catch {
        this.#context.counters.add('backgroundFailures')
      }
    }
    this.#cancel = null
    this.#schedule()
  }

  /** One at a time, so that however much is told there is one read under way; in what is told twice, one id. */
  #lookSoon(ids: Iterable<SessionId>): void {
    for (const id of ids) if (this.#watches.has(id)) this.#hinted.add(id)
    if (this.#hinted.size === 0 || this.#isLooking) return
    this.#isLooking = true
    this.#context.background.track(this.#lookAtHinted())
  }

  async #lookAtHinted(): Promise<void> {
    // All that comes in this turn shares a read.
    await null
    while (this.#hinted.size > 0) {
      const ids = [...this.#hinted].slice(0, IDS_PER_READ)
      for (const id of ids) this.#hinted.delete(id)
      await this.#lookAt(ids).catch(() => this.#context.counters.add('backgroundFailures'))
    }
    this.#isLooking = false
  }

  async #lookAt(ids: readonly SessionId[]): Promise<void> {
    const found = await this.#context.records.read(ids)
    const now = this.#context.clock.now()
    for (const [index, id] of ids.entries()) {
      const record = found[index]
      if (!record || !this.#context.records.isLive(record, now)) this.#tell(id)
    }
  }

  #tell(id: SessionId): void {
    for (const watch of this.#watches.get(id) ?? []) if (this.#forget(watch)) this.#call(watch)
  }

  /** Whether it was still there: each watch is told once. */
  #forget(watch: Watch): boolean {
    const watches = this.#watches.get(watch.id)
    if (watches === undefined || !watches.delete(watch)) return false
    if (watches.size === 0) this.#watches.delete(watch.id)
    this.#count -= 1
    return true
  }

  #call({ onEnded }: Watch): void {
    const failed = (): void => this.#context.counters.add('listenerFailures')
    try {
      const result = onEnded()
      if (result instanceof Promise) result.catch(failed)
    } catch {
      failed()
    }
  }
}
