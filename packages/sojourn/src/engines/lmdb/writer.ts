import { SessionError } from '../../core/errors.ts'
import type { Environment } from './environment.ts'
import { readFailure } from './failures.ts'
import type { Holder } from './holder.ts'
import type { KeyValue } from './key-value.ts'

/** What a verb may do, and know, while it has the store to itself. */
export interface Transaction {
  readonly store: KeyValue
  /** Live data takes `maxBytes`: no more may be added. */
  readonly isFull: boolean
}

/** One verb, waiting for the next commit. */
interface Job {
  /** Within the write transaction: does the work and keeps its outcome. */
  attempt(transaction: Transaction): void
  /** After the commit. */
  settle(): void
  fail(error: unknown): void
}

/**
 * The most verbs of one commit. All of them run in one turn of the event loop: more would be faster together,
 * and would hold up every request for longer (docs/decisions/0010).
 */
const BATCH = 64
const ATTEMPTS = 100

/** Runs verbs in write transactions: as many as wait share one commit, and its cost. */
export class Writer {
  readonly #holder: Holder
  readonly #maxBytes: number
  readonly #jobs: Job[] = []
  #draining: Promise<void> | null = null

  constructor(holder: Holder, maxBytes: number) {
    this.#holder = holder
    this.#maxBytes = maxBytes
  }

  /**
   * Does `work` alone in the store, and resolves when what it wrote is committed. `work` reads first and writes
   * then: what throws has written nothing.
   */
  run<T>(work: (transaction: Transaction) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let settle = (): void => undefined
      this.#jobs.push({
        attempt(transaction) {
          try {
            const outcome = work(transaction)
            settle = () => resolve(outcome)
          } catch (error) {
            settle = () => reject(readFailure(error))
          }
        },
        settle: () => settle(),
        fail: reject,
      })
      this.#draining ??= this.#drain()
    })
  }

  async #drain(): Promise<void> {
    while (this.#jobs.length > 0) await this.#commit()
    this.#draining = null
  }

  async #commit(): Promise<void> {
    const batch: Job[] = []
    try {
      await this.#commitInto(batch)
      for (const job of batch) job.settle()
    } catch (error) {
      // Without a transaction nothing was taken yet: those that wait now must not wait for ever.
      for (const job of batch.length > 0 ? batch : this.#jobs.splice(0)) job.fail(error)
    }
  }

  async #commitInto(batch: Job[]): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const isDone = await this.#holder.transact((environment) => this.#attempt(batch, environment))
      if (isDone) return
      await this.#holder.reopen()
    }
    throw new SessionError(
      'ENGINE_UNAVAILABLE',
      'lmdb runs on an old commit, and opening it again did not help.',
    )
  }

  /** Takes all that came up to the begin of the transaction. False when it must not write (decision 0012). */
  #attempt(batch: Job[], { tree, file }: Environment): boolean {
    const last = file.lastCommit()
    if (tree.transaction <= last.transaction) return false
    batch.push(...this.#jobs.splice(0, BATCH))
    const transaction = { store: tree, isFull: last.liveBytes >= this.#maxBytes }
    for (const job of batch) job.attempt(transaction)
    return true
  }
}
