import type { Clock } from './clock.ts'
import type { EngineTraits, Milliseconds } from './port.ts'
import type { Records } from './records.ts'

/**
 * So many verbs go to an engine together while this process serves requests, by who shares the engine, and so many
 * such portions at once. What a request asks meanwhile waits behind them: at a server for each, in this host's files
 * for a commit that all of them share (docs/decisions/0099).
 */
const AT_A_SERVER = 16
const AT_HOME = 64
/** The same while nobody else asks this process for anything. */
const ALONE = 256
const PORTIONS_AT_ONCE = 2
/** So long after a request others may follow. */
const BUSY_MS: Milliseconds = 1_000
/** Work without a pause that nobody notices who waits for the event loop. */
const BREATH_MS: Milliseconds = 0.25

interface Paces {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly engine: { readonly traits: Pick<EngineTraits, 'sharedBy'> }
  readonly records: Pick<Records, 'reads'>
}

/** Lets whoever else needs the event loop or the engine in between the work of a settler (SECURITY T84). */
export class Pace {
  readonly #context: Paces
  readonly #waiting: (() => void)[] = []
  #running = 0
  #reads = 0
  #busyUntil: Milliseconds = Number.NEGATIVE_INFINITY
  #breathedAt: Milliseconds = Number.NEGATIVE_INFINITY

  constructor(context: Paces) {
    this.#context = context
  }

  /** How many records may go to the engine together. */
  get portion(): number {
    if (this.isAlone) return ALONE
    return this.#context.engine.traits.sharedBy === 'network' ? AT_A_SERVER : AT_HOME
  }

  /** Does the work on a portion, when those before it are done. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    await this.#begin()
    try {
      return await work()
    } finally {
      // Its place is free when the event loop has turned once.
      setImmediate(() => this.#end())
    }
  }

  /** Whether nobody has asked this process for a session lately: then there is nobody to be gentle to. */
  get isAlone(): boolean {
    const { clock, records } = this.#context
    const now = clock.monotonic()
    if (records.reads !== this.#reads) this.#busyUntil = now + BUSY_MS
    this.#reads = records.reads
    return now >= this.#busyUntil
  }

  /** Whether it is time for `breathe`: asked between pieces of work, because most need no pause. */
  get isLong(): boolean {
    return this.#context.clock.monotonic() - this.#breathedAt >= BREATH_MS
  }

  /** Others have their turn of the event loop. */
  async breathe(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#breathedAt = this.#context.clock.monotonic()
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
