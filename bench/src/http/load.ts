import { drawn } from '../latencies.ts'
import { percentile } from '../statistics.ts'
import { converse } from './connection.ts'
import type { Answered } from './response-reader.ts'

/** A user who is logged in: the request that is sent, and the one body that answers it. */
export interface Visitor {
  readonly request: Uint8Array
  readonly body: string
}

/** How a server is asked for a short while. */
export interface LoadOrder {
  readonly port: number
  /** Each asks again as soon as it is answered. */
  readonly connections: number
  /** What is answered in this time counts for nothing. */
  readonly warmupMs: number
  readonly measureMs: number
}

/** What came of it. Times are milliseconds. */
export interface LoadSample {
  /** In all, before and after the measured time too. */
  readonly answered: number
  /** Within the measured time, and at least as many as there are connections. */
  readonly measured: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

/** Latencies are kept. So many fit into one slice, or it is too long. */
const MOST_ANSWERS = 1_000_000

/**
 * Asks for every visitor in turn and looks at every answer: what fails fast must not look fast.
 * Rejects at the first answer that is not the visitor's.
 */
export async function load(visitors: readonly Visitor[], order: LoadOrder): Promise<LoadSample> {
  const tally = new Tally(order)
  let begun = 0
  const draw = (): Visitor => {
    const visitor = visitors[drawn(begun, visitors.length)]
    begun += 1
    if (visitor === undefined) throw new Error('There are no visitors.')
    return visitor
  }
  const caller = (): Promise<void> => {
    let visitor = draw()
    let askedAt = performance.now()
    return converse(order.port, visitor.request, (answered) => {
      check(answered, visitor)
      const now = performance.now()
      if (!tally.count(askedAt, now)) return null
      visitor = draw()
      askedAt = now
      return visitor.request
    })
  }
  await Promise.all(Array.from({ length: order.connections }, caller))
  return tally.sample()
}

function check({ status, body }: Answered, visitor: Visitor): void {
  if (status === 200 && body === visitor.body) return
  throw new Error(`Wanted ${visitor.body}, and was answered ${status} ${body.slice(0, 500)}`)
}

/** Counts what is answered within the measured time, which goes on until there is something to be counted. */
class Tally {
  readonly #latencies = new Float64Array(MOST_ANSWERS)
  /** On a machine that is busy with something else a whole slice may go by before an answer comes. */
  readonly #least: number
  readonly #beginAt: number
  readonly #endAt: number
  #answered = 0
  #measured = 0
  #lastAt = 0

  constructor({ connections, warmupMs, measureMs }: LoadOrder) {
    this.#least = connections
    this.#beginAt = performance.now() + warmupMs
    this.#endAt = this.#beginAt + measureMs
  }

  /** False when the time is over. */
  count(askedAt: number, now: number): boolean {
    this.#answered += 1
    if (now < this.#beginAt) return true
    if (this.#isOver) return false
    this.#latencies[this.#measured] = now - askedAt
    this.#measured += 1
    this.#lastAt = now
    return !this.#isOver
  }

  sample(): LoadSample {
    const sorted = this.#latencies.subarray(0, this.#measured).sort()
    return {
      answered: this.#answered,
      measured: this.#measured,
      perSecond: (this.#measured / (this.#lastAt - this.#beginAt)) * 1_000,
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
    }
  }

  get #isOver(): boolean {
    return this.#lastAt >= this.#endAt && this.#measured >= this.#least
  }
}
