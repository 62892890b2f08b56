import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { SessionError } from '../core/errors.ts'

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const SECRET_LENGTH = 32

/** The application's secret; of several the first one seals, and the others open what they sealed before. */
export type Secrets = string | readonly string[]

/**
 * Seals what a framework must be able to get back in clear, such as a token in a list, under keys that follow from the
 * application's secret: AES-256-GCM, and HKDF with SHA-256 (SECURITY T152). What was sealed for one thing opens for
 * no other.
 */
export class Seal {
  /** What keeps one application's seals apart from another's. No secret. */
  readonly label: string
  readonly #keys: readonly Uint8Array[]
  readonly #nameKey: Uint8Array

  /** @throws SessionError `INVALID_ARGUMENT` */
  constructor(secret: Secrets, label: string) {
    const secrets = checkedSecrets(secret)
    this.label = label
    this.#keys = secrets.map((one) => keyOf(one, 'seal'))
    this.#nameKey = keyOf(secrets[0] ?? '', 'name')
  }

  /** A name under which something is stored, from which nobody who lacks the secret can guess what it stands for. */
  nameOf(name: string): string {
    return createHmac('sha256', this.#nameKey).update(name).digest('base64url')
  }

  seal(text: string, boundTo: string): string {
    const nonce = randomBytes(NONCE_BYTES)
    const [key = new Uint8Array()] = this.#keys
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(this.#about(boundTo))
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')
  }

  /** Null for what was sealed with another secret or for something else, and for what was tampered with. */
  open(sealed: string, boundTo: string): string | null {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.byteLength < NONCE_BYTES + TAG_BYTES) return null
    for (const key of this.#keys) {
      const text = opened(key, bytes, this.#about(boundTo))
      if (text !== null) return text
    }
    return null
  }

  #about(boundTo: string): Buffer {
    return Buffer.from(`${this.label}\0${boundTo}`)
  }
}

function opened(key: Uint8Array, bytes: Buffer, about: Buffer): string | null {
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAAD(about)
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  try {
    const body = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES))
    return Buffer.concat([body, decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

function keyOf(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `sojourn/compat/${purpose}/v1`, KEY_BYTES))
}

function checkedSecrets(secret: unknown): readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  if (secrets.length > 0 && secrets.every(isSecret)) return secrets
  throw new SessionError(
    'INVALID_ARGUMENT',
    `secret must be text of at least ${SECRET_LENGTH} characters, or several of them with the newest first.`,
  )
}

function isSecret(secret: unknown): secret is string {
  return typeof secret === 'string' && secret.length >= SECRET_LENGTH
}
