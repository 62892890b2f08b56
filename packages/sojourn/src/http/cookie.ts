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

const PAST = 'Thu, 01 Jan 1970 00:00:00 GMT'
const SECOND: Milliseconds = 1_000

/** The `Set-Cookie` line that hands out a token. `left` is what is left until the absolute deadline. */
export function issueLine(cookie: Cookie, token: string, left: Milliseconds): string {
  const line = `${cookie.name}=${token}${attributesOf(cookie)}`
  // Rounded down: the cookie never outlives the session (SECURITY T23).
  return cookie.persistent ? `${line}; Max-Age=${Math.floor(left / SECOND)}` : line
}

/**
 * The line that takes the cookie back. A browser ignores it unless it repeats the attributes: a `__Host-`
 * cookie cannot be cleared without `Secure` (SECURITY T20).
 */
export function clearLine(cookie: Cookie): string {
  return `${cookie.name}=${attributesOf(cookie)}; Max-Age=0; Expires=${PAST}`
}

function attributesOf({ secure, sameSite }: Cookie): string {
  return `; Path=/${secure ? '; Secure' : ''}; HttpOnly; SameSite=${sameSite}`
}
