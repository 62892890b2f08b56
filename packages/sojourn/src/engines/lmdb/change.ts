import type { Instant, Replaced, SessionId, SessionRecord } from '../../core/port.ts'
import type { KeyValue } from './key-value.ts'
import { userKey } from './keys.ts'
import {
  type Deadline,
  type Draft,
  draftOf,
  find,
  isLive,
  type Stored,
  update,
  withDeadline,
} from './stored.ts'
import { UserSessions } from './user-sessions.ts'

/** Within a write transaction. */
export function replace(store: KeyValue, draft: Draft, expectedVersion: number, now: Instant): Replaced {
  const stored = find(store, draft.record.id)
  if (stored === null || !isLive(stored.record, now)) return { outcome: 'gone' }
  if (stored.record.version !== expectedVersion) return { outcome: 'conflict', current: stored.record }
  const { leasedUntil } = stored
  const { bytes } = sameSession(draft, stored.record)
  const deadline = laterOf(stored.record, draft.record)
  shorten(store, stored.record, deadline.expiresAt)
  const dueAt = dueAtOf(stored, deadline.expiresAt)
  update(store, stored, withDeadline(bytes, deadline), { dueAt, leasedUntil })
  return { outcome: 'done' }
}

/** Within a write transaction. The entry in the due list stays: whoever finds it too early moves it. */
export function touch(store: KeyValue, id: SessionId, seenAt: Instant, expiresAt: Instant): boolean {
  const stored = find(store, id)
  if (stored === null || !isLive(stored.record, seenAt)) return false
  const { record } = stored
  const moved = {
    seenAt: Math.max(record.seenAt, seenAt),
    expiresAt: Math.max(record.expiresAt, Math.min(expiresAt, record.absoluteAt)),
  }
  if (moved.seenAt !== record.seenAt || moved.expiresAt !== record.expiresAt) {
    update(store, stored, withDeadline(stored.bytes, moved), stored)
  }
  return true
}

/** The draft with the user and the creation that never change, whatever it says. */
function sameSession(draft: Draft, { userId, createdAt }: SessionRecord): Draft {
  const { record } = draft
  const isSame = record.userId === userId && record.createdAt === createdAt
  return isSame ? draft : draftOf({ ...record, userId, createdAt })
}

/** The later `seenAt` with its `expiresAt`, within the absolute deadline that is about to be stored. */
function laterOf(stored: SessionRecord, record: SessionRecord): Deadline {
  const isTie = stored.seenAt === record.seenAt
  const { seenAt, expiresAt } = stored.seenAt > record.seenAt ? stored : record
  const later = isTie ? Math.max(stored.expiresAt, record.expiresAt) : expiresAt
  return { seenAt, expiresAt: Math.min(later, record.absoluteAt) }
}

/** A later deadline leaves the entry where it is; `due` moves it on. An earlier one must move it now. */
function dueAtOf({ dueAt, leasedUntil }: Stored, expiresAt: Instant): Instant {
  return Math.min(dueAt, Math.max(expiresAt, leasedUntil))
}

/** The row of the user's sessions must not say that it lives for longer than it does. */
function shorten(store: KeyValue, { id, userId }: SessionRecord, expiresAt: Instant): void {
  if (userId === null) return
  const key = userKey(userId)
  const shorter = new UserSessions(store.get(key)).shortened(id, expiresAt)
  if (shorter !== null) store.put(key, shorter.bytes)
}
