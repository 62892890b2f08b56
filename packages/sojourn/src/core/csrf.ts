import { createHmac, randomBytes } from 'node:crypto'
import type { TokenParts } from './token.ts'

const LABEL = 'sojourn/csrf/v1'
const VALUE_BYTES = 32
const CSRF_TOKEN = /^[A-Za-z0-9_-]{86}$/

/** What proves that a form came from a page of this session: HMAC-SHA-256 under the secret (SECURITY T34). */
export function csrfValue({ id, secret }: TokenParts): Uint8Array {
  return createHmac('sha256', secret).update(`${LABEL}${id}`).digest()
}

/** The value under a fresh mask, 86 base64url characters, so that no two pages compress alike (BREACH). */
export function maskCsrf(value: Uint8Array): string {
  const mask = randomBytes(VALUE_BYTES)
  return Buffer.concat([mask, xor(mask, value)]).toString('base64url')
}

/** The value under a submitted mask; null when it is malformed. */
export function unmaskCsrf(submitted: unknown): Uint8Array | null {
  if (typeof submitted !== 'string' || !CSRF_TOKEN.test(submitted)) return null
  const bytes = Buffer.from(submitted, 'base64url')
  return xor(bytes.subarray(0, VALUE_BYTES), bytes.subarray(VALUE_BYTES))
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte ^ (b[index] ?? 0))
}
