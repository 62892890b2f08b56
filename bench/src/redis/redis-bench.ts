import { startRedis } from 'sojourn-servers'
import { conditionsOf } from '../conditions.ts'
import { readResults, writeResults } from '../results-file.ts'
import { asText } from '../tables.ts'
import { type Verdict, verdictTable } from '../verdicts.ts'
import { measureCluster } from './cluster.ts'
import { VERBS } from './contestants/contestant.ts'
import { REDIS_CONTESTANT_NAMES } from './contestants/contestants.ts'
import { EXTENTS, type Extent } from './extents.ts'
import { measureMemory } from './memory.ts'
import { redisVerdicts } from './redis-goals.ts'
import type { RedisBenchOptions } from './redis-options.ts'
import type { RedisReport } from './redis-report.ts'
import { clusterTable, memoryTable, roundTripTable, verbTable } from './redis-tables.ts'
import { countRoundTrips } from './round-trips.ts'
import { measureSideBySide } from './side-by-side.ts'

const PACKAGES = ['ioredis', 'redis', 'connect-redis', 'express-session', '@fastify/session', 'msgpackr']
const MEMORY_OF = ['connect-redis', 'sojourn-ioredis', 'sojourn-due'] as const
const REPORT = 'redis'

/** Measures, prints, keeps the samples; the verdicts. */
export async function runRedis(options: RedisBenchOptions): Promise<readonly Verdict[]> {
  const report = await measure(options)
  printTables(report)
  console.log(`\n${asText(verdictTable(report.verdicts))}\n`)
  console.log(`samples: ${writeResults(REPORT, report, options.json ?? undefined)}`)
  return report.verdicts
}

/** The last run; null when there is none. */
export function lastRun(): RedisReport | null {
  return readResults(REPORT)
}

async function measure({ mode, contestants, rounds }: RedisBenchOptions): Promise<RedisReport> {
  const conditions = conditionsOf(PACKAGES)
  const startedAt = performance.now()
  const extent: Extent = { ...EXTENTS[mode], rounds: rounds ?? EXTENTS[mode].rounds }
  const server = await startRedis()
  try {
    const measured = await measureSideBySide(contestants, extent, server.url)
    await server.cli('FLUSHALL')
    const roundTrips = await countRoundTrips(contestants, extent, server)
    const compared = MEMORY_OF.filter((name) => contestants.includes(name))
    const memory = await measureMemory(compared, extent.memorySessions, server)
    const [, version = ''] = /^redis_version:(\S+)/m.exec(String(await server.cli('INFO', 'server'))) ?? []
    const isWhole = contestants.length === REDIS_CONTESTANT_NAMES.length
    const cluster = isWhole ? await measureCluster(extent, server) : null
    const findings = { measured, roundTrips, memory, cluster }
    const seconds = (performance.now() - startedAt) / 1_000
    return { mode, conditions, server: version, seconds, verdicts: redisVerdicts(findings), ...findings }
  } finally {
    await server.stop()
  }
}

function printTables({ measured, roundTrips, memory, cluster }: RedisReport): void {
  for (const verb of VERBS) console.log(`\n${verb}\n${asText(verbTable(measured, verb))}`)
  console.log(`\nround trips\n${asText(roundTripTable(roundTrips))}`)
  console.log(`\nmemory\n${asText(memoryTable(memory))}`)
  if (cluster !== null) console.log(`\ncluster\n${asText(clusterTable(cluster))}`)
}
