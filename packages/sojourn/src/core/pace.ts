import type { Clock } from './clock.ts'
import type { EngineTraits, Milliseconds } from './port.ts'

/**
 * So many verbs go to an engine together, by who shares it, and so many such portions at once. What is asked meanwhile
 * waits behind them: at a server for each, in this host's files for a commit that all of them share
 * (docs/decisions/0099).
 */
const PORTIONS = { process: 32, host: 32, network: 8 } as const satisfies Record<
  EngineTraits['sharedBy'],
  number
>
const PORTIONS_AT_ONCE = 2
/** Work without a pause that nobody notices who waits for the event loop. */
const BREATH_MS: Milliseconds = 0.25

/** Lets whoever else needs the event loop or the engine in between the work of a settler (SECURITY T84). */
export class Pace {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #portion: number
  readonly #waiting: (() => void)[] = []
  #running = 0
  #breathedAt: Milliseconds = Number.NEGATIVE_INFINITY

  constructor(clock: Pick<Clock, 'monotonic'>, { sharedBy }: Pick<EngineTraits, 'sharedBy'>) {
    this.#clock = clock
    this.#portion = PORTIONS[sharedBy]
  }

  /** Does the work for each, in portions that other callers of this share; what came of each, in order. */
  async each<Item>(
    items: readonly Item[],
    work: (item: Item) => Promise<unknown>,
  ): Promise<PromiseSettledResult<unknown>[]> {
    const outcomes: PromiseSettledResult<unknown>[] = []
    for (let start = 0; start < items.length; start += this.#portion) {
      await this.#begin()
      outcomes.push(...(await Promise.allSettled(items.slice(start, start + this.#portion).map(work))))
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
