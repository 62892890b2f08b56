import type { StoreContext } from './context.ts'
import { type ErrorCode, SessionError } from './errors.ts'
import type { Instant, Milliseconds } from './port.ts'
import type { Settler } from './settler.ts'

/** The mean time between two sweeps; each is moved by up to half of it, so that processes spread out. */
const INTERVAL_MS: Milliseconds = 4_000
const BATCH = 200
/** One is written to the archive while the next is made ready. More would only wait (docs/decisions/0099). */
const BATCHES_AT_ONCE = 2
/** Where they are so large that the engine does not answer in time, so many at least. */
const LEAST_BATCH = 5
/** Batches follow each other at once only until this much time went by; what is left waits (SECURITY T84). */
const TURN_MS: Milliseconds = 100
/** Between two turns others have theirs. */
const HURRY_MS: Milliseconds = 1
/**
 * What is no later than this is in time: a turn is one small batch and a rest, because nobody waits for it, and requests
 * wait behind it (docs/decisions/0102).
 */
const IN_TIME_MS: Milliseconds = 10_000
/** From this on there is no rest; between the two, batches grow and rests get shorter. */
const LATE_MS: Milliseconds = 20_000
const BATCH_IN_TIME = 4
/** So many times as long as its turn is a rest in time. */
const REST = 8
/**
 * A sweep comes this much after a deadline or an end: what began before it can still finish and look at the
 * data, and a clock that is a little fast here ends nothing that lives by the clock of another process.
 */
export const SETTLE_AFTER_MS: Milliseconds = 3_000
/** Clocks that drift apart by more than this between two sweeps stop them (SECURITY T50). */
const CLOCK_JUMP_MS: Milliseconds = 60_000

type Sweeps = Pick<StoreContext<unknown>, 'engine' | 'clock' | 'events' | 'counters' | 'background'>
type Settles = Pick<
  Settler<unknown>,
  'maySettle' | 'isHindered' | 'behindMs' | 'take' | 'settle' | 'noteReached' | 'stop'
>

/** How sweeping goes, in this process. */
export interface SweepHealth {
  /** When a sweep last came to its end; null before the first. */
  readonly sweptAt: Instant | null
  /** What the last one failed with; null when it did not. */
  readonly failure: ErrorCode | null
}

/**
 * Ends expired sessions and forgets ended ones, in small leased batches. Safe to run in every process at
 * once; one that dies half-way loses nothing, because a lease runs out.
 */
export class Sweeper {
  readonly #context: Sweeps
  readonly #settler: Settles
  readonly #random: () => number
  #cancel: (() => void) | null = null
  #drift: Milliseconds
  #jumped = false
  #isBehind = false
  #isStopped = false
  #batch = BATCH
  #sweptAt: Instant | null = null
  #failure: ErrorCode | null = null

  constructor(context: Sweeps, settler: Settles, random: () => number = Math.random) {
    this.#context = context
    this.#settler = settler
    this.#random = random
    this.#drift = this.#driftNow()
  }

  start(interval: Milliseconds = INTERVAL_MS): void {
    if (!this.#context.engine.traits.keepsDue) return
    const delay = interval * (0.5 + this.#random())
    this.#cancel = this.#context.clock.after(delay, () => {
      this.#context.background.once('sweep', () => this.#turn())
    })
  }

  /** What is under way is finished, and no more is begun. */
  stop(): void {
    this.#isStopped = true
    this.#settler.stop()
    this.#cancel?.()
    this.#cancel = null
  }

  /** When a sweep last came to its end, and what the last one failed with. */
  get health(): SweepHealth {
    return { sweptAt: this.#sweptAt, failure: this.#failure }
  }

  /** Takes the wall clock as it is now for right, after it jumped. */
  trustClock(): void {
    this.#drift = this.#driftNow()
    this.#jumped = false
  }

  /** Settles what is due; how many records it settled. Stops early at the end of its turn. */
  sweep(): Promise<number> {
    return this.#sweep(BATCH, TURN_MS)
  }

  async #sweep(most: number, turn: Milliseconds): Promise<number> {
    if (!this.#context.engine.traits.keepsDue || this.#clockHasJumped()) return 0
    try {
      const settled = (await this.#settler.maySettle()) ? await this.#settleDue(most, turn) : 0
      this.#batch = Math.min(BATCH, this.#batch * 2)
      this.#sweptAt = this.#context.clock.now()
      this.#failure = null
      return settled
    } catch (error) {
      // Large sessions may be too many for one answer.
      this.#batch = Math.max(LEAST_BATCH, Math.floor(Math.min(most, this.#batch) / 2))
      this.#failure = error instanceof SessionError ? error.code : 'ENGINE_UNAVAILABLE'
      throw error
    }
  }

  /** Batches of at most so many, and no further one when the turn is over. */
  async #settleDue(most: number, turn: Milliseconds): Promise<number> {
    const { clock } = this.#context
    const beganAt = clock.monotonic()
    const batch = Math.min(most, this.#batch)
    const running = new Batches()
    for (let goesOn = !this.#isStopped; goesOn; ) {
      await running.fewerThan(BATCHES_AT_ONCE)
      const { due, failure } = await this.#settler.take(clock.now() - SETTLE_AFTER_MS, batch)
      if (failure !== null) running.fail(failure.error)
      this.#isBehind = due.length === batch
      this.#settler.noteReached(this.#isBehind ? (due.at(-1) ?? null) : null)
      running.add(this.#settler.settle(due))
      goesOn = this.#isBehind && clock.monotonic() - beganAt < turn && !this.#isStopped
    }
    return running.settled()
  }

  async #turn(): Promise<void> {
    const { clock, counters } = this.#context
    const beganAt = clock.monotonic()
    this.#isBehind = false
    try {
      await (this.#patience > 0 ? this.#sweep(this.#batchInTime, 0) : this.sweep())
    } catch {
      counters.add('sweepFailures')
    }
    if (this.#cancel === null) return
    const rest = Math.max(HURRY_MS, (clock.monotonic() - beganAt) * REST * this.#patience)
    const mayHurry = this.#isBehind && !this.#settler.isHindered
    this.start(mayHurry ? Math.min(rest, INTERVAL_MS) : INTERVAL_MS)
  }

  /** 1 while what is due is in time, 0 when it is late. */
  get #patience(): number {
    const late = (this.#settler.behindMs - IN_TIME_MS) / (LATE_MS - IN_TIME_MS)
    return 1 - Math.max(0, Math.min(1, late))
  }

  get #batchInTime(): number {
    return Math.round(BATCH * (BATCH_IN_TIME / BATCH) ** this.#patience)
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

/** Batches under way, and what came of them. */
class Batches {
  readonly #running = new Set<Promise<void>>()
  #settled = 0
  #failure: { readonly error: unknown } | null = null

  add(work: Promise<number>): void {
    const done: Promise<void> = this.#follow(work).finally(() => this.#running.delete(done))
    this.#running.add(done)
  }

  /** What came of it is thrown when all are through. */
  fail(error: unknown): void {
    this.#failure ??= { error }
  }

  async fewerThan(count: number): Promise<void> {
    while (this.#running.size >= count) await Promise.race(this.#running)
  }

  /** How many records they settled; throws what the first one failed with. */
  async settled(): Promise<number> {
    await this.fewerThan(1)
    if (this.#failure !== null) throw this.#failure.error
    return this.#settled
  }

  async #follow(work: Promise<number>): Promise<void> {
    try {
      const count = await work
      this.#settled += count
    } catch (error) {
      this.fail(error)
    }
  }
}
