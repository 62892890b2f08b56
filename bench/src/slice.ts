import { setImmediate as turn } from 'node:timers/promises'
import type { Contestant, Operation } from './contestants/contestant.ts'
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

/** Steps through all sessions in an order that looks random: a prime that is no factor of their number. */
const STRIDE = 7_919

/** So often a lone caller waits for a turn of the loop: without, timers pile up as they do in no application. */
const TURN_EACH = 64

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

/** The latencies of what began within `durationMs`, in milliseconds. */
async function work(contestant: Contestant, order: SliceOrder, durationMs: number): Promise<Float64Array> {
  const { operation, concurrency, sessions } = order
  const latencies = new Float64Array(MOST_OPERATIONS[operation])
  const endAt = performance.now() + durationMs
  let begun = 0
  let done = 0
  const worker = async () => {
    for (let own = 1; performance.now() < endAt && begun < latencies.length; own += 1) {
      begun += 1
      const startedAt = performance.now()
      await (operation === 'create'
        ? contestant.create()
        : contestant[operation]((begun * STRIDE) % sessions))
      latencies[done] = performance.now() - startedAt
      done += 1
      if (concurrency === 1 && own % TURN_EACH === 0) await turn()
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return latencies.subarray(0, done)
}
