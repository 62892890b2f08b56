import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How long the event loop took from one tick of 1 ms to the next. In milliseconds. */
export interface LoopGaps {
  /** By the clock on the wall, the tick itself included. */
  readonly gaps: readonly number[]
  /** What the thread of the loop worked in each of them, without what it waited for a core; empty but on Linux. */
  readonly busy: readonly number[]
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
  readonly #clock = new ThreadClock()
  readonly #gaps: number[] = []
  readonly #busy: number[] = []
  #lastAt = performance.now()
  #workedMs = this.#clock.worked()
  readonly #timer = setInterval(() => this.#tick(), TICK_MS)

  constructor() {
    this.#histogram.enable()
  }

  stop(): LoopGaps {
    clearInterval(this.#timer)
    this.#histogram.disable()
    this.#tick()
    this.#clock.close()
    const monitorP99 = this.#histogram.count > 0 ? this.#histogram.percentile(99) / 1e6 : null
    return { gaps: this.#gaps, busy: this.#busy, monitorP99 }
  }

  #tick(): void {
    const now = performance.now()
    const worked = this.#clock.worked()
    this.#gaps.push(Number((now - this.#lastAt).toFixed(3)))
    if (worked !== null && this.#workedMs !== null) {
      this.#busy.push(Number((worked - this.#workedMs).toFixed(3)))
    }
    this.#lastAt = now
    this.#workedMs = worked
  }
}

/** A probe that begins after a while. */
export class LateProbe {
  readonly #madeAt = performance.now()
  #probe: LoopProbe | null = null
  readonly #timer: NodeJS.Timeout

  constructor(delayMs: number) {
    this.#timer = setTimeout(() => {
      this.#probe = new LoopProbe()
    }, delayMs)
  }

  /** A loop that did not turn even once has one gap, as long as all of it. */
  stop(): LoopGaps {
    clearTimeout(this.#timer)
    return this.#probe?.stop() ?? { gaps: [performance.now() - this.#madeAt], busy: [], monitorP99: null }
  }
}

/** The processor's time of the main thread, as the scheduler of Linux counts it. */
class ThreadClock {
  readonly #file: number | null
  readonly #text = Buffer.alloc(64)

  constructor() {
    const path = `/proc/self/task/${process.pid}/schedstat`
    this.#file = existsSync(path) ? openSync(path, 'r') : null
  }

  /** Milliseconds since the thread began; null where nobody counts them. */
  worked(): number | null {
    if (this.#file === null) return null
    const length = readSync(this.#file, this.#text, 0, this.#text.byteLength, 0)
    return Number.parseInt(this.#text.toString('latin1', 0, length), 10) / 1e6
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file)
  }
}
