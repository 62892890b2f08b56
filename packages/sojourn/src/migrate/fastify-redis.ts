import type { JsonObject } from '../core/foreign-data.ts'
import { type OldSession, type OldStore, printOf } from '../core/old-store.ts'
import type { Instant } from '../core/port.ts'
import { type OldRedisOptions, textsIn } from './connect-redis.ts'
import { modeIn } from './mode.ts'
import { OldKeys, type OldText } from './old-keys.ts'
import { sessionIn } from './session-text.ts'

/**
 * Sessions of @fastify/session in Redis: as JSON text (connect-redis, fastify-session-redis-store), or as a hash
 * (@mgcrea/fastify-session-redis-store), which can only be moved (CONTRACTS, section 3.4). Default prefix `sess:`.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function fastifyRedis({ client, prefix = 'sess:', ...others }: OldRedisOptions): OldStore {
  const keys = new OldKeys(client, prefix)
  const mode = modeIn(others)
  const texts = textsIn(keys, mode)
  return {
    ...texts,
    read: async (id, now) => {
      const found = await texts.read(id, now)
      return found === 'unreadable' && mode === 'move' ? hashed(keys, id, now) : found
    },
  }
}

async function hashed(keys: OldKeys, id: string, now: Instant): Promise<OldSession | 'unreadable'> {
  // A key of yet another type says so.
  const found = await keys.readField(id, 'data', now).catch(() => null)
  const data = found === null ? null : sessionIn(found.text)
  return found === null || data === null ? 'unreadable' : withCookie(data, found, now)
}

/** A hash keeps what a cookie would say beside the data, and no cookie. */
function withCookie(data: JsonObject, { text, expiresAt }: OldText, now: Instant): OldSession {
  const times =
    expiresAt === null
      ? { expires: null, originalMaxAge: null }
      : { expires: new Date(expiresAt).toISOString(), originalMaxAge: expiresAt - now }
  return {
    data: { cookie: { path: '/', httpOnly: true, ...times }, ...data },
    expiresAt,
    print: printOf(text),
  }
}
