import type { Clock } from '../../core/clock.ts'
import { redacted, SessionError } from '../../core/errors.ts'
import type { Instant, Milliseconds } from '../../core/port.ts'
import type { Invalidations } from '../invalidations.ts'

/** How often in one bound it is asked: the answer may take three quarters of the bound without a gap. */
const BEATS_PER_BOUND = 4
/** Silent for so many bounds, a connection is given up. A lost packet is sent again long before. */
const SILENT_BOUNDS = 3

interface Moment {
  readonly at: Milliseconds
  readonly now: Instant
}

/**
 * Whether what is cached may be served: only while it is known that all writes up to a moment not longer ago
 * than the bound have been heard of. A connection that is open and silent says nothing; only an answer counts,
 * and it counts from when it was asked for.
 */
export class Freshness {
  readonly #invalidations: Invalidations
  readonly #clock: Clock
  readonly #staleMs: Milliseconds
  #confirmed: Moment | null = null
  #asked: Moment | null = null
  #losses = 0
  #failure: Error | null = null
  #cancel: () => void = () => undefined
  #stopped = false

  constructor(invalidations: Invalidations, clock: Clock, staleMs: Milliseconds) {
    this.#invalidations = invalidations
    this.#clock = clock
    this.#staleMs = staleMs
  }

  /** Why the last question got no answer; null when it got one. */
  get failure(): Error | null {
    return this.#failure
  }

  /** Whether every write from now on will be told, or its loss will be. */
  get isListening(): boolean {
    return this.#confirmed !== null
  }

  /**
   * By both clocks: the monotonic one stands still while a machine is suspended, the other one can be set.
   */
  get isFresh(): boolean {
    const confirmed = this.#confirmed
    if (confirmed === null) return false
    const age = this.#clock.monotonic() - confirmed.at
    return age < this.#staleMs && Math.abs(this.#clock.now() - confirmed.now) < this.#staleMs
  }

  start(): void {
    this.#beat()
  }

  lost(): void {
    this.#losses += 1
    this.#confirmed = null
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #beat(): void {
    if (this.#stopped) return
    this.#cancel = this.#clock.after(this.#staleMs / BEATS_PER_BOUND, () => this.#beat())
    if (this.#asked === null) void this.#ask()
    else if (this.#clock.monotonic() - this.#asked.at > SILENT_BOUNDS * this.#staleMs) {
      this.#invalidations.abandon()
    }
  }

  async #ask(): Promise<void> {
    const asked = { at: this.#clock.monotonic(), now: this.#clock.now() }
    const losses = this.#losses
    this.#asked = asked
    try {
      await this.#invalidations.confirm()
      if (losses !== this.#losses || this.#stopped) return
      this.#confirmed = asked
      this.#failure = null
    } catch (error) {
      // Not confirmed: nothing is served when the bound is over, and the next beat asks again.
      this.#failure = error instanceof SessionError ? error : redacted(error)
    } finally {
      this.#asked = null
    }
  }
}
