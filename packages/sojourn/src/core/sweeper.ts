import type { StoreContext } from './context.ts'
import { endRecord } from './ending.ts'
import { expiryReason } from './lifetime.ts'
import { type EndReason, type Instant, type Milliseconds, type SessionRecord, TOMBSTONE_MS } from './port.ts'

/** The mean time between two sweeps; each is moved by up to half of it, so that processes spread out. */
const INTERVAL_MS: Milliseconds = 5_000
const BATCH = 100
/** Batches follow each other at once only until this much time went by; the rest waits (SECURITY T84). */
const TURN_MS: Milliseconds = 100
/**
 * A sweep comes this much after a deadline or an end: what began before it can still finish and look at the
 * data, and a clock that is a little fast here ends nothing that lives by the clock of another process.
 */
export const SETTLE_AFTER_MS: Milliseconds = 5_000
/** Clocks that drift apart by more than this between two sweeps stop them (SECURITY T50). */
const CLOCK_JUMP_MS: Milliseconds = 60_000

type Sweeps = Pick<
  StoreContext<unknown>,
  'engine' | 'clock' | 'events' | 'counters' | 'background' | 'records'
>

/**
 * Ends expired sessions and forgets ended ones, in small leased batches. Safe to run in every process at
 * once; one that dies half-way loses nothing, because a lease runs out.
 */
export class Sweeper {
  readonly #context: Sweeps
  readonly #random: () => number
  #cancel: (() => void) | null = null
  #drift: Milliseconds
  #jumped = false

  constructor(context: Sweeps, random: () => number = Math.random) {
    this.#context = context
    this.#random = random
    this.#drift = this.#driftNow()
  }

  start(): void {
    if (!this.#context.engine.traits.keepsDue) return
    const delay = INTERVAL_MS * (0.5 + this.#random())
    this.#cancel = this.#context.clock.after(delay, () => {
      this.#context.background.once('sweep', () => this.#turn())
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  /** Takes the wall clock as it is now for right, after it jumped. */
  trustClock(): void {
    this.#drift = this.#driftNow()
    this.#jumped = false
  }

  /** Settles what is due; how many records it settled. Stops early at the end of its turn. */
  async sweep(): Promise<number> {
    const { clock, engine } = this.#context
    if (!engine.traits.keepsDue || this.#clockHasJumped()) return 0
    const until = clock.monotonic() + TURN_MS
    let settled = 0
    for (let full = true; full && clock.monotonic() <= until; ) {
      const due = await engine.due(clock.now() - SETTLE_AFTER_MS, BATCH)
      await this.#settleAll(due)
      settled += due.length
      full = due.length === BATCH
    }
    return settled
  }

  async #turn(): Promise<void> {
    try {
      await this.sweep()
    } catch {
      this.#context.counters.add('sweepFailures')
    }
    if (this.#cancel !== null) this.start()
  }

  /** One that fails does not hold up the others; its lease runs out, and it comes again. */
  async #settleAll(records: readonly SessionRecord[]): Promise<void> {
    const work = records.map((record) => this.#settle(record))
    await Promise.allSettled(work)
    await Promise.all(work)
  }

  async #settle(record: SessionRecord): Promise<void> {
    const { clock, engine } = this.#context
    const at: Instant = record.ended?.at ?? record.expiresAt
    if (record.ended === null) await endRecord(this.#context, record, this.#reasonOf(record), at)
    const keepUntil = at + TOMBSTONE_MS
    await engine.settle(record.id, keepUntil > clock.now() ? keepUntil : null)
  }

  #reasonOf(record: SessionRecord): EndReason {
    return this.#context.records.isCutOff(record) ? 'revoked' : expiryReason(record)
  }

  /**
   * A clock that was set forward must not make the sweep forget a whole store. Compared with the sweep
   * before, because over weeks any two clocks drift apart.
   */
  #clockHasJumped(): boolean {
    const drift = this.#driftNow()
    const byMs = drift - this.#drift
    const hasJumped = Math.abs(byMs) > CLOCK_JUMP_MS
    if (hasJumped && !this.#jumped) {
      this.#context.events.emit('clockJumped', { at: this.#context.clock.now(), byMs })
    }
    if (!hasJumped) this.#drift = drift
    this.#jumped = hasJumped
    return hasJumped
  }

  #driftNow(): Milliseconds {
    return this.#context.clock.now() - this.#context.clock.monotonic()
  }
}
