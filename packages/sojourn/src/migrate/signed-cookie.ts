import { createHmac } from 'node:crypto'
import { SessionError } from '../core/errors.ts'
import { sameDigest } from '../core/token.ts'
import { readCookie } from '../http/cookie-header.ts'

/** One secret, or several: the application signs with the first and takes what any of them has signed. */
export type SigningSecrets = string | readonly string[]

/** @throws SessionError `INVALID_ARGUMENT` */
export function secretsIn(secret: unknown): readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  if (secrets.length > 0 && secrets.every((one) => typeof one === 'string' && one !== '')) {
    return secrets.filter((one) => typeof one === 'string')
  }
  throw new SessionError('INVALID_ARGUMENT', 'secret must be text, or a list of texts.')
}

/** The cookie of this name, decoded as browsers and servers encode it; null when there is none or several. */
export function cookieIn(header: string | undefined, name: string): string | null {
  const reading = readCookie(header, name)
  if (reading.found !== 'one') return null
  const text = reading.value.replace(/^"(.*)"$/, '$1')
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * What was signed as cookie-signature does it: `<value>.<HMAC-SHA-256 in base64 without padding>`. Null when no secret
 * made this signature.
 */
export function unsigned(signed: string, secrets: readonly string[]): string | null {
  const dot = signed.lastIndexOf('.')
  if (dot <= 0) return null
  const [value, signature] = [signed.slice(0, dot), signed.slice(dot + 1)]
  const isSigned = secrets.some((secret) => {
    const expected = createHmac('sha256', secret).update(value).digest('base64').replace(/=+$/, '')
    return sameText(expected, signature)
  })
  return isSigned ? value : null
}

/** Whether keygrip, as Koa uses it, has signed this cookie: `<name>.sig` holds an HMAC-SHA-1 in base64url. */
export function isKeygripSigned(pair: string, signature: string, keys: readonly string[]): boolean {
  return keys.some((key) => sameText(createHmac('sha1', key).update(pair).digest('base64url'), signature))
}

function sameText(a: string, b: string): boolean {
  return sameDigest(Buffer.from(a), Buffer.from(b))
}
