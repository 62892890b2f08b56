import type { Clock, Milliseconds } from '../core/index.ts'

interface Timer {
  readonly at: Milliseconds
  readonly task: () => void
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: Milliseconds
  #timers: Timer[] = []

  constructor(now: Milliseconds = 1_700_000_000_000) {
    this.#now = now
  }

  now(): Milliseconds {
    return this.#now
  }

  monotonic(): Milliseconds {
    return this.#now
  }

  after(delay: Milliseconds, task: () => void): () => void {
    const timer = { at: this.#now + delay, task }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Moves time on and runs what is due. */
  advance(by: Milliseconds): void {
    this.#now += by
    const due = this.#timers.filter(({ at }) => at <= this.#now)
    this.#timers = this.#timers.filter(({ at }) => at > this.#now)
    for (const { task } of due) task()
  }
}
