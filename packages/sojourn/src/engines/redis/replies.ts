import { SessionError } from '../../core/errors.ts'
import type { Reply } from './client.ts'
import type { Silence } from './failures.ts'

const WHOLE = /^-?\d+$/
const ID_LENGTH = 16

/** Bytes, or null where the server has none. */
export function bytesOf(reply: Reply): Buffer | null {
  if (reply === null || Buffer.isBuffer(reply)) return reply
  throw unexpected('ENGINE_UNAVAILABLE')
}

/** Drivers may be told to give numbers as text. Only writes are answered so: what it means for them is open. */
export function numberOf(reply: Reply): number {
  const text = typeof reply === 'string' || Buffer.isBuffer(reply) ? String(reply) : null
  const number = text !== null && WHOLE.test(text) ? Number(text) : reply
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw unexpected('OUTCOME_UNKNOWN')
}

export function listOf(reply: Reply): readonly Reply[] {
  if (Array.isArray(reply)) return reply
  throw unexpected('ENGINE_UNAVAILABLE')
}

export function textOf(reply: Reply): string {
  if (typeof reply === 'string') return reply
  return bytesOf(reply)?.toString('latin1') ?? ''
}

/** Ids that stand one after the other. A connection that the application has in a transaction says `QUEUED`. */
export function idsOf(reply: Reply, silence: Silence = 'OUTCOME_UNKNOWN'): string[] {
  const text = textOf(reply)
  if (text.length % ID_LENGTH !== 0) throw unexpected(silence)
  return text.match(/.{16}/g) ?? []
}

function unexpected(silence: Silence): SessionError {
  return new SessionError(silence, 'redis: the server gave an answer of another form.')
}
