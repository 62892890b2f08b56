import type { Invalidations } from '../invalidations.ts'
import { clientOf, type Driver } from './driver.ts'
import { subscriberOf } from './invalidations-driver.ts'
import { RedisInvalidations } from './invalidations-redis.ts'
import { checkOptions } from './redis-options.ts'
import { refusal } from './refusal.ts'

export interface InvalidationOptions {
  /** The same client that the engine has: what it reads from is what must tell of changes. It stays yours. */
  readonly client: Driver
  /** The same prefix that the engine has. `sojourn`. */
  readonly prefix?: string
}

/**
 * Tells a near cache what is written on the servers of this client, by their broadcast tracking, on a
 * connection of its own to each primary. `docs/near-cache.md` says which rights it needs.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function invalidations(options: InvalidationOptions): Invalidations {
  const unknown = Object.keys(options).find((name) => name !== 'client' && name !== 'prefix')
  if (unknown !== undefined) throw refusal(`invalidations has no option "${unknown}"`)
  const { client } = options
  const { prefix } = checkOptions(options)
  return new RedisInvalidations({
    client: clientOf(client),
    prefix,
    subscriber: (key) => subscriberOf(client, key),
  })
}
