import type { Created, Replaced, SessionId, SessionRecord } from '../../core/port.ts'
import { plain } from '../claims.ts'

/** Whether two answers are equal in every field and byte. By hand: this is most of what the model does. */
export function isSameRecord(a: SessionRecord | null, b: SessionRecord | null): boolean {
  if (a === null || b === null) return a === b
  return (
    a.id === b.id &&
    a.version === b.version &&
    a.seenAt === b.seenAt &&
    a.expiresAt === b.expiresAt &&
    hasSameEnd(a, b) &&
    hasSameOrigin(a, b) &&
    isSameBytes(a.data, b.data) &&
    isSameBytes(a.digest, b.digest) &&
    hasSameSecrets(a, b)
  )
}

export function isSameRecords(a: readonly SessionRecord[], b: readonly SessionRecord[]): boolean {
  return a.length === b.length && a.every((record, index) => isSameRecord(record, b[index] ?? null))
}

export function isSameCreated(a: Created, b: Created): boolean {
  if (a.outcome !== 'done' || b.outcome !== 'done') return a.outcome === b.outcome
  return isSameIds(a.ended, b.ended)
}

export function isSameReplaced(a: Replaced, b: Replaced): boolean {
  if (a.outcome !== 'conflict' || b.outcome !== 'conflict') return a.outcome === b.outcome
  return isSameRecord(a.current, b.current)
}

/** In any order: the port promises none. */
export function isSameIds(a: readonly SessionId[], b: readonly SessionId[]): boolean {
  return a.length === b.length && new Set([...a, ...b]).size === a.length
}

/** An answer for people, on one line. */
export function shown(answer: unknown): string {
  return JSON.stringify(plain(answer))
}

function hasSameEnd({ ended: a }: SessionRecord, { ended: b }: SessionRecord): boolean {
  return a === null || b === null ? a === b : a.at === b.at && a.reason === b.reason
}

function hasSameOrigin(a: SessionRecord, b: SessionRecord): boolean {
  return (
    a.userId === b.userId &&
    a.createdAt === b.createdAt &&
    a.absoluteAt === b.absoluteAt &&
    a.authenticatedAt === b.authenticatedAt
  )
}

/** The model stores neither previous nor retired secrets: an engine must not make any up. */
function hasSameSecrets(a: SessionRecord, b: SessionRecord): boolean {
  return a.previous === b.previous && a.retired.length === b.retired.length
}

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false
  for (let index = 0; index < a.byteLength; index++) if (a[index] !== b[index]) return false
  return true
}
