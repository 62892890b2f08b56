import { setImmediate as turn } from 'node:timers/promises'
import { drawn, latenciesOf } from '../latencies.ts'
import { percentile } from '../statistics.ts'

/** How reads come: so many a second whatever becomes of them, or from so many callers that wait for each. */
export type ReadLoad =
  | { readonly perSecond: number; readonly durationMs: number }
  | { readonly concurrency: number; readonly durationMs: number }

export interface ReadSample {
  readonly reads: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

type Read = (call: number) => Promise<void>

const TICK_MS = 1
const MOST_READS = 2_000_000

export async function measureReads(load: ReadLoad, tokens: number, read: Read): Promise<ReadSample> {
  const startedAt = performance.now()
  const draw = (call: number) => read(drawn(call, tokens))
  // Each caller begins in a turn of the event loop, as a request does. LMDB reads at once: callers would never leave it.
  const latencies =
    'perSecond' in load
      ? await latenciesAtRate(load.perSecond, load.durationMs, draw)
      : await latenciesOf({ ...load, most: MOST_READS }, (call) => turn().then(() => draw(call)))
  const seconds = (performance.now() - startedAt) / 1_000
  const sorted = latencies.sort()
  return {
    reads: sorted.length,
    perSecond: sorted.length / seconds,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  }
}

/**
 * Each latency counts from the instant at which the read was to begin: what the event loop was late for, users
 * waited for. They do not come more slowly because a settler is busy.
 */
async function latenciesAtRate(perSecond: number, durationMs: number, read: Read): Promise<Float64Array> {
  const count = Math.floor((perSecond * durationMs) / 1_000)
  const latencies = new Float64Array(count)
  const startedAt = performance.now()
  const running: Promise<void>[] = []
  const begin = async (call: number) => {
    await read(call + 1)
    latencies[call] = performance.now() - (startedAt + (call * 1_000) / perSecond)
  }
  while (running.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - startedAt) * perSecond) / 1_000))
    while (running.length < due) running.push(begin(running.length))
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  await Promise.all(running)
  return latencies
}
