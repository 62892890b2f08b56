import type { Counters } from './counters.ts'

/** Work off the caller's path, such as a touch: it never fails a request and never kills the process (T48). */
export class Background {
  readonly #counters: Counters
  readonly #keys = new Set<string>()
  readonly #running = new Set<Promise<void>>()

  constructor(counters: Counters) {
    this.#counters = counters
  }

  /** Runs `task`, unless one of the same key is running. */
  once(key: string, task: () => Promise<unknown>): void {
    if (this.#keys.has(key)) return
    this.#keys.add(key)
    this.track(this.#keyed(key, task))
  }

  /** Takes over a promise that nobody awaits. */
  track(work: Promise<unknown>): void {
    const done: Promise<void> = work.then(
      () => this.#done(done),
      () => {
        this.#counters.add('backgroundFailures')
        this.#done(done)
      },
    )
    this.#running.add(done)
  }

  /** Resolves when nothing runs any more. */
  async drain(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async #keyed(key: string, task: () => Promise<unknown>): Promise<void> {
    try {
      await task()
    } finally {
      this.#keys.delete(key)
    }
  }

  #done(work: Promise<void>): void {
    this.#running.delete(work)
  }
}
