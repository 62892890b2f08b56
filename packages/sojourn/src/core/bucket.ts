import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { SessionId } from './port.ts'
import { BUCKET_LENGTH } from './token.ts'

const LABEL = 'sojourn/bucket/v1\0'
const CHECK_LABEL = 'sojourn/bucket-check/v1\0'
const BUCKET_BITS = 12
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * The bucket of a user: two base64url characters, 12 bits of HMAC-SHA-256 under the bucket key, or of plain
 * SHA-256 without one. All of a user's sessions share it, so in a cluster they share a slot (SECURITY T11).
 */
export function bucketOf(userId: string, bucketKey: Uint8Array | null): string {
  const hash = bucketKey === null ? createHash('sha256') : createHmac('sha256', bucketKey)
  return charactersOf(hash.update(LABEL).update(userId, 'utf8').digest())
}

/** All 4,096. */
export const BUCKETS: readonly string[] = [...CHARACTERS].flatMap((a) => [...CHARACTERS].map((b) => a + b))

/** The bucket that a session lies in. */
export function bucketOfId(id: SessionId): string {
  return id.slice(0, BUCKET_LENGTH)
}

/** A random bucket, for a session without a user. */
export function randomBucket(): string {
  return charactersOf(randomBytes(BUCKET_LENGTH))
}

/**
 * What a store keeps to recognise its bucket key: 16 hexadecimal characters that do not reveal it. Another
 * key would hide every user's sessions from list, limit and revoke (SECURITY T12).
 */
export function bucketKeyCheck(bucketKey: Uint8Array | null): string {
  if (bucketKey === null) return 'none'
  return createHmac('sha256', bucketKey).update(CHECK_LABEL).digest('hex').slice(0, 16)
}

function charactersOf(bytes: Uint8Array): string {
  const bits = (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) >> (16 - BUCKET_BITS)
  return CHARACTERS.charAt(bits >> 6) + CHARACTERS.charAt(bits & 63)
}
