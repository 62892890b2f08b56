import type { Activity } from '../core/activity.ts'
import { isJsonObject, isPlainObject, type JsonObject } from '../core/foreign-data.ts'

/** Later than any clock: a use that names no instant of its own counts as of now. */
const NOW = Number.MAX_SAFE_INTEGER

/** A session's cookie, as far as it tells how long the session lives. */
export interface CookieTimes {
  readonly expires?: unknown
  readonly originalMaxAge?: unknown
}

/**
 * How long a cookie's session lives: until `expires`, counted from `originalMaxAge` before that. Null for a cookie
 * without a date, which dies with the browser.
 */
export function usedBy({ expires, originalMaxAge }: CookieTimes): Activity | null {
  const expiresAt = instantOf(expires)
  if (expiresAt === null) return null
  const isKnown = typeof originalMaxAge === 'number' && Number.isFinite(originalMaxAge)
  return { seenAt: isKnown ? Math.round(expiresAt - originalMaxAge) : NOW, expiresAt }
}

/** A session as it is stored: without the times of its cookie, which are the record's (CONTRACTS L5). */
export function stripped({ cookie: given, ...data }: JsonObject): JsonObject {
  const cookie = isJsonObject(given) ? given : {}
  const { expires = null, originalMaxAge = null, ...attributes } = cookie
  // Without a date it says so, because any other session gets one.
  const isDated = usedBy(cookie) !== null
  return { ...data, cookie: isDated ? attributes : { ...attributes, expires, originalMaxAge } }
}

/** The same as the middleware takes it: its cookie with the times of the record. */
export function dressed(
  { cookie, ...data }: Record<string, unknown>,
  { seenAt, expiresAt }: Activity,
): Record<string, unknown> {
  const attributes = isPlainObject(cookie) ? cookie : { expires: null, originalMaxAge: null }
  if ('expires' in attributes) return { ...data, cookie: attributes }
  const times = { expires: new Date(expiresAt), originalMaxAge: expiresAt - seenAt }
  return { ...data, cookie: { ...attributes, ...times } }
}

function instantOf(expires: unknown): number | null {
  const at =
    typeof expires === 'string'
      ? Date.parse(expires)
      : expires instanceof Date
        ? expires.getTime()
        : Number.NaN
  return Number.isNaN(at) ? null : at
}
