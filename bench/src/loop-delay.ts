import { monitorEventLoopDelay } from 'node:perf_hooks'
import { feltP99 } from './statistics.ts'

/** In milliseconds. */
export interface LoopDelay {
  /** As `monitorEventLoopDelay` gives it: of its ticks, each counted once however long it was, the 99th of 100. */
  readonly p99: number
  /** The wait that a request meets with a chance of 1 in 100 if it comes at any instant: long gaps count more. */
  readonly felt: number
  readonly max: number
}

const TICK_MS = 1

/** How long the event loop was busy with one turn. Both measures hold the tick of 1 ms itself. */
export class LoopProbe {
  readonly #histogram = monitorEventLoopDelay({ resolution: TICK_MS })
  readonly #gaps: number[] = []
  #lastAt = performance.now()
  readonly #timer = setInterval(() => this.#tick(), TICK_MS)

  constructor() {
    this.#histogram.enable()
  }

  /** A loop that never turned has one gap, as long as the whole measurement. */
  stop(): LoopDelay {
    clearInterval(this.#timer)
    this.#histogram.disable()
    this.#tick()
    const max = Math.max(...this.#gaps)
    const p99 = this.#histogram.count > 0 ? this.#histogram.percentile(99) / 1e6 : max
    return { p99, felt: feltP99(this.#gaps), max }
  }

  #tick(): void {
    const now = performance.now()
    this.#gaps.push(now - this.#lastAt)
    this.#lastAt = now
  }
}
