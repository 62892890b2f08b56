import type { Clock } from './clock.ts'
import type { Instant, Milliseconds } from './port.ts'

interface Timer {
  readonly at: Milliseconds
  readonly task: () => void
}

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  #now: Instant
  #monotonic: Milliseconds = 1_000_000
  readonly #timers = new Set<Timer>()

  constructor(now: Instant = 1_800_000_000_000) {
    this.#now = now
  }

  now(): Instant {
    return this.#now
  }

  monotonic(): Milliseconds {
    return this.#monotonic
  }

  after(delay: Milliseconds, task: () => void): () => void {
    // Whole milliseconds, as the wall clock of a machine tells them.
    const timer = { at: this.#monotonic + Math.max(0, Math.ceil(delay)), task }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** How many timers are armed. */
  get armed(): number {
    return this.#timers.size
  }

  /** Time goes by, and each timer that falls due runs at its own instant. */
  advance(by: Milliseconds): void {
    const end = this.#monotonic + by
    for (let timer = this.#firstUntil(end); timer !== null; timer = this.#firstUntil(end)) {
      this.#timers.delete(timer)
      this.#moveTo(Math.max(this.#monotonic, timer.at))
      timer.task()
    }
    this.#moveTo(end)
  }

  /** Somebody sets the wall clock: `now` jumps, no time goes by. */
  jump(by: Milliseconds): void {
    this.#now += by
  }

  #moveTo(at: Milliseconds): void {
    this.#now += at - this.#monotonic
    this.#monotonic = at
  }

  #firstUntil(end: Milliseconds): Timer | null {
    let first: Timer | null = null
    for (const timer of this.#timers) {
      if (timer.at <= end && (first === null || timer.at < first.at)) first = timer
    }
    return first
  }
}
