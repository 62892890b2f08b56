import { SessionError } from '../../core/errors.ts'
import type { Reply } from './client.ts'

/** Bytes, or null where the server has none. */
export function bytesOf(reply: Reply): Buffer | null {
  if (reply === null || Buffer.isBuffer(reply)) return reply
  throw unexpected()
}

/** Drivers may be told to give numbers as text. */
export function numberOf(reply: Reply): number {
  const number = typeof reply === 'number' ? reply : Number(String(reply))
  if (Number.isSafeInteger(number)) return number
  throw unexpected()
}

export function listOf(reply: Reply): readonly Reply[] {
  if (Array.isArray(reply)) return reply
  throw unexpected()
}

export function textOf(reply: Reply): string {
  if (typeof reply === 'string') return reply
  return bytesOf(reply)?.toString('latin1') ?? ''
}

/** Ids that stand one after the other. */
export function idsOf(reply: Reply): string[] {
  return textOf(reply).match(/.{16}/g) ?? []
}

function unexpected(): SessionError {
  return new SessionError('ENGINE_UNAVAILABLE', 'redis: the server gave an answer of another form.')
}
