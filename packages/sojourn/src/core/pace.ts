import type { Clock } from './clock.ts'
import type { Milliseconds } from './port.ts'

/**
 * So many verbs go to an engine together, and so many such portions at once. A request that comes meanwhile waits
 * for no more than these, at the engine and in this process (docs/decisions/0099).
 */
const PORTION = 32
const PORTIONS_AT_ONCE = 2
/** Work without a pause that nobody notices who waits for the event loop. */
const BREATH_MS: Milliseconds = 0.25

/** Lets whoever else needs the event loop or the engine in between the work of a settler (SECURITY T84). */
export class Pace {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #waiting: (() => void)[] = []
  #running = 0
  #breathedAt: Milliseconds = Number.NEGATIVE_INFINITY

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** Does the work for each, in portions that other callers of this share; what came of each, in order. */
  async each<Item>(
    items: readonly Item[],
    work: (item: Item) => Promise<unknown>,
  ): Promise<PromiseSettledResult<unknown>[]> {
    const outcomes: PromiseSettledResult<unknown>[] = []
    for (let start = 0; start < items.length; start += PORTION) {
      await this.#begin()
      outcomes.push(...(await Promise.allSettled(items.slice(start, start + PORTION).map(work))))
      // Its place is free when the event loop has turned once.
      setImmediate(() => this.#end())
    }
    return outcomes
  }

  /** Whether it is time for `breathe`: asked between pieces of work, because most need no pause. */
  get isLong(): boolean {
    return this.#clock.monotonic() - this.#breathedAt >= BREATH_MS
  }

  /** Others have their turn of the event loop. */
  async breathe(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#breathedAt = this.#clock.monotonic()
  }

  async #begin(): Promise<void> {
    if (this.#running >= PORTIONS_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running += 1
  }

  /** Gives its place to whoever has waited longest. */
  #end(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }
}
