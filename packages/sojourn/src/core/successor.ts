import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { type Binding, bindingBytes } from './binding.ts'

const LABEL = 'sojourn/successor/v1'
const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const SECRET_BYTES = 24
/** Nonce, tag, then the 24 bytes of the secret. */
export const SEALED_BYTES = NONCE_BYTES + TAG_BYTES + SECRET_BYTES

/**
 * Seals the successor's secret so that only whoever holds the old secret can open it: AES-256-GCM under
 * HKDF-SHA-256 of the old secret (SECURITY T43). The store can't read it, yet every request with the old
 * token gets the same successor.
 */
export function sealSuccessor(oldSecret: string, successor: string, binding: Binding): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, keyOf(oldSecret, binding), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(bindingBytes(binding))
  const body = Buffer.concat([cipher.update(Buffer.from(successor, 'base64url')), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), body])
}

/** The successor's secret; null when the bytes were not sealed for this secret and session. */
export function openSuccessor(oldSecret: string, sealed: Uint8Array, binding: Binding): string | null {
  if (sealed.byteLength < SEALED_BYTES) return null
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, keyOf(oldSecret, binding), nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(bindingBytes(binding))
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  try {
    const body = decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES, SEALED_BYTES))
    return Buffer.concat([body, decipher.final()]).toString('base64url')
  } catch {
    return null
  }
}

function keyOf(oldSecret: string, binding: Binding): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', oldSecret, '', `${LABEL}${binding.id}`, KEY_BYTES))
}
