import type { Activity } from '../core/activity.ts'
import { isJsonObject } from '../core/foreign-data.ts'
import type { OldForm } from '../core/old-store.ts'
import type { Instant } from '../core/port.ts'
import { type CookieTimes, dressed, stripped, usedBy } from './express-cookie.ts'

/** Later than any clock: counts as of now. */
const NOW = Number.MAX_SAFE_INTEGER

/** Sessions as express-session writes them. */
export const EXPRESS_FORM: OldForm = {
  adopt: (_id, { data, expiresAt }) => {
    const { cookie } = data
    if (!isJsonObject(cookie)) return null
    return { data: stripped(data), use: usedUntil(cookie, expiresAt) }
  },
  restore: (_id, data, times) => dressed(data, times),
}

/**
 * The use that an old session was last of. When it ends is told by its old store alone, because a touch there moves the
 * deadline and leaves the date in the data (CONTRACTS 3.0.2).
 */
export function usedUntil(cookie: CookieTimes, expiresAt: Instant | null): Activity | null {
  const used = usedBy(cookie)
  if (expiresAt === null) return used
  const { originalMaxAge } = cookie
  const isLasting = used !== null && typeof originalMaxAge === 'number' && originalMaxAge > 0
  return { seenAt: isLasting ? Math.round(expiresAt - originalMaxAge) : NOW, expiresAt }
}
