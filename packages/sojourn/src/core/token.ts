import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { SessionId } from './port.ts'

/**
 * A token is 48 base64url characters (36 bytes): a 16-character session id, public, then a 32-character
 * secret. Both parts fill whole bytes, so every well-formed token has exactly one spelling (SECURITY T1–T3).
 */
export const TOKEN_LENGTH = 48
export const ID_LENGTH = 16
export const BUCKET_LENGTH = 2
const TOKEN_BYTES = 36
const SECRET_BYTES = 24
const ALPHABET = /^[A-Za-z0-9_-]{48}$/

export interface TokenParts {
  readonly id: SessionId
  /** 32 base64url characters. Never stored, never logged. */
  readonly secret: string
}

/** The parts of a token, or null when it is not one. Nothing is decoded, trimmed or folded. */
export function parseToken(token: unknown): TokenParts | null {
  if (typeof token !== 'string' || token.length !== TOKEN_LENGTH || !ALPHABET.test(token)) return null
  return { id: token.slice(0, ID_LENGTH), secret: token.slice(ID_LENGTH) }
}

/** A fresh token in a bucket: the bucket's two characters, 84 random bits of id, 192 of secret. */
export function mintToken(bucket: string): TokenParts {
  const text = bucket + randomText(TOKEN_BYTES).slice(BUCKET_LENGTH)
  return { id: text.slice(0, ID_LENGTH), secret: text.slice(ID_LENGTH) }
}

/** A fresh secret: 192 random bits. */
export function mintSecret(): string {
  return randomText(SECRET_BYTES)
}

function randomText(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

/** SHA-256 of a secret, 32 bytes: all that is ever stored of it. */
export function digestOf(secret: string): Uint8Array {
  // By way of a string, because Node 20 takes four times as long to return a buffer.
  return Buffer.from(hash('sha256', secret, 'binary'), 'latin1')
}

/**
 * Compares two digests in constant time; the only place where digests are compared. Unequal or empty lengths
 * are never equal (SECURITY T5, N3).
 */
export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength > 0 && a.byteLength === b.byteLength && timingSafeEqual(a, b)
}
