import type { OldBetterAuthStore } from '../compat/old-better-auth.ts'
import { isJsonObject, type JsonObject } from '../core/foreign-data.ts'
import { type OldRedisOptions, textsIn } from './connect-redis.ts'
import { modeIn } from './mode.ts'
import { OldKeys } from './old-keys.ts'
import { sessionIn } from './session-text.ts'

/**
 * What better-auth keeps in Redis: with the default prefix `better-auth:` as @better-auth/redis-storage does it; a
 * storage written by hand has most likely another one, or none (CONTRACTS, section 3.6).
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function betterAuthRedis({
  client,
  prefix = 'better-auth:',
  ...others
}: OldRedisOptions): OldBetterAuthStore {
  const keys = new OldKeys(client, prefix)
  const texts = textsIn(keys, modeIn(others))
  const value = async (key: string): Promise<string | null> => {
    const found = await keys.read(key, 0)
    return found === null || found === 'unreadable' || isSession(sessionIn(found.text)) ? null : found.text
  }
  return {
    ...texts,
    read: async (token, now) => {
      const found = await texts.read(token, now)
      // Counters, verifications and lists are no sessions that somebody damaged.
      return found === 'unreadable' || (found !== null && !isSession(found.data)) ? null : found
    },
    value,
    take: async (key) => {
      const text = await value(key)
      return text !== null && (await keys.take(key)) ? text : null
    },
  }
}

function isSession(data: JsonObject | null): boolean {
  return data !== null && isJsonObject(data['session'])
}
