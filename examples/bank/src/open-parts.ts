/** What was opened one after the other, and is closed the other way round. */
export class OpenParts {
  readonly #closers: (() => Promise<unknown>)[] = []

  /** Notes what closes a part that was opened. */
  add(close: () => Promise<unknown>): void {
    this.#closers.push(close)
  }

  /** Closes all, also when one of them fails; then it rejects with the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      await close().catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  }
}
