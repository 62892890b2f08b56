import { isPlainObject, type JsonObject, jsonCopy } from '../core/foreign-data.ts'
import type { Instant } from '../core/port.ts'
import type { Seal } from './seal.ts'

type Fields = Readonly<Record<string, unknown>>

/** A session with its user, as better-auth stores both under the session's token. */
export interface SessionValue {
  readonly session: Fields
  readonly user: unknown
}

/** The session that a value is; null for any other value. What makes it one is that it holds its own key as its token. */
export function sessionIn(key: string, value: string): SessionValue | null {
  const parsed = parsedJson(value)
  if (!isPlainObject(parsed)) return null
  const { session, user = null } = parsed
  if (!isPlainObject(session) || ownerOf({ session }) === null) return null
  const { token } = session
  return token === key ? { session, user } : null
}

/** Whose session it is, from what is stored of it. */
export function ownerOf({ session }: Fields): string | null {
  const { userId } = isPlainObject(session) ? session : {}
  if (typeof userId === 'number') return String(userId)
  return typeof userId === 'string' && userId !== '' ? userId : null
}

/** What is stored: no token in clear. The sealed one is for lists; it stays the same as long as it can be opened. */
export function storedFrom(
  key: string,
  { session, user }: SessionValue,
  before: Fields,
  seal: Seal,
): JsonObject {
  const { token: _token, ...fields } = session
  const { label } = seal
  const owner = ownerOf({ session }) ?? ''
  const { sealed } = before
  const isSealed = typeof sealed === 'string' && seal.open(sealed, aboutUser(owner)) === key
  const again = isSealed ? sealed : seal.seal(key, aboutUser(owner))
  return jsonCopy({ session: fields, user, label, sealed: again })
}

/** The value that better-auth gets back; null for data that is none of its own. */
export function valueFrom(key: string, data: Fields): string | null {
  const { session, user } = data
  if (!isPlainObject(session)) return null
  return JSON.stringify({ session: { ...session, token: key }, user })
}

/** The token of a stored session; null when this secret did not seal it, or when it is no session of better-auth's. */
export function tokenIn(data: Fields, seal: Seal): string | null {
  const { sealed } = data
  const owner = ownerOf(data)
  return typeof sealed === 'string' && owner !== null ? seal.open(sealed, aboutUser(owner)) : null
}

/**
 * better-auth writes session and user together, also when it changed one of them, and what it read of the other may
 * be old by then. Which one it changed is told by the user's own date: a newer user comes without a change to the
 * session, and with an older one the session was changed.
 */
export function laidOver(before: Fields, next: SessionValue): SessionValue {
  const { session, user } = before
  const { token } = next.session
  const [had, has] = [instantIn(user, 'updatedAt'), instantIn(next.user, 'updatedAt')]
  if (had === null || has === null || had === has || !isPlainObject(session)) return next
  return had < has ? { session: { ...session, token }, user: next.user } : { ...next, user }
}

/** A date of a session or a user; null when it has none. */
export function instantIn(fields: unknown, name: string): Instant | null {
  const date = isPlainObject(fields) ? fields[name] : null
  const at = typeof date === 'string' ? Date.parse(date) : Number.NaN
  return Number.isNaN(at) ? null : at
}

/** What a sealed token is bound to: another user's list never shows it. */
function aboutUser(userId: string): string {
  return `user ${userId}`
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
