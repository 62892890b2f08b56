import { aclRule } from 'sojourn/redis'
import { type RedisServer, startCluster, startRedis, startSentinel } from 'sojourn-servers'

/** Servers for the bank's sessions. */
export interface RedisPlace {
  /** As `--redis` takes it. */
  readonly url: string
  /** Kills every server that holds data, as a power cut does. */
  fall(): Promise<void>
  /** Starts them again, and waits until they serve. */
  rise(): Promise<void>
  stop(): Promise<void>
}

export type PlaceName = 'one server' | 'Sentinel' | 'Cluster'

export const PASSWORD = 'known-to-the-bank-alone'
/** What was acknowledged is with the kernel, so that it outlives the process. */
const ON_DISK = { appendonly: 'yes' }

export const PLACES: Readonly<Record<PlaceName, () => Promise<RedisPlace>>> = {
  'one server': async () => {
    const rule = aclRule({ user: 'bank', prefix: 'bank' }).replace('ACL SETUSER ', '')
    const server = await startRedis({ config: ON_DISK, users: ['default off', `${rule} >${PASSWORD}`] })
    return placeOf([server], {
      url: `redis://bank:${PASSWORD}@${server.host}:${server.port}`,
      settled: async () => undefined,
      stop: () => server.stop(),
    })
  },
  Sentinel: async () => {
    const group = await startSentinel({ config: ON_DISK })
    return placeOf(group.servers, {
      url: `redis+sentinel://${listed(group.sentinels)}/${group.name}`,
      settled: () => group.settled(),
      stop: () => group.stop(),
    })
  },
  Cluster: async () => {
    const cluster = await startCluster({ config: ON_DISK })
    return placeOf(cluster.servers, {
      url: `redis+cluster://${listed(cluster.nodes)}`,
      settled: () => cluster.settled(),
      stop: () => cluster.stop(),
    })
  },
}

interface Group {
  readonly url: string
  settled(): Promise<void>
  stop(): Promise<void>
}

function placeOf(servers: readonly RedisServer[], { url, settled, stop }: Group): RedisPlace {
  return {
    url,
    fall: async () => {
      await Promise.all(servers.map((server) => server.kill()))
    },
    rise: async () => {
      await Promise.all(servers.map((server) => server.restart()))
      await settled()
    },
    stop,
  }
}

function listed(nodes: readonly { readonly host: string; readonly port: number }[]): string {
  return nodes.map(({ host, port }) => `${host}:${port}`).join()
}
