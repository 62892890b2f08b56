import type { Driver } from './driver.ts'
import { ioredisDriver, iovalkeyDriver } from './driver-for-url-ioredis.ts'
import { nodeRedisDriver } from './driver-for-url-node-redis.ts'
import { refusal } from './refusal.ts'
import { type ServerUrl, serverUrlOf } from './server-url.ts'

/** node-redis is the package `redis`; the others are called like their packages. */
export type DriverName = 'ioredis' | 'iovalkey' | 'node-redis'

/** In the order in which they are looked for. Null where the driver is not installed. */
const MAKERS: Readonly<Record<DriverName, (where: ServerUrl) => Promise<Driver | null>>> = {
  ioredis: ioredisDriver,
  iovalkey: iovalkeyDriver,
  'node-redis': nodeRedisDriver,
}

/**
 * A client with settings that suit sessions: no command waits for long, none is sent twice, and none queues
 * without bound while the server is away.
 * @param name the driver to use; null for the first that is installed
 * @throws SessionError `INVALID_ARGUMENT` for a URL that names no server, or one that is not to be used without
 * TLS (SECURITY T90); or when the driver is not installed
 */
export async function driverFor(
  url: unknown,
  allowPlaintext: boolean,
  name: DriverName | null = null,
): Promise<Driver> {
  const where = serverUrlOf(url, allowPlaintext)
  for (const make of name === null ? Object.values(MAKERS) : [MAKERS[name]]) {
    const driver = await make(where)
    if (driver !== null) return driver
  }
  if (name === null) {
    throw refusal('a url needs ioredis, iovalkey or redis to be installed: npm install ioredis')
  }
  throw refusal(`${name} is not installed: npm install ${name === 'node-redis' ? 'redis' : name}`)
}

export function isDriverName(name: unknown): name is DriverName {
  return typeof name === 'string' && Object.hasOwn(MAKERS, name)
}
