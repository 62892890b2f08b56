import type { Milliseconds } from '../../core/port.ts'
import type { Driver } from './driver.ts'
import { refusal } from './refusal.ts'

/** Longer than any healthy server needs, shorter than a request may wait. */
const CONNECT_MS: Milliseconds = 1_000
const FIRST_RETRY_MS: Milliseconds = 50
const LONGEST_RETRY_MS: Milliseconds = 1_000
const SILENCE_MS: Milliseconds = 5_000
const QUEUE_LIMIT = 10_000
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * A client with settings that suit sessions: no command waits for long, none is sent twice, and none queues
 * without bound while the server is away.
 * @throws SessionError `INVALID_ARGUMENT` for a URL that names no server, or one that is not to be used without
 * TLS (SECURITY T90); or when no driver is installed
 */
export async function driverFor(url: unknown, allowPlaintext: boolean): Promise<Driver> {
  assertUrl(url, allowPlaintext)
  const drivers = [ioredisDriver, iovalkeyDriver, nodeRedisDriver]
  for (const make of drivers) {
    const driver = await make(url)
    if (driver !== null) return driver
  }
  throw refusal('a url needs ioredis, iovalkey or redis to be installed: npm install ioredis')
}

function assertUrl(url: unknown, allowPlaintext: boolean): asserts url is string {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : null
  if (parsed === null || !/^rediss?:$/.test(parsed.protocol) || parsed.hostname === '') {
    throw refusal('url must be redis://host:port or rediss://host:port')
  }
  if (parsed.protocol === 'redis:' && !LOOPBACK.test(parsed.hostname) && !allowPlaintext) {
    throw refusal('redis:// to another host is readable on the way: use rediss://, or set allowPlaintext')
  }
}

async function ioredisDriver(url: string): Promise<Driver | null> {
  const installed = await installedOrNull(() => import('ioredis'))
  return installed && quiet(new installed.Redis(url, IOREDIS_OPTIONS))
}

async function iovalkeyDriver(url: string): Promise<Driver | null> {
  const installed = await installedOrNull(() => import('iovalkey'))
  return installed && quiet(new installed.Redis(url, IOREDIS_OPTIONS))
}

async function nodeRedisDriver(url: string): Promise<Driver | null> {
  const installed = await installedOrNull(() => import('redis'))
  if (installed === null) return null
  const client = installed.createClient({
    url,
    commandsQueueMaxLength: QUEUE_LIMIT,
    socket: { connectTimeout: CONNECT_MS, reconnectStrategy: retryAfter },
  })
  client.on('error', () => undefined)
  // It goes on trying; until then calls are refused, and say why.
  client.connect().catch(() => undefined)
  return client
}

const IOREDIS_OPTIONS = {
  connectTimeout: CONNECT_MS,
  socketTimeout: SILENCE_MS,
  // A connection that breaks rejects what was on its way: the engine decides what is sent again.
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  retryStrategy: retryAfter,
} as const

function retryAfter(attempt: number): Milliseconds {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt, 10), LONGEST_RETRY_MS)
}

/** Failures reach the callers, one by one; without a listener they would also be printed. */
function quiet<Client extends { on(event: 'error', listener: () => void): unknown }>(client: Client): Client {
  client.on('error', () => undefined)
  return client
}

async function installedOrNull<Module>(load: () => Promise<Module>): Promise<Module | null> {
  try {
    return await load()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return null
    throw error
  }
}
