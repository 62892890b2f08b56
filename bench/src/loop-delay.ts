import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How long the event loop took from one tick of 1 ms to the next. In milliseconds, the tick itself included. */
export interface LoopGaps {
  readonly gaps: readonly number[]
  /** What `monitorEventLoopDelay` makes of the same time, as a check; null for a loop that never turned. */
  readonly monitorP99: number | null
}

const TICK_MS = 1

/**
 * Watches the event loop of this process. `monitorEventLoopDelay` is not enough: its ticks cannot be put
 * together with those of another round, it shows nothing for a loop that never turned, and it counts a tick once
 * however long it was, so that one gap of a second weighs as much as one of a millisecond.
 */
export class LoopProbe {
  readonly #histogram = monitorEventLoopDelay({ resolution: TICK_MS })
  readonly #gaps: number[] = []
  #lastAt = performance.now()
  readonly #timer = setInterval(() => this.#tick(), TICK_MS)

  constructor() {
    this.#histogram.enable()
  }

  stop(): LoopGaps {
    clearInterval(this.#timer)
    this.#histogram.disable()
    this.#tick()
    const monitorP99 = this.#histogram.count > 0 ? this.#histogram.percentile(99) / 1e6 : null
    return { gaps: this.#gaps, monitorP99 }
  }

  #tick(): void {
    const now = performance.now()
    this.#gaps.push(Number((now - this.#lastAt).toFixed(3)))
    this.#lastAt = now
  }
}
