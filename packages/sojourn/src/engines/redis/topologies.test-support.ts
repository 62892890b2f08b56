import { type RedisServer, startCluster, startProxy, startRedis, startSentinel } from 'sojourn-servers'
import { type AclOptions, aclRule, keyPattern } from './acl.ts'
import type { Login, Place } from './clients.test-support.ts'

/** Servers that a store lives on, each behind a proxy, with a user who has the least rights (SECURITY T87). */
export interface Topology {
  readonly place: Place
  /** The user who has the engine's rights and no others. */
  readonly login: Login
  /** Every server with data, primaries and replicas. */
  readonly servers: readonly RedisServer[]
  stop(): Promise<void>
}

export type TopologyName = 'one server' | 'Sentinel' | 'Cluster'

const PASSWORD = 'a-password-of-the-tests'

export const TOPOLOGIES: Readonly<Record<TopologyName, () => Promise<Topology>>> = {
  'one server': startOne,
  Sentinel: startGroup,
  Cluster: startThree,
}

async function startOne(): Promise<Topology> {
  const server = await startRedis()
  const proxy = await startProxy({ to: server })
  const stop = async () => {
    await proxy.stop()
    await server.stop()
  }
  const at = { host: proxy.host, port: proxy.port }
  return { place: { kind: 'server', at }, login: await grant([server], {}), servers: [server], stop }
}

async function startGroup(): Promise<Topology> {
  const group = await startSentinel({ proxied: true })
  const sentinels = group.sentinels.map(({ host, port }) => ({ host, port }))
  const login = await grant(group.servers, { sentinel: true })
  return {
    place: { kind: 'sentinel', sentinels, name: group.name },
    login,
    servers: group.servers,
    stop: () => group.stop(),
  }
}

/** Three primaries with a replica each. */
async function startThree(): Promise<Topology> {
  const cluster = await startCluster({ proxied: true })
  const login = await grant(cluster.servers, { cluster: true })
  return {
    place: { kind: 'cluster', nodes: cluster.nodes },
    login,
    servers: cluster.servers,
    stop: () => cluster.stop(),
  }
}

/**
 * The rule as it is, but for the keys: each test has a store of its own below `tests:`. Users are no data: a
 * replica does not learn of them from its primary.
 */
async function grant(servers: readonly RedisServer[], features: AclOptions): Promise<Login> {
  const rule = aclRule(features).replace(keyPattern('sojourn'), 'tests:*').split(' ').concat(`>${PASSWORD}`)
  await Promise.all(servers.map((server) => server.cli(...rule)))
  return { username: 'sojourn', password: PASSWORD }
}
