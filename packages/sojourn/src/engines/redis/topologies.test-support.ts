import { type RedisServer, startCluster, startProxy, startRedis, startSentinel } from 'sojourn-servers'
import { type AclOptions, aclRule, keyPattern } from './acl.ts'
import type { Login, Place } from './clients.test-support.ts'
import type { CodeSource } from './redis-options.ts'
import { LIBRARY } from './scripts.gen.ts'

/** Servers that a store lives on, each behind a proxy, with a user who has the least rights for all methods (SECURITY T87). */
export interface Topology {
  readonly place: Place
  /** The user who has the engine's rights and no others. */
  readonly login: Login
  /** Every server with data, primaries and replicas. */
  readonly servers: readonly RedisServer[]
  stop(): Promise<void>
}

export type TopologyName = 'one server' | 'Sentinel' | 'Cluster'

/**
 * Nobody fails over on a machine that is busy: what a primary took until it was told would be lost, and these tests
 * are about what holds without that.
 */
const PATIENCE_MS = 60_000
const PASSWORD = 'a-password-of-the-tests'

/** With functions an administrator has loaded the library, and the user may load no code. */
export const TOPOLOGIES: Readonly<Record<TopologyName, (code?: CodeSource) => Promise<Topology>>> = {
  'one server': startOne,
  Sentinel: startGroup,
  Cluster: startThree,
}

async function startOne(code?: CodeSource): Promise<Topology> {
  const server = await startRedis()
  const proxy = await startProxy({ to: server })
  const stop = async () => {
    await proxy.stop()
    await server.stop()
  }
  const at = { host: proxy.host, port: proxy.port }
  const login = await grant([server], {}, code)
  return { place: { kind: 'server', at }, login, servers: [server], stop }
}

async function startGroup(code?: CodeSource): Promise<Topology> {
  const group = await startSentinel({ proxied: true })
  const sentinels = group.sentinels.map(({ host, port }) => ({ host, port }))
  const login = await grant(group.servers, { sentinel: true }, code)
  return {
    place: { kind: 'sentinel', sentinels, name: group.name },
    login,
    servers: group.servers,
    stop: () => group.stop(),
  }
}

/** Three primaries with a replica each. */
async function startThree(code?: CodeSource): Promise<Topology> {
  const cluster = await startCluster({ proxied: true, config: { 'cluster-node-timeout': PATIENCE_MS } })
  const login = await grant(cluster.servers, { cluster: true }, code)
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
async function grant(
  servers: readonly RedisServer[],
  features: AclOptions,
  code: CodeSource = 'scripts',
): Promise<Login> {
  const functions = code === 'functions'
  if (functions) await Promise.all(servers.map(loadLibrary))
  const rule = aclRule({ ...features, functions, scan: true })
    .replace(keyPattern('sojourn'), 'tests:*')
    .split(' ')
    .concat(`>${PASSWORD}`)
  await Promise.all(servers.map((server) => server.cli(...rule)))
  return { username: 'sojourn', password: PASSWORD }
}

/** Replicas get it from their primary. */
async function loadLibrary(server: RedisServer): Promise<void> {
  const [role] = [await server.cli('ROLE')].flat()
  if (role === 'master') await server.cli('FUNCTION', 'LOAD', LIBRARY.source)
}
