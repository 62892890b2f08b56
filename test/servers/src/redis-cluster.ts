import { type ClusterView, layoutOf, ownerIn, sees, viewOf } from './cluster-view.ts'
import { Members } from './members.ts'
import type { Address, TcpProxy } from './proxy.ts'
import type { RedisServer, ServerConfig } from './redis-server.ts'
import { roleOf } from './role.ts'
import { type ClusterNode, SlotMove } from './slot-move.ts'
import { until } from './until.ts'

export interface ClusterOptions {
  readonly primaries?: number
  /** In all; they are dealt out to the primaries in turn. */
  readonly replicas?: number
  readonly config?: ServerConfig
  /** Puts each server behind a proxy, and has it announce the proxy's port. */
  readonly proxied?: boolean
  readonly program?: string
}

const SLOTS = 16_384
const TIMEOUT = 'cluster-node-timeout'
const CLUSTER_CONFIG: ServerConfig = {
  'cluster-enabled': 'yes',
  'cluster-config-file': 'nodes.conf',
  [TIMEOUT]: 1_000,
  // Who replicates whom stays what a test was told.
  'cluster-allow-replica-migration': 'no',
}
const FAILOVER_LIMIT_MS = 20_000
const SETTLE_LIMIT_MS = 30_000

/** Starts a cluster by its commands, and waits until all nodes agree and replicas are in sync. */
export async function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { primaries = 3, replicas = 3, config = {}, proxied = false, program } = options
  const { [TIMEOUT]: timeoutMs, ...others } = config
  const members = await Members.start({
    count: primaries + replicas,
    config: { ...CLUSTER_CONFIG, ...others },
    proxied,
    announce: 'cluster',
    ...(program === undefined ? {} : { program }),
  })
  try {
    const nodes = await Promise.all(members.servers.map(nodeOf))
    const cluster = new RedisCluster(members, nodes)
    await dealSlots(nodes.slice(0, primaries))
    await introduce(members, nodes)
    await cluster.acquainted()
    await replicate(nodes, primaries)
    await cluster.settled()
    if (timeoutMs !== undefined) await Promise.all(members.servers.map((one) => setTimeoutOf(one, timeoutMs)))
    return cluster
  } catch (error) {
    await members.stop()
    throw error
  }
}

/** Primaries, with replicas or without, that share the slots. */
export class RedisCluster {
  readonly servers: readonly RedisServer[]
  readonly #members: Members
  readonly #nodes: readonly ClusterNode[]

  constructor(members: Members, nodes: readonly ClusterNode[]) {
    this.servers = members.servers
    this.#members = members
    this.#nodes = nodes
  }

  /** Where clients find the servers. */
  get nodes(): readonly Address[] {
    return this.servers.map((server) => this.addressOf(server))
  }

  /** The slot of a key, by its hash tag where it has one. */
  async slotOf(key: string): Promise<number> {
    const [server] = this.#serving()
    return Number(await server?.server.cli('CLUSTER', 'KEYSLOT', key))
  }

  /** The primary of a slot, on which all nodes that serve agree. Rejects while they do not. */
  async ownerOf(slot: number): Promise<RedisServer> {
    const views = await this.#views()
    const owners = new Set(views.map((view) => ownerIn(view, slot)))
    const [id = null] = owners
    if (id === null || owners.size !== 1)
      throw new Error(`The nodes name ${owners.size} owners of slot ${slot}.`)
    return this.#nodeBy(id).server
  }

  /** The replicas of this primary, by its own word. */
  async replicasOf(server: RedisServer): Promise<readonly RedisServer[]> {
    const { id } = this.#nodeOf(server)
    const { nodes } = await viewOf(server)
    return nodes.filter(({ primaryId }) => primaryId === id).map((node) => this.#nodeBy(node.id).server)
  }

  /** A move of a slot that has not begun. */
  async moveSlot(slot: number, to: RedisServer): Promise<SlotMove> {
    const from = this.#nodeOf(await this.ownerOf(slot))
    const roles = await Promise.all(
      this.#serving().map(async (node) => ({ node, role: await roleOf(node.server) })),
    )
    const primaries = roles.filter(({ role }) => role.is === 'primary').map(({ node }) => node)
    const others = primaries.filter(({ server }) => server !== to && server !== from.server)
    return new SlotMove({ slot, from, to: this.#nodeOf(to), others })
  }

  /** Waits for a fail-over: all nodes that serve name another owner than `old`, and the cluster is up. */
  nextOwner(slot: number, old: RedisServer, limitMs = FAILOVER_LIMIT_MS): Promise<RedisServer> {
    const elected = async () => {
      const owner = await this.ownerOf(slot)
      return owner !== old && (await this.#views()).every(({ isOk }) => isOk) ? owner : null
    }
    return until(`the cluster gives slot ${slot} to another primary`, elected, limitMs)
  }

  /** Waits until all nodes that serve agree, see each other well, and their replicas are in sync. */
  async settled(limitMs = SETTLE_LIMIT_MS): Promise<void> {
    await until('the cluster is in sync', async () => ((await this.#isSettled()) ? true : null), limitMs)
  }

  /** Waits until all nodes know each other. */
  async acquainted(): Promise<void> {
    const ids = this.#nodes.map(({ id }) => id)
    const isDone = async () => ((await this.#views()).every((view) => sees(view, ids)) ? true : null)
    await until('the nodes know each other', isDone, SETTLE_LIMIT_MS)
  }

  addressOf(server: RedisServer): Address {
    return this.#members.addressOf(server)
  }

  proxyOf(server: RedisServer): TcpProxy {
    return this.#members.proxyOf(server)
  }

  async stop(): Promise<void> {
    await this.#members.stop()
  }

  async #isSettled(): Promise<boolean> {
    const serving = this.#serving()
    const views = await this.#views()
    const ids = serving.map(({ id }) => id)
    const doAgree = new Set(views.map(layoutOf)).size === 1
    if (!doAgree || !views.every((view) => view.isOk && sees(view, ids))) return false
    const roles = await Promise.all(serving.map(({ server }) => roleOf(server)))
    return roles.every((role) => role.is === 'primary' || role.isSynced)
  }

  #views(): Promise<ClusterView[]> {
    return Promise.all(this.#serving().map(({ server }) => viewOf(server)))
  }

  #serving(): readonly ClusterNode[] {
    return this.#nodes.filter(({ server }) => server.isServing)
  }

  #nodeOf(server: RedisServer): ClusterNode {
    return this.#find((node) => node.server === server)
  }

  #nodeBy(id: string): ClusterNode {
    return this.#find((node) => node.id === id)
  }

  #find(isIt: (node: ClusterNode) => boolean): ClusterNode {
    const node = this.#nodes.find(isIt)
    if (node === undefined) throw new Error('That server is not of this cluster.')
    return node
  }
}

/** Only now: up to five seconds of it go by before a node that starts takes its cluster for whole. */
async function setTimeoutOf(server: RedisServer, timeoutMs: ServerConfig[string]): Promise<void> {
  await server.cli('CONFIG', 'SET', TIMEOUT, String(timeoutMs))
  // So that it says the same after a restart.
  await server.cli('CONFIG', 'REWRITE')
}

async function nodeOf(server: RedisServer): Promise<ClusterNode> {
  return { server, id: String(await server.cli('CLUSTER', 'MYID')) }
}

/** Before the nodes meet: a config epoch can be given only to a node that knows no other. */
async function dealSlots(primaries: readonly ClusterNode[]): Promise<void> {
  const edge = (index: number): number => Math.round((index * SLOTS) / primaries.length)
  await Promise.all(
    primaries.map(async ({ server }, index) => {
      await server.cli('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
      await server.cli('CLUSTER', 'ADDSLOTSRANGE', edge(index), edge(index + 1) - 1)
    }),
  )
}

async function introduce(members: Members, nodes: readonly ClusterNode[]): Promise<void> {
  const [first, ...others] = nodes
  for (const { server } of others) {
    const { host, port } = members.addressOf(server)
    const bus = await server.cli('CONFIG', 'GET', 'cluster-port')
    await first?.server.cli('CLUSTER', 'MEET', host, port, Array.isArray(bus) ? Number(bus[1]) : 0)
  }
}

async function replicate(nodes: readonly ClusterNode[], primaries: number): Promise<void> {
  const replicas = nodes.slice(primaries)
  await Promise.all(
    replicas.map(({ server }, index) =>
      server.cli('CLUSTER', 'REPLICATE', nodes[index % primaries]?.id ?? ''),
    ),
  )
}
