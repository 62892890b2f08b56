import type { OldStore } from '../core/old-store.ts'
import { type OldRedisOptions, textsIn } from './connect-redis.ts'
import { modeIn } from './mode.ts'
import { OldKeys } from './old-keys.ts'

/**
 * Sessions of koa-session in koa-redis, or in another store that keeps JSON text under the key that koa-session gives
 * it (CONTRACTS, section 3.5). The `prefix` of koa-session is a part of that key, so that none is to be said here; one
 * that the store itself puts in front of it is.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function koaRedis({ client, prefix = '', ...others }: OldRedisOptions): OldStore {
  return textsIn(new OldKeys(client, prefix), modeIn(others))
}
