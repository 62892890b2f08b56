import type { Milliseconds } from '../core/index.ts'

export type SameSite = 'Lax' | 'Strict' | 'None'

/** The session cookie. Always `Path=/` and `HttpOnly`, never with a `Domain`. */
export interface Cookie {
  readonly name: string
  /** False in the development mode only. */
  readonly secure: boolean
  readonly sameSite: SameSite
  /** Whether it outlives the browser, until the session's absolute deadline. */
  readonly persistent: boolean
}

/** One `Set-Cookie` line of ours. */
export interface SetCookie {
  readonly name: string
  /** Empty where the cookie is taken back. */
  readonly value: string
  readonly secure: boolean
  readonly sameSite: SameSite
  /** In seconds, 0 to take it back; null where it goes when the browser closes. */
  readonly maxAge: number | null
  /** Cookies of before, which go with it. */
  readonly takenBack?: readonly OldCookie[]
}

/** A cookie of before, as far as a browser must know it to drop it. */
export interface OldCookie {
  readonly name: string
  readonly path: string
  /** Null for one that belongs to its host alone. */
  readonly domain: string | null
}

const PAST = 'Thu, 01 Jan 1970 00:00:00 GMT'
const SECOND: Milliseconds = 1_000

/** Hands out a token. `left` is what is left until the absolute deadline. */
export function issueCookie(cookie: Cookie, token: string, left: Milliseconds): SetCookie {
  const { name, secure, sameSite, persistent } = cookie
  // Rounded down: the cookie never outlives the session (SECURITY T23).
  return { name, value: token, secure, sameSite, maxAge: persistent ? Math.floor(left / SECOND) : null }
}

/**
 * Takes the cookie back. A browser ignores it unless it repeats the attributes: a `__Host-` cookie cannot be cleared
 * without `Secure` (SECURITY T20).
 */
export function clearCookie({ name, secure, sameSite }: Cookie): SetCookie {
  return { name, value: '', secure, sameSite, maxAge: 0 }
}

/** Takes a cookie of before back; a browser looks at name, path and domain alone. */
export function lineWithout({ name, path, domain }: OldCookie): string {
  const where = domain === null ? '' : `; Domain=${domain}`
  const secure = /^__(?:Host|Secure)-/i.test(name) ? '; Secure' : ''
  return `${name}=; Path=${path}${where}${secure}; HttpOnly; Max-Age=0; Expires=${PAST}`
}

/** The value of the header. A cookie that is taken back has a date too, for what knows no `Max-Age`. */
export function lineOf({ name, value, secure, sameSite, maxAge }: SetCookie): string {
  const line = `${name}=${value}; Path=/${secure ? '; Secure' : ''}; HttpOnly; SameSite=${sameSite}`
  if (maxAge === null) return line
  return `${line}; Max-Age=${maxAge}${value === '' ? `; Expires=${PAST}` : ''}`
}
