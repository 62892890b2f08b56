import type { Clock } from 'sojourn'

interface Timer {
  readonly dueAt: number
  readonly task: () => void
  readonly handle: NodeJS.Timeout
}

const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * A clock that can be held while sessions are made, and moved: what is due then needs no waiting. Otherwise it goes
 * as the real one does, or so many times as fast.
 */
export class BenchClock implements Clock {
  readonly #speed: number
  readonly #epoch = Date.now()
  readonly #timers = new Set<Timer>()
  /** Where it stood at the real instant `#since`; it stays there while that is null. */
  #position = 0
  #since: number | null = performance.now()

  constructor(speed = 1) {
    this.#speed = speed
  }

  now(): number {
    return Math.floor(this.#epoch + this.monotonic())
  }

  monotonic(): number {
    const gone = this.#since === null ? 0 : (performance.now() - this.#since) * this.#speed
    return this.#position + gone
  }

  after(delay: number, task: () => void): () => void {
    const handle = setTimeout(() => run(), Math.min(delay / this.#speed, LONGEST_TIMER_MS)).unref()
    const timer = { dueAt: this.monotonic() + delay, task, handle }
    const run = () => this.#run(timer)
    this.#timers.add(timer)
    return () => this.#cancel(timer)
  }

  hold(): void {
    this.#position = this.monotonic()
    this.#since = null
  }

  /** Moves a clock that is held, or that goes. */
  advance(ms: number): void {
    this.#position += ms
    if (this.#since !== null) this.#runDue()
  }

  /** It goes again, and what fell due meanwhile runs at once. */
  release(): void {
    this.#since ??= performance.now()
    this.#runDue()
  }

  #runDue(): void {
    const now = this.monotonic()
    for (const timer of [...this.#timers]) if (timer.dueAt <= now) this.#run(timer)
  }

  #run(timer: Timer): void {
    if (!this.#timers.has(timer)) return
    this.#cancel(timer)
    timer.task()
  }

  #cancel(timer: Timer): void {
    clearTimeout(timer.handle)
    this.#timers.delete(timer)
  }
}
