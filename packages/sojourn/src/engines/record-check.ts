import { SessionError } from '../core/errors.ts'
import {
  END_REASONS,
  type Ended,
  type EndReason,
  type Instant,
  NEVER,
  type SessionId,
  type SessionRecord,
  USER_CEILING,
  type UserLimit,
} from '../core/port.ts'

/** What holds for a user when no limit is given. */
export const CEILING: UserLimit = { max: USER_CEILING, whenFull: 'refuse', replaces: null }

const MAX_VERSION = 2 ** 32 - 1
const MAX_USER_BYTES = 255
const MAX_SEALED_BYTES = 255
const MAX_RETIRED = 16
const MAX_DATA_BYTES = 2 ** 31
const ID = /^[A-Za-z0-9_-]{16}$/

/**
 * Refuses a record that breaks a rule of the port, above all a deadline that is none: what is not a number
 * compares as "not yet expired", and a session without an end would come of it (SECURITY T46).
 * @throws SessionError `INVALID_ARGUMENT`, with the name of the field
 */
export function assertStorable(record: SessionRecord): void {
  const { previous, retired } = record
  assert(isSessionId(record.id), 'id')
  assertInstants(record)
  assert(record.expiresAt <= record.absoluteAt, 'expiresAt')
  assert(Number.isInteger(record.version) && record.version >= 1 && record.version <= MAX_VERSION, 'version')
  if (record.userId !== null) assertUserId(record.userId)
  assert(isBytes(record.digest, 32), 'digest')
  assert(previous === null || isBytes(previous.digest, 32), 'previous.digest')
  assert(previous === null || isBytes(previous.sealed, 0, MAX_SEALED_BYTES), 'previous.sealed')
  assert(Array.isArray(retired) && retired.length <= MAX_RETIRED, 'retired')
  assert(
    retired.every(({ digest }) => isBytes(digest, 8)),
    'retired.digest',
  )
  if (record.ended !== null) assertEnd(record.ended.reason, record.ended.at)
  assert(isBytes(record.data, 0, MAX_DATA_BYTES), 'data')
}

export function isSessionId(id: unknown): id is SessionId {
  return typeof id === 'string' && ID.test(id)
}

/** What is stored lives. @throws SessionError `INVALID_ARGUMENT` */
export function assertLives(record: SessionRecord): void {
  if (record.ended === null) return
  throw new SessionError('INVALID_ARGUMENT', 'A stored session must not have ended.')
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function assertNewer(record: SessionRecord, expectedVersion: number): void {
  if (record.version > expectedVersion) return
  throw new SessionError('INVALID_ARGUMENT', 'A replace must store a higher version.')
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function assertInstant(instant: Instant, name: string): void {
  assert(Number.isSafeInteger(instant) && instant >= 0 && instant <= NEVER, name)
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function assertEnd(reason: EndReason, at: Instant): void {
  assert(END_REASONS.includes(reason), 'reason')
  assertInstant(at, 'end')
}

/** When and why a record ends whose time is over; null for one that has no end. */
export function endByTime({
  expiresAt,
  absoluteAt,
}: Pick<SessionRecord, 'expiresAt' | 'absoluteAt'>): Ended | null {
  if (absoluteAt === NEVER) return null
  return { at: expiresAt, reason: expiresAt < absoluteAt ? 'idle' : 'absolute' }
}

/** Whether a session that lives by its deadline would be ended as if it had expired. */
export function isTooEarly(
  { expiresAt }: Pick<SessionRecord, 'expiresAt'>,
  reason: EndReason,
  at: Instant,
): boolean {
  return (reason === 'idle' || reason === 'absolute') && expiresAt > at
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function assertUserId(userId: string): void {
  assert(isUserId(userId), 'userId')
}

function assertInstants(record: SessionRecord): void {
  const { previous, retired } = record
  assertInstant(record.createdAt, 'createdAt')
  assertInstant(record.seenAt, 'seenAt')
  assertInstant(record.expiresAt, 'expiresAt')
  assertInstant(record.absoluteAt, 'absoluteAt')
  if (record.authenticatedAt !== null) assertInstant(record.authenticatedAt, 'authenticatedAt')
  if (previous !== null && previous.graceEndsAt !== null) assertInstant(previous.graceEndsAt, 'graceEndsAt')
  for (const { reuseFrom } of retired) assertInstant(reuseFrom, 'reuseFrom')
}

/** Well-formed: a lone surrogate becomes U+FFFD in UTF-8, and two users would share a name. */
function isUserId(userId: unknown): boolean {
  if (typeof userId !== 'string') return false
  const bytes = Buffer.byteLength(userId)
  return bytes >= 1 && bytes <= MAX_USER_BYTES && (!/[\ud800-\udfff]/.test(userId) || isWellFormed(userId))
}

function isWellFormed(text: string): boolean {
  return Buffer.from(text).toString() === text
}

function isBytes(bytes: unknown, min: number, max = min): boolean {
  return bytes instanceof Uint8Array && bytes.byteLength >= min && bytes.byteLength <= max
}

function assert(condition: boolean, name: string): void {
  if (!condition) throw new SessionError('INVALID_ARGUMENT', `The ${name} of a session is not valid.`)
}
