import { setTimeout as pause } from 'node:timers/promises'
import type { SessionStore } from 'sojourn'
import { Ledger } from './ledger.ts'

export interface Counter {
  n: number
}

const CHANGES = 4
/** A caller that was refused does not come back at once. */
const AFTER_REFUSAL_MS = 5
const WORKERS = 3

/** The longest time in which no write was confirmed; from the last one before it to the first one after. */
export interface Gap {
  readonly from: number
  readonly to: number
}

/** Log-ins, changes, reads and log-outs without a pause, and a book of what they were told. */
export class Load {
  readonly ledger = new Ledger()
  /** How often callers got which error. */
  readonly errors = new Map<string, number>()
  readonly #store: SessionStore<Counter>
  readonly #users: readonly string[]
  #workers: readonly Promise<void>[] = []
  #isOver = false
  #succeededAt = performance.now()
  #gap: Gap = { from: 0, to: 0 }

  constructor(store: SessionStore<Counter>, users: readonly string[]) {
    this.#store = store
    this.#users = users
  }

  get store(): SessionStore<Counter> {
    return this.#store
  }

  get gap(): Gap {
    return this.#gap
  }

  start(): void {
    this.#succeededAt = performance.now()
    this.#workers = Array.from({ length: WORKERS }, (_, index) => this.#work(index))
  }

  /** From now on: what went before is not of the fault. */
  strike(): void {
    this.errors.clear()
    this.#gap = { from: 0, to: 0 }
  }

  async stop(): Promise<void> {
    if (!this.#isOver) this.#note(performance.now())
    this.#isOver = true
    await Promise.all(this.#workers)
  }

  /** Nothing was confirmed between the last success and now. */
  #note(now: number): void {
    if (now - this.#succeededAt > this.#gap.to - this.#gap.from) {
      this.#gap = { from: this.#succeededAt, to: now }
    }
  }

  async #work(index: number): Promise<void> {
    for (let turn = index; !this.#isOver; turn += WORKERS) {
      await this.#visit(this.#users[turn % this.#users.length] ?? '', turn % 2 === 0)
    }
  }

  async #visit(userId: string, endsWithLogOut: boolean): Promise<void> {
    const issued = await this.#told(() => this.#store.create({ userId }))
    if (issued === null) return
    const { token } = issued
    let { session } = issued
    this.ledger.created(token)
    for (let change = 0; change < CHANGES; change += 1) {
      const changed = await this.#told(() => this.#store.update(session, countUp))
      this.ledger.changed(token, changed !== null)
      session = changed ?? session
    }
    await this.#told(() => this.#store.read(token, { touch: false }))
    if (!endsWithLogOut) return
    const isEnded = await this.#told(() => this.#store.revoke(token))
    this.ledger.ended(token, isEnded !== null)
  }

  /** What the call answered; null when it failed, which is counted by its code. */
  async #told<T>(call: () => Promise<T>): Promise<T | null> {
    try {
      const answer = await call()
      const now = performance.now()
      this.#note(now)
      this.#succeededAt = now
      return answer
    } catch (error) {
      const kind = error instanceof Error && 'code' in error ? String(error.code) : 'not ours'
      this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1)
      await pause(AFTER_REFUSAL_MS)
      return null
    }
  }
}

function countUp(draft: Counter): void {
  draft.n += 1
}
