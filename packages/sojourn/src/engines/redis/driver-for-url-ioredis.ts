import type { Driver } from './driver.ts'
import {
  CONNECT_MS,
  installedOrNull,
  quiet,
  REDIRECTIONS,
  retryAfter,
  SILENCE_MS,
} from './driver-for-url-settings.ts'
import { failureOf } from './failures.ts'
import type { ServerUrl } from './server-url.ts'

export async function ioredisDriver(where: ServerUrl): Promise<Driver | null> {
  const installed = await installedOrNull(() => import('ioredis'))
  if (installed === null) return null
  const { Cluster, Redis } = installed
  if (where.kind === 'cluster') return reached(bounded(new Cluster([...where.nodes], clusterOptions(where))))
  if (where.kind === 'sentinel') return bounded(new Redis(sentinelOptions(where)))
  return quiet(new Redis(serverOptions(where)))
}

export async function iovalkeyDriver(where: ServerUrl): Promise<Driver | null> {
  const installed = await installedOrNull(() => import('iovalkey'))
  if (installed === null) return null
  const { Cluster, Redis } = installed
  if (where.kind === 'cluster') return reached(bounded(new Cluster([...where.nodes], clusterOptions(where))))
  if (where.kind === 'sentinel') return bounded(new Redis(sentinelOptions(where)))
  return quiet(new Redis(serverOptions(where)))
}

function serverOptions(where: ServerUrl) {
  const [at] = where.nodes
  return { ...connectionOptions(where), ...SINGLE_OPTIONS, ...at, db: where.database }
}

function sentinelOptions(where: ServerUrl) {
  const { nodes, name, redirect } = where
  const encrypted = where.isEncrypted ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}
  return {
    ...connectionOptions(where),
    ...SINGLE_OPTIONS,
    ...encrypted,
    ...(redirect === null ? {} : { natMap: redirect }),
    sentinels: [...nodes],
    name,
    sentinelRetryStrategy: retryAfter,
    // A Sentinel that hangs is as good as none: the next one is asked.
    sentinelCommandTimeout: CONNECT_MS,
    // What waits while the driver looks for a primary is rejected after this.
    commandTimeout: SILENCE_MS,
  }
}

function clusterOptions(where: ServerUrl) {
  return {
    redisOptions: connectionOptions(where),
    maxRedirections: REDIRECTIONS,
    clusterRetryStrategy: retryAfter,
    enableOfflineQueue: false,
    ...(where.redirect === null ? {} : { natMap: where.redirect }),
    // A certificate names hosts; addresses that were looked up would not be found in it.
    ...(where.isEncrypted ? { dnsLookup: asItIs } : {}),
  }
}

function connectionOptions({ username, password, isEncrypted }: ServerUrl) {
  return {
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    // A server that loads its data says so to each call; to wait for it would take INFO, a right of its own.
    enableReadyCheck: false,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...(isEncrypted ? { tls: {} } : {}),
  }
}

const SINGLE_OPTIONS = {
  // A connection that breaks rejects what was on its way: the engine decides what is sent again.
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  retryStrategy: retryAfter,
  // The server is a replica now, and would be for ever on this connection.
  reconnectOnError: ({ message }: Error) => message.startsWith('READONLY'),
} as const

function asItIs(host: string, found: (error: null, address: string) => void): void {
  found(null, host)
}

interface Waiting {
  readonly options: { enableOfflineQueue?: boolean | undefined }
  on(event: 'error' | 'ready' | 'close', listener: () => void): unknown
  once(event: 'error' | 'ready' | 'close', listener: (error: unknown) => void): unknown
}

/**
 * With one server, what waits is rejected at each failed attempt to connect. With several the driver looks for
 * a primary as long as it takes, and would let calls wait without bound: from the first failure they are
 * refused, until it has found one.
 */
function bounded<Client extends Waiting>(client: Client): Client {
  client.on('error', () => letWait(client, false))
  client.on('ready', () => letWait(client, true))
  return client
}

/**
 * A cluster's client tells nobody who waits that it found no server, and nobody why: nobody waits but while it
 * has one, and a server's refusal of what the URL says is one to open the engine at all.
 * @throws SessionError `ENGINE_REFUSED`
 */
async function reached<Client extends Waiting & { disconnect(): void }>(client: Client): Promise<Client> {
  client.on('close', () => letWait(client, false))
  const error = await new Promise((resolve) => {
    client.once('ready', () => resolve(null))
    client.once('error', resolve)
    client.once('close', () => resolve(null))
  })
  if (error instanceof Error && 'lastNodeError' in error) {
    const failure = failureOf(error.lastNodeError, 'ENGINE_UNAVAILABLE')
    if (failure.code === 'ENGINE_REFUSED') {
      client.disconnect()
      throw failure
    }
  }
  return client
}

function letWait({ options }: Waiting, isAllowed: boolean): void {
  options.enableOfflineQueue = isAllowed
}
