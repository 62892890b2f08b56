import type { Milliseconds } from '../core/index.ts'

type Taken = { readonly at: Milliseconds; readonly key: string }

/** Counts what was taken per key in the last `window`; exact, so no burst passes at a boundary. */
export class SlidingWindow {
  readonly #limit: number
  readonly #window: Milliseconds
  readonly #counts = new Map<string, number>()
  #taken: Taken[] = []
  /** Entries before this place have left the window. */
  #start = 0

  constructor(limit: number, window: Milliseconds) {
    this.#limit = limit
    this.#window = window
  }

  /** How many entries are remembered. */
  get size(): number {
    return this.#taken.length - this.#start
  }

  isFull(key: string, now: Milliseconds): boolean {
    this.#forget(now)
    return (this.#counts.get(key) ?? 0) >= this.#limit
  }

  take(key: string, now: Milliseconds): void {
    this.#taken.push({ at: now, key })
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  #forget(now: Milliseconds): void {
    let first = this.#taken[this.#start]
    while (first !== undefined && first.at <= now - this.#window) {
      this.#leave(first.key)
      this.#start += 1
      first = this.#taken[this.#start]
    }
    // Moving the rest down only when half is gone keeps the cost per entry constant.
    if (this.#start * 2 > this.#taken.length) {
      this.#taken = this.#taken.slice(this.#start)
      this.#start = 0
    }
  }

  #leave(key: string): void {
    const count = (this.#counts.get(key) ?? 0) - 1
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
  }
}
