import { HOST } from './free-port.ts'
import { PEER_CONFIG } from './peers.ts'
import { type Address, startProxy, type TcpProxy } from './proxy.ts'
import { type RedisServer, type ServerConfig, startRedis } from './redis-server.ts'

export interface MembersOptions {
  readonly count: number
  readonly config: ServerConfig
  /** Whether clients, and the other servers, are to find each server behind a proxy. */
  readonly proxied: boolean
  /** How a server of this kind says where it is to be found: the start of the names of its settings. */
  readonly announce: 'replica' | 'cluster'
  readonly program?: string
}

interface Member {
  readonly server: RedisServer
  readonly proxy: TcpProxy | null
}

/** The servers of a group, and where each says that it is. */
export class Members {
  readonly servers: readonly RedisServer[]
  readonly #members: readonly Member[]

  /** Starts them side by side. When one does not start, none is left. */
  static async start(options: MembersOptions): Promise<Members> {
    const starts = Array.from({ length: options.count }, () => startMember(options))
    return new Members(await allOrNone(starts, stopMember))
  }

  constructor(members: readonly Member[]) {
    this.#members = members
    this.servers = members.map(({ server }) => server)
  }

  /** Where clients find this server: its proxy's address, where it has one. */
  addressOf(server: RedisServer): Address {
    const { host, port } = this.#memberOf(server).proxy ?? server
    return { host, port }
  }

  /** The proxy before this server. Throws when the group was started without. */
  proxyOf(server: RedisServer): TcpProxy {
    const { proxy } = this.#memberOf(server)
    if (proxy === null) throw new Error('This group was started without `proxied: true`.')
    return proxy
  }

  /** The server that says it is at this port; null when none does. */
  at(port: number): RedisServer | null {
    return this.servers.find((server) => this.addressOf(server).port === port) ?? null
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map(stopMember))
  }

  #memberOf(server: RedisServer): Member {
    const member = this.#members.find((one) => one.server === server)
    if (member === undefined) throw new Error(`The server at ${server.url} is not of this group.`)
    return member
  }
}

/** Waits for all. When one fails, ends those that did not, and rejects. */
export async function allOrNone<T>(
  starts: readonly Promise<T>[],
  stop: (started: T) => Promise<void>,
): Promise<T[]> {
  try {
    return await Promise.all(starts)
  } catch (error) {
    const settled = await Promise.allSettled(starts)
    await Promise.all(settled.map((one) => (one.status === 'fulfilled' ? stop(one.value) : null)))
    throw error
  }
}

async function startMember({ config, proxied, announce, program }: MembersOptions): Promise<Member> {
  const server = await startRedis({
    config: { ...PEER_CONFIG, [`${announce}-announce-ip`]: HOST, ...config },
    ...(program === undefined ? {} : { program }),
  })
  if (!proxied) return { server, proxy: null }
  const proxy = await startProxy({ to: server })
  await server.cli('CONFIG', 'SET', `${announce}-announce-port`, proxy.port)
  // So that it says the same after a restart.
  await server.cli('CONFIG', 'REWRITE')
  return { server, proxy }
}

async function stopMember({ server, proxy }: Member): Promise<void> {
  await proxy?.stop()
  await server.stop()
}
