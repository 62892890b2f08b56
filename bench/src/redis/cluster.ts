import { type RedisCluster, type RedisServer, startCluster } from 'sojourn-servers'
import type { RedisContestantName } from './contestants/contestants.ts'
import type { Extent } from './extents.ts'
import type { CallSample } from './measure-calls.ts'
import { type RemoteRedis, startContestant, withContestant } from './redis-contestant-child.ts'
import type { Place } from './redis-process.ts'
import type { RedisOrder } from './redis-slice.ts'

export const CLUSTER_CONTESTANTS = ['sojourn-ioredis', 'sojourn-node-redis'] as const
export const CLUSTER_CONCURRENCIES = [1, 64, 256] as const
const PRIMARIES = 3

/** Reads on a cluster beside reads on one server. */
export interface ClusterFindings {
  readonly measured: readonly ClusterMeasured[]
  /** All servers together, divided by the reads. */
  readonly roundTrips: readonly {
    readonly contestant: RedisContestantName
    readonly concurrency: number
    readonly each: number
  }[]
}

export interface ClusterMeasured {
  readonly contestant: RedisContestantName
  readonly place: 'one' | 'cluster'
  readonly concurrency: number
  readonly round: number
  readonly sample: CallSample
}

type Placed = RemoteRedis & { readonly place: ClusterMeasured['place'] }

const LIMIT_MS = 30_000
/** Where many read at once, so many times more are counted, so that not all begin in one turn. */
const TIMES_AT_ONCE = 20
const WARMUP_READS = 100
const MOST_READS = 100_000

/** On three primaries without replicas, all on this machine: it has only so many cores. */
export async function measureCluster(extent: Extent, server: RedisServer): Promise<ClusterFindings> {
  const measured = await withCluster(false, (cluster) => readInTurns(cluster, server, extent))
  return { measured, roundTrips: await withCluster(true, (cluster) => countReads(cluster, extent)) }
}

async function withCluster<T>(proxied: boolean, use: (cluster: RedisCluster) => Promise<T>): Promise<T> {
  const cluster = await startCluster({ primaries: PRIMARIES, replicas: 0, proxied })
  try {
    return await use(cluster)
  } finally {
    await cluster.stop()
  }
}

async function readInTurns(
  cluster: RedisCluster,
  server: RedisServer,
  extent: Extent,
): Promise<ClusterMeasured[]> {
  const one = { urls: [server.url], isCluster: false, watched: [server.url] }
  const contestants: Placed[] = []
  try {
    for (const name of CLUSTER_CONTESTANTS) {
      contestants.push({ ...(await startContestant(name, one)), place: 'one' })
      contestants.push({ ...(await startContestant(name, placeOf(cluster))), place: 'cluster' })
    }
    for (const { child } of contestants) await child.ask({ fill: extent.sessions })
    return await rounds(contestants, extent)
  } finally {
    await Promise.all(contestants.map(({ child }) => child.stop()))
  }
}

async function rounds(contestants: readonly Placed[], extent: Extent): Promise<ClusterMeasured[]> {
  const measured: ClusterMeasured[] = []
  const { sliceMs, warmupMs } = extent
  for (let round = 0; round < extent.rounds; round += 1) {
    for (const concurrency of CLUSTER_CONCURRENCIES) {
      const order = { ...readsOf(extent, concurrency), warmupMs, measureMs: sliceMs }
      for (const { name, child, place } of round % 2 === 0 ? contestants : [...contestants].reverse()) {
        const sample = await child.get({ slice: order })
        measured.push({ contestant: name, place, concurrency, round, sample })
      }
    }
  }
  return measured
}

async function countReads(cluster: RedisCluster, extent: Extent): Promise<ClusterFindings['roundTrips']> {
  const total = () =>
    cluster.servers.reduce((sum, server) => sum + cluster.proxyOf(server).counters.roundTrips, 0)
  const counted: { contestant: RedisContestantName; concurrency: number; each: number }[] = []
  for (const contestant of CLUSTER_CONTESTANTS) {
    await withContestant(contestant, placeOf(cluster), async (child) => {
      await child.ask({ fill: extent.sessions })
      await child.get({ slice: { ...readsOf(extent, 1), most: WARMUP_READS } })
      for (const concurrency of CLUSTER_CONCURRENCIES) {
        const most = extent.countedCalls * (concurrency === 1 ? 1 : TIMES_AT_ONCE)
        const before = total()
        const { calls } = await child.get({ slice: { ...readsOf(extent, concurrency), most } })
        counted.push({ contestant, concurrency, each: (total() - before) / calls })
      }
    })
  }
  return counted
}

function readsOf({ sessions, listed }: Extent, concurrency: number): RedisOrder {
  const ended = { users: 0, sessions: 0 }
  const limits = { most: MOST_READS, warmupMs: 0, measureMs: LIMIT_MS }
  return { verb: 'read', concurrency, sessions, listed, ended, ...limits }
}

/** Where a client finds the cluster, and its servers themselves. */
function placeOf(cluster: RedisCluster): Place {
  const urls = cluster.nodes.map(({ host, port }) => `redis://${host}:${port}`)
  return { urls, isCluster: true, watched: cluster.servers.map(({ url }) => url) }
}
