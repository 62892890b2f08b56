import type { Engine } from '../../core/port.ts'
import { clientOf } from './driver.ts'
import { RedisEngine } from './redis-engine.ts'
import { checkOptions, type RedisOptions } from './redis-options.ts'
import { refusal } from './refusal.ts'

/**
 * An engine on Redis 6.2 or newer, Valkey, or what speaks like them: one server, Sentinel or Cluster.
 * `docs/storage/redis.md` says what is sent and stored, `docs/operations/redis.md` how to run the servers.
 * @throws SessionError `INVALID_ARGUMENT` for a wrong option, or a client whose settings would break sessions
 */
export function redis(options: RedisOptions): Engine {
  const checked = checkOptions(options)
  if (options.client === undefined) throw refusal('a client is needed')
  return new RedisEngine(clientOf(options.client), checked, false)
}
