import type { Contestant, Operation } from './contestants/contestant.ts'
import { drawn, latenciesOf } from './latencies.ts'
import { LateProbe, type LoopGaps } from './loop-delay.ts'
import { percentile } from './statistics.ts'

/** What one contestant is asked to do for a short while. */
export interface SliceOrder {
  readonly operation: Operation
  readonly concurrency: number
  readonly warmupMs: number
  readonly measureMs: number
  /** The sessions that the store was filled with. */
  readonly sessions: number
  readonly probeLoop: boolean
}

/** What came of it. Times are milliseconds. */
export interface Sample {
  readonly operations: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** Of all threads of the process, for one operation. */
  readonly cpu: number
  readonly loop: LoopGaps | null
}

/** The most of one slice: latencies are kept, and stores in memory must not grow without end. */
const MOST_OPERATIONS = { read: 1_000_000, update: 50_000, create: 20_000 } as const

/** The part of a slice in which its callers spread: that all begin in one turn of the loop is the slice's doing. */
const RAMP_SHARE = 0.25

/** Warms up, then measures: each of the `concurrency` workers begins anew as soon as its last call is done. */
export async function runSlice(contestant: Contestant, order: SliceOrder): Promise<Sample> {
  await work(contestant, order, order.warmupMs)
  const probe = order.probeLoop ? new LateProbe(order.measureMs * RAMP_SHARE) : null
  const startedAt = performance.now()
  const cpuAtStart = process.cpuUsage()
  const latencies = await work(contestant, order, order.measureMs)
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpuAtStart)
  const loop = probe?.stop() ?? null
  const operations = latencies.length
  const sorted = latencies.sort()
  return {
    operations,
    perSecond: operations / seconds,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    cpu: (user + system) / 1_000 / operations,
    loop,
  }
}

function work(contestant: Contestant, order: SliceOrder, durationMs: number): Promise<Float64Array> {
  const { operation, concurrency, sessions } = order
  const load = { concurrency, durationMs, most: MOST_OPERATIONS[operation] }
  return latenciesOf(load, (call) =>
    operation === 'create' ? contestant.create() : contestant[operation](drawn(call, sessions)),
  )
}
