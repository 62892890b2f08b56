import { type Activity, afterActivity, throttleOf } from './activity.ts'
import type { StoreContext } from './context.ts'
import { SessionError } from './errors.ts'
import { isHandedOver } from './foreign-succession.ts'
import { CLOCK_SKEW_MS, type Instant, type SessionId, type SessionRecord } from './port.ts'

const CONFLICT_RETRIES = 8
/** So many deadlines may wait in a process; one more is written at once. */
const WAITING_LIMIT = 10_000

type Uses = Pick<StoreContext<unknown>, 'engine' | 'records' | 'clock' | 'background' | 'counters'>

interface Waiting {
  readonly use: Activity
  readonly cancel: () => void
}

/**
 * Moves the deadlines of foreign sessions, each at most once in its throttle: what comes sooner waits until that is
 * over, and is then written, so that no session expires early (CONTRACTS L13). An earlier deadline is written at once.
 */
export class ForeignDeadlines {
  readonly #context: Uses
  readonly #waiting = new Map<SessionId, Waiting>()

  constructor(context: Uses) {
    this.#context = context
  }

  /**
   * A use by whoever knows of the one at `seenAt`: it came later, also where that was told by a clock that is ahead, by
   * `CLOCK_SKEW_MS` at most. The time that it gives stays the same, so that the session may end later than it says, by
   * the difference of the clocks.
   */
  after(seenAt: Instant, use: Activity): Activity {
    const now = this.#context.clock.now()
    const usedAt = use.seenAt > Math.max(now, seenAt) ? now : Math.max(0, use.seenAt)
    const behind = seenAt - usedAt
    // What came so much earlier is an earlier use, and no clock that differs.
    const ahead = behind > 0 && behind <= CLOCK_SKEW_MS ? behind : 0
    return { seenAt: usedAt + ahead, expiresAt: use.expiresAt + ahead }
  }

  /** Counts a use of a session; false when it is known to have ended. */
  async move(record: SessionRecord, use: Activity): Promise<boolean> {
    const next = afterActivity(record, use)
    if (next.expiresAt < record.expiresAt) return this.#shorten(record, use)
    const isLater = next.expiresAt > record.expiresAt || next.seenAt > record.seenAt
    if (!isLater) return true
    const throttle = throttleOf(next)
    const isDue = next.expiresAt - record.expiresAt >= throttle || next.seenAt - record.seenAt >= throttle
    if (isDue || this.#isFull(record.id)) return this.#write(record.id, next)
    this.#wait(record, next)
    return true
  }

  /** The same, stored when it resolves: for a value that was written with its deadline. */
  async moveNow(record: SessionRecord, use: Activity): Promise<boolean> {
    const next = afterActivity(record, use)
    return next.expiresAt < record.expiresAt ? this.#shorten(record, use) : this.#write(record.id, next)
  }

  /** For a session whose deadline was written with its data, or that has ended: what waits is older. */
  forget(id: SessionId): void {
    this.#waiting.get(id)?.cancel()
    this.#waiting.delete(id)
  }

  /** Writes what waits. */
  flush(): void {
    for (const id of [...this.#waiting.keys()]) this.#due(id)
  }

  #isFull(id: SessionId): boolean {
    return this.#waiting.size >= WAITING_LIMIT && !this.#waiting.has(id)
  }

  #write(id: SessionId, { seenAt, expiresAt }: Activity): Promise<boolean> {
    this.forget(id)
    return this.#context.engine.touch(id, seenAt, expiresAt)
  }

  #wait(record: SessionRecord, use: Activity): void {
    const { id } = record
    const waiting = this.#waiting.get(id)
    if (waiting !== undefined) {
      if (use.seenAt >= waiting.use.seenAt) this.#waiting.set(id, { ...waiting, use })
      return
    }
    const delay = record.seenAt + throttleOf(record) - this.#context.clock.now()
    const cancel = this.#context.clock.after(Math.max(0, delay), () => this.#due(id))
    this.#waiting.set(id, { use, cancel })
  }

  #due(id: SessionId): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.forget(id)
    this.#context.background.once(`deadline ${id}`, () => this.#late(id, waiting.use))
  }

  /** Reads first: another process may have made it shorter since, and a touch only makes it longer. */
  async #late(id: SessionId, use: Activity): Promise<void> {
    const { engine, records, clock } = this.#context
    const record = await records.readOne(id)
    if (record === null || !records.isLive(record, clock.now())) return
    const { seenAt, expiresAt } = afterActivity(record, use)
    if (expiresAt > record.expiresAt) await engine.touch(id, seenAt, expiresAt)
  }

  /** A touch never moves a deadline back, so the record is written anew. */
  async #shorten(record: SessionRecord, use: Activity): Promise<boolean> {
    this.forget(record.id)
    const { engine, clock, counters } = this.#context
    let stored = record
    for (let attempt = 0; attempt <= CONFLICT_RETRIES; attempt += 1) {
      const next = { ...stored, ...afterActivity(stored, use), version: stored.version + 1 }
      const replaced = await engine.replace(next, stored.version, clock.now())
      if (replaced.outcome !== 'conflict') return replaced.outcome === 'done'
      if (isHandedOver(replaced.current)) return false
      counters.add('conflicts')
      stored = replaced.current
    }
    throw new SessionError('CONFLICT', `${CONFLICT_RETRIES} tries lost.`)
  }
}
