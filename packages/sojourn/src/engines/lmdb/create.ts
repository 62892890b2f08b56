import { type Created, type Instant, type SessionId, USER_CEILING, type UserLimit } from '../../core/port.ts'
import { CEILING } from '../record-check.ts'
import { giveWay } from './cut-off.ts'
import type { KeyValue } from './key-value.ts'
import { userKey } from './keys.ts'
import { bury, type Draft, find, insert, isLive, type Stored } from './stored.ts'
import { UserSessions } from './user-sessions.ts'

/** Within a write transaction. */
export function create(store: KeyValue, draft: Draft, limit: UserLimit | null, now: Instant): Created {
  const { userId, id, createdAt, expiresAt } = draft.record
  if (find(store, id) !== null) return { outcome: 'exists' }
  const surplus = userId === null ? [] : surplusOf(store, userId, limit ?? CEILING, now)
  if (surplus === null) return { outcome: 'full' }
  const ended = surplus.map((stored) => stored.record.id)
  if (userId !== null) {
    const key = userKey(userId)
    const row = new UserSessions(store.get(key)).without(new Set(ended))
    giveWay(store, userId, createdAt)
    store.put(key, row.with({ createdAt, id, liveUntil: expiresAt }).bytes)
  }
  for (const stored of surplus) bury(store, stored, { at: now, reason: 'limit' })
  insert(store, draft, expiresAt)
  return { outcome: 'done', ended }
}

/** The sessions that must end so that one more fits, oldest first; null when it must be refused. */
function surplusOf(store: KeyValue, userId: string, limit: UserLimit, now: Instant): Stored[] | null {
  const isLiveNow = (id: SessionId) => {
    const stored = find(store, id)
    return stored !== null && isLive(stored.record, now)
  }
  const live = new UserSessions(store.get(userKey(userId)))
    .live(now, isLiveNow)
    .filter((id) => id !== limit.replaces)
  const surplus = live.length + 1 - Math.min(limit.max, USER_CEILING)
  if (surplus <= 0) return []
  if (limit.whenFull === 'refuse') return null
  return live.slice(0, surplus).flatMap((id) => find(store, id) ?? [])
}
