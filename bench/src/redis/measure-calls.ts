import { type Load, latenciesOf } from '../latencies.ts'
import { percentile } from '../statistics.ts'
import type { ServerCpu } from './server-cpu.ts'

/** What some calls cost. Times are milliseconds. */
export interface CallSample {
  readonly calls: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** Of all threads of this process, for one call. */
  readonly cpu: number
  /** Of all threads of the servers, for one call. */
  readonly serverCpu: number
}

export async function measureCalls(
  load: Load,
  make: (call: number) => Promise<void>,
  server: ServerCpu,
): Promise<CallSample> {
  const cpuAtStart = process.cpuUsage()
  const serverAtStart = await server.used()
  const startedAt = performance.now()
  const latencies = await latenciesOf(load, make)
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpuAtStart)
  const serverCpu = (await server.used()) - serverAtStart
  const calls = latencies.length
  const sorted = latencies.sort()
  return {
    calls,
    perSecond: calls / seconds,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
    cpu: (user + system) / 1_000 / calls,
    serverCpu: serverCpu / calls,
  }
}
