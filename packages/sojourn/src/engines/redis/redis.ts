import type { Engine } from '../../core/port.ts'
import { remember } from './doctor-subject.ts'
import { clientOf } from './driver.ts'
import { driverFor } from './driver-for-url.ts'
import { RedisEngine } from './redis-engine.ts'
import { checkOptions, type RedisOptions } from './redis-options.ts'

/**
 * An engine on Redis 6.2 or newer, Valkey, or what speaks like them: one server, Sentinel or Cluster.
 * `docs/storage/redis.md` says what is sent and stored, `docs/operations/redis.md` how to run the servers. It
 * does not wait for the server: until it answers, calls reject with `ENGINE_UNAVAILABLE`.
 * @throws SessionError `INVALID_ARGUMENT` for a wrong option, or a client whose settings would break sessions
 */
export function redis(options: RedisOptions): Promise<Engine> {
  const engine = openEngine(options)
  // Whoever was to await it may throw first: that must not end the process for the rejection left over.
  engine.catch(() => null)
  return engine
}

async function openEngine(options: RedisOptions): Promise<Engine> {
  const checked = checkOptions(options)
  const { client, url, allowPlaintext = false, driver: name = null } = options
  const driver = clientOf(client ?? (await driverFor(url, allowPlaintext, name)))
  return remember(new RedisEngine(driver, checked, client === undefined), driver, checked)
}
