import { Cluster, Redis } from 'ioredis'
import { Redis as Valkey, Cluster as ValkeyCluster } from 'iovalkey'
import { createClient, createCluster, createSentinel } from 'redis'
import type { Address } from 'sojourn-servers'
import type { Driver } from './driver.ts'
import type { IoredisCluster, IoredisNode } from './ioredis-client.ts'

export type DriverName = 'ioredis' | 'iovalkey' | 'node-redis'

/** Where the servers of a store are, as a client is told it. */
export type Place =
  | { readonly kind: 'server'; readonly at: Address }
  | { readonly kind: 'sentinel'; readonly sentinels: readonly Address[]; readonly name: string }
  | { readonly kind: 'cluster'; readonly nodes: readonly Address[] }

/** A user of the servers; null for the one that needs no password. */
export type Login = { readonly username: string; readonly password: string } | null

export interface OpenClient {
  readonly driver: Driver
  close(): void
}

/** Opens a client that is connected, as an application does it. */
export function openClient(driver: DriverName, place: Place, login: Login = null): Promise<OpenClient> {
  if (driver === 'node-redis') return openNodeRedis(place, login)
  return connected(driver === 'ioredis' ? ioredisFor(place, login) : iovalkeyFor(place, login))
}

function ioredisFor(place: Place, login: Login): Connectable {
  if (place.kind === 'cluster') return new Cluster([...place.nodes], clusterOptions(login))
  return new Redis(optionsFor(place, login))
}

function iovalkeyFor(place: Place, login: Login): Connectable {
  if (place.kind === 'cluster') return new ValkeyCluster([...place.nodes], clusterOptions(login))
  return new Valkey(optionsFor(place, login))
}

/** INFO, by which they would wait for a server that loads, is none of the engine's rights. */
function optionsFor(place: Exclude<Place, { readonly kind: 'cluster' }>, login: Login) {
  const where = place.kind === 'server' ? place.at : { name: place.name, sentinels: [...place.sentinels] }
  return { ...where, ...login, lazyConnect: true, enableReadyCheck: false }
}

function clusterOptions(login: Login) {
  return { redisOptions: { ...login }, lazyConnect: true }
}

/** What the two makes have in common. */
type Connectable = (IoredisNode | IoredisCluster) & {
  on(event: 'error', listener: () => void): unknown
}

async function connected(driver: Connectable): Promise<OpenClient> {
  driver.on('error', () => undefined)
  await driver.connect()
  return { driver, close: () => driver.disconnect() }
}

async function openNodeRedis(place: Place, login: Login): Promise<OpenClient> {
  const driver = nodeRedisFor(place, login)
  driver.on('error', () => undefined)
  await driver.connect()
  return { driver, close: () => driver.destroy() }
}

function nodeRedisFor(place: Place, login: Login) {
  const access = { ...login }
  if (place.kind === 'server') return createClient({ ...access, socket: { ...place.at } })
  if (place.kind === 'cluster') {
    return createCluster({ rootNodes: place.nodes.map((at) => ({ socket: { ...at } })), defaults: access })
  }
  const { name, sentinels } = place
  return createSentinel({ name, sentinelRootNodes: [...sentinels], nodeClientOptions: access })
}
