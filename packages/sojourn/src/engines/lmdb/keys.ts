import type { Instant, SessionId } from '../../core/port.ts'

/*
 * One tree holds everything; the first character says what a key is for. A key is text of characters up to
 * U+00FF, each of which is one byte of the stored key, so that text and bytes sort alike.
 *
 *   f                            the format of the store
 *   r id                         a record
 *   u userId                     the user's sessions that have not ended
 *   c userId                     the user's cut-off
 *   d instant id                 when somebody must look at a record
 *   e instant userId             when a cut-off may be forgotten
 */
export type Key = string

export const FORMAT_KEY: Key = 'f'
/** From the first key to behind the last of the records, of the due list, and of the list of cut-offs to forget. */
export const RECORDS = { first: 'r', end: 's' } as const
export const DUE = { first: 'd', end: 'e' } as const
export const FORGET = { first: 'e', end: 'f' } as const

const ID_LENGTH = 16
const INSTANT_BYTES = 6
const ASCII = /^[\0-\x7f]*$/

/** Null for what cannot be an id: nothing is stored under it. */
export function recordKey(id: SessionId): Key | null {
  return typeof id === 'string' && id.length === ID_LENGTH && ASCII.test(id) ? `r${id}` : null
}

/** The first key behind this record's. */
export function afterRecord(id: SessionId): Key {
  return `r${id}\0`
}

export function idOfRecordKey(key: Key): SessionId {
  return key.slice(1)
}

export function userKey(userId: string): Key {
  return `u${bytesAsText(userId)}`
}

export function cutOffKey(userId: string): Key {
  return `c${bytesAsText(userId)}`
}

export function dueKey(at: Instant, id: SessionId): Key {
  return `d${instantAsText(at)}${id}`
}

/** Behind every entry of the due list up to and at this instant. */
export function dueAfter(at: Instant): Key {
  return `d${instantAsText(at)}\xff`
}

export function partsOfDueKey(key: Key): { at: Instant; id: SessionId } {
  return { at: textAsInstant(key), id: key.slice(1 + INSTANT_BYTES) }
}

export function forgetKey(at: Instant, cutOff: Key): Key {
  return `e${instantAsText(at)}${cutOff.slice(1)}`
}

export function forgetAfter(at: Instant): Key {
  return `e${instantAsText(at)}\xff`
}

/** The key of the cut-off that an entry of the list is about. */
export function cutOffOfForgetKey(key: Key): Key {
  return `c${key.slice(1 + INSTANT_BYTES)}`
}

function bytesAsText(userId: string): string {
  return ASCII.test(userId) ? userId : Buffer.from(userId).toString('latin1')
}

function instantAsText(at: Instant): string {
  const bytes = Buffer.allocUnsafe(INSTANT_BYTES)
  bytes.writeUIntBE(at, 0, INSTANT_BYTES)
  return bytes.toString('latin1')
}

function textAsInstant(key: Key): Instant {
  return Buffer.from(key, 'latin1').readUIntBE(1, INSTANT_BYTES)
}
