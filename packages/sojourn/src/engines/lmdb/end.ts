import { isUnreadable } from '../../core/errors.ts'
import type { EndReason, Instant, SessionId } from '../../core/port.ts'
import { isTooEarly } from '../record-check.ts'
import { type CutOff, cut } from './cut-off.ts'
import type { KeyValue } from './key-value.ts'
import { recordKey, userKey } from './keys.ts'
import { bury, draftOf, find, findReadable, forget, update } from './stored.ts'
import { UserSessions } from './user-sessions.ts'

const NO_DATA = new Uint8Array()

/** Within a write transaction. */
export function end(store: KeyValue, id: SessionId, reason: EndReason, at: Instant): boolean {
  const stored = find(store, id)
  if (stored === null || stored.record.ended !== null || isTooEarly(stored.record, reason, at)) return false
  const { userId } = stored.record
  if (userId !== null) unlist(store, userId, new Set([id]))
  bury(store, stored, { at, reason })
  return true
}

/** Within a write transaction. */
export function endUser(store: KeyValue, userId: string, given: CutOff): SessionId[] {
  const cutOff = isId(given.except) ? given : { ...given, except: null }
  const { ids } = new UserSessions(store.get(userKey(userId)))
  // A damaged record ends nothing less: nobody can use it, and the user's other sessions must end.
  const ended = ids
    .filter((id) => id !== cutOff.except)
    .flatMap((id) => findReadable(store, id) ?? [])
    .filter(({ record }) => record.ended === null)
  const excepted = cutOff.except === null ? null : findReadable(store, cutOff.except)
  unlist(store, userId, new Set(ids.filter((id) => id !== cutOff.except)))
  for (const stored of ended) bury(store, stored, cutOff)
  // An earlier cut-off has ended it, and is about to be replaced by one that excepts it.
  if (excepted?.isCutOff && excepted.record.ended !== null) bury(store, excepted, excepted.record.ended)
  cut(store, userId, cutOff)
  return ended.map(({ record }) => record.id)
}

/** Within a write transaction; what failed with those that failed. */
export function settle(store: KeyValue, ids: readonly SessionId[], keepUntil: Instant | null): unknown[] {
  return ids.flatMap((id) => {
    try {
      settleOne(store, id, keepUntil)
      return []
    } catch (error) {
      if (!isUnreadable(error)) throw error
      return [error]
    }
  })
}

function settleOne(store: KeyValue, id: SessionId, keepUntil: Instant | null): void {
  const stored = find(store, id)
  if (stored === null || stored.record.ended === null) return
  if (keepUntil === null) {
    forget(store, stored)
    return
  }
  const { bytes } = draftOf({ ...stored.record, data: NO_DATA })
  update(store, stored, bytes, { dueAt: keepUntil, leasedUntil: 0 })
}

/** What cannot be an id excepts nothing, and must not be stored as if it could. */
function isId(except: SessionId | null): boolean {
  return except !== null && recordKey(except) !== null
}

/** Within a write transaction: takes sessions out of their user's list. */
export function unlist(store: KeyValue, userId: string, ids: ReadonlySet<SessionId>): void {
  const key = userKey(userId)
  const before = store.get(key)
  if (before === null) return
  const { bytes } = new UserSessions(before).without(ids)
  if (bytes.byteLength === 0) store.remove(key)
  else store.put(key, bytes)
}
