import { SessionError } from './errors.ts'

const KEY_BYTES = 32
const FORMS = [
  { form: /^[0-9a-fA-F]{64}$/, encoding: 'hex' },
  { form: /^[A-Za-z0-9_-]{43}=?$/, encoding: 'base64url' },
  { form: /^[A-Za-z0-9+/]{43}=$/, encoding: 'base64' },
] as const

/**
 * Exactly 32 bytes of key. A passphrase, an empty string or an unset variable is refused at start-up, by
 * name and never by value (SECURITY T68, N4).
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function keyBytes(key: unknown, name: string): Uint8Array {
  const bytes = typeof key === 'string' ? decoded(key) : key
  if (bytes instanceof Uint8Array && bytes.byteLength === KEY_BYTES) return Uint8Array.from(bytes)
  throw new SessionError(
    'INVALID_ARGUMENT',
    `${name} must be 32 bytes, as bytes or as base64url, base64 or hexadecimal text.`,
  )
}

function decoded(text: string): Uint8Array | null {
  const match = FORMS.find(({ form }) => form.test(text))
  if (match === undefined) return null
  const bytes = Buffer.from(text, match.encoding)
  // The bits that belong to no byte are zero in a key, and rarely so in a passphrase of the same length.
  const isKey = match.encoding === 'hex' || text.startsWith(bytes.toString(match.encoding))
  return isKey ? bytes : null
}
