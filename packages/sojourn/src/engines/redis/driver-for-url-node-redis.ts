import type { Driver } from './driver.ts'
import { ReopeningCluster, ReopeningSentinel } from './driver-for-url-reopening.ts'
import {
  CONNECT_MS,
  installedOrNull,
  LOOK_AROUND_MS,
  QUEUE_LIMIT,
  QUEUE_MS,
  quiet,
  retryAfter,
  SIGN_OF_LIFE_MS,
  SILENCE_MS,
} from './driver-for-url-settings.ts'
import type { ServerUrl } from './server-url.ts'

/** So often it looks for a primary, a second apart, before it gives up and whoever asks next has it look again. */
const SEARCHES = 3

export async function nodeRedisDriver(where: ServerUrl): Promise<Driver | null> {
  const installed = await installedOrNull(() => import('redis'))
  if (installed === null) return null
  const { createClient, createCluster, createSentinel } = installed
  if (where.kind === 'server') return opened(quiet(createClient(serverOptions(where))))
  if (where.kind === 'sentinel') return opened(new ReopeningSentinel(createSentinel(sentinelOptions(where))))
  return opened(new ReopeningCluster(createCluster(clusterOptions(where))))
}

const WAITING = { commandOptions: { timeout: QUEUE_MS } } as const

function serverOptions(where: ServerUrl) {
  const { socket, ...options } = connectionOptions(where)
  return { ...options, ...WAITING, socket: { ...socket, ...where.nodes[0] }, database: where.database }
}

function sentinelOptions(where: ServerUrl) {
  const { name, nodes, redirect } = where
  const { socket, ...options } = connectionOptions(where)
  return {
    name,
    ...WAITING,
    sentinelRootNodes: [...nodes],
    nodeClientOptions: { ...options, socket },
    maxCommandRediscovers: SEARCHES,
    sentinelClientOptions: { socket: { ...socket, reconnectStrategy: false as const } },
    ...(redirect === null ? {} : { nodeAddressMap: (address: string) => redirect(address) ?? undefined }),
  }
}

function clusterOptions(where: ServerUrl) {
  const { nodes, redirect } = where
  return {
    ...WAITING,
    topologyRefreshOnReconnectionAttemptStrategy: LOOK_AROUND_MS,
    rootNodes: nodes.map((at) => ({ socket: { ...at } })),
    defaults: connectionOptions(where),
    ...(redirect === null ? {} : { nodeAddressMap: (address: string) => redirect(address) ?? undefined }),
  }
}

function connectionOptions({ username, password, isEncrypted }: ServerUrl) {
  return {
    commandsQueueMaxLength: QUEUE_LIMIT,
    pingInterval: SIGN_OF_LIFE_MS,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    socket: {
      connectTimeout: CONNECT_MS,
      // Counts from the last reply, asked for or not.
      socketTimeout: SIGN_OF_LIFE_MS + SILENCE_MS,
      reconnectStrategy: retryAfter,
      ...(isEncrypted ? { tls: true as const } : {}),
    },
  }
}

/** Until a server is found calls are refused, and say why. */
function opened<Client extends { connect(): Promise<unknown> }>(client: Client): Client {
  client.connect().catch(() => undefined)
  return client
}
