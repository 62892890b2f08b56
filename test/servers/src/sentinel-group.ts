import { HOST } from './free-port.ts'
import { allOrNone, Members } from './members.ts'
import { PEER_CONFIG } from './peers.ts'
import type { Address, TcpProxy } from './proxy.ts'
import { type RedisServer, type ServerConfig, startPlanned } from './redis-server.ts'
import { roleOf } from './role.ts'
import { watches } from './sentinel-view.ts'
import { until } from './until.ts'

export interface SentinelOptions {
  readonly replicas?: number
  readonly sentinels?: number
  /** Of the data servers. */
  readonly config?: ServerConfig
  /** Puts each data server behind a proxy, and has it announce the proxy's port. */
  readonly proxied?: boolean
  readonly program?: string
}

const NAME = 'sojourn'
const DOWN_AFTER_MS = 500
const FAILOVER_TIMEOUT_MS = 2_000
const FAILOVER_LIMIT_MS = 20_000
const SETTLE_LIMIT_MS = 30_000
/**
 * How often Sentinels look around while we wait for them to see that all is well, and otherwise: by themselves
 * they take 20 seconds for that. How soon they see a failure and elect is never touched.
 */
const HURRY = ['INFO-PERIOD', 100, 'PUBLISH-PERIOD', 100]
const AS_USUAL = ['INFO-PERIOD', 10_000, 'PUBLISH-PERIOD', 2_000]

/** Starts a primary, its replicas and Sentinels that watch them, and waits until all know of all. */
export async function startSentinel(options: SentinelOptions = {}): Promise<SentinelGroup> {
  const { replicas = 2, sentinels = 3, config = {}, proxied = false, program } = options
  const chosen = program === undefined ? {} : { program }
  const members = await Members.start({
    count: 1 + replicas,
    config,
    proxied,
    announce: 'replica',
    ...chosen,
  })
  const [primary, ...others] = members.servers
  if (primary === undefined) throw new Error('A group has a primary at least.')
  const at = members.addressOf(primary)
  try {
    await Promise.all(others.map((server) => server.cli('REPLICAOF', at.host, at.port)))
    const starts = Array.from({ length: sentinels }, () =>
      startPlanned({ config: sentinelConfig(at, sentinels), args: ['--sentinel'], ...chosen }),
    )
    const watchers = await allOrNone(starts, (one) => one.stop())
    return await settledGroup(new SentinelGroup(members, watchers))
  } catch (error) {
    await members.stop()
    throw error
  }
}

async function settledGroup(group: SentinelGroup): Promise<SentinelGroup> {
  try {
    await group.settled()
    return group
  } catch (error) {
    await group.stop()
    throw error
  }
}

function sentinelConfig({ host, port }: Address, sentinels: number): ServerConfig {
  const quorum = Math.floor(sentinels / 2) + 1
  return {
    ...PEER_CONFIG,
    sentinel: [
      `monitor ${NAME} ${host} ${port} ${quorum}`,
      `down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
      `failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
      `announce-ip ${HOST}`,
    ],
  }
}

/** One primary with replicas, watched by Sentinels. */
export class SentinelGroup {
  /** By which clients ask for the primary. */
  readonly name = NAME
  readonly sentinels: readonly RedisServer[]
  readonly servers: readonly RedisServer[]
  readonly #members: Members

  constructor(members: Members, sentinels: readonly RedisServer[]) {
    this.#members = members
    this.sentinels = sentinels
    this.servers = members.servers
  }

  /** The primary by the word of most Sentinels. Rejects while they have no such word. */
  async primary(): Promise<RedisServer> {
    const ports = await Promise.all(this.#servingSentinels().map((one) => primaryPortBy(one)))
    const needed = Math.floor(this.sentinels.length / 2) + 1
    const port = ports.find((one) => ports.filter((other) => other === one).length >= needed)
    const server = port === undefined ? null : this.#members.at(port)
    if (server === null) throw new Error(`Most Sentinels name no primary: ${ports.join(', ')}.`)
    return server
  }

  /** The servers that serve and are not the primary. */
  async replicas(): Promise<readonly RedisServer[]> {
    const primary = await this.primary()
    return this.servers.filter((server) => server !== primary && server.isServing)
  }

  /** Waits for a fail-over: another server than `old` is the primary by the Sentinels' word and its own. */
  nextPrimary(old: RedisServer, limitMs = FAILOVER_LIMIT_MS): Promise<RedisServer> {
    const elected = async () => {
      const server = await this.primary()
      return server !== old && (await roleOf(server)).is === 'primary' ? server : null
    }
    return until('the Sentinels elect another primary', elected, limitMs)
  }

  /** Waits until every server that serves is in sync, and every Sentinel that does sees it so. */
  async settled(limitMs = SETTLE_LIMIT_MS): Promise<void> {
    await this.#tellSentinels(HURRY)
    await until('the group is in sync', async () => ((await this.#isSettled()) ? true : null), limitMs)
    await this.#tellSentinels(AS_USUAL)
  }

  addressOf(server: RedisServer): Address {
    return this.#members.addressOf(server)
  }

  proxyOf(server: RedisServer): TcpProxy {
    return this.#members.proxyOf(server)
  }

  async stop(): Promise<void> {
    // The watchers first, or they would begin to elect.
    await Promise.all(this.sentinels.map((one) => one.stop()))
    await this.#members.stop()
  }

  async #isSettled(): Promise<boolean> {
    const primary = await this.primary()
    const { port } = this.addressOf(primary)
    const replicas = await this.replicas()
    const roles = await Promise.all(replicas.map(roleOf))
    const areSynced = roles.every(
      (role) => role.is === 'replica' && role.primaryPort === port && role.isSynced,
    )
    if (!areSynced || (await roleOf(primary)).is !== 'primary') return false
    const replicaPorts = replicas.map((one) => this.addressOf(one).port)
    const expected = { name: NAME, replicaPorts, sentinels: this.sentinels.length }
    const views = await Promise.all(this.#servingSentinels().map((one) => watches(one, expected)))
    return views.every((isSeen) => isSeen)
  }

  #servingSentinels(): readonly RedisServer[] {
    return this.sentinels.filter((one) => one.isServing)
  }

  async #tellSentinels(settings: readonly (string | number)[]): Promise<void> {
    await Promise.all(this.#servingSentinels().map((one) => one.cli('SENTINEL', 'DEBUG', ...settings)))
  }
}

async function primaryPortBy(sentinel: RedisServer): Promise<number> {
  const reply = await sentinel.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)
  return Array.isArray(reply) ? Number(reply[1]) : 0
}
