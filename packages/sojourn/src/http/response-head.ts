import type { SetCookie } from './cookie.ts'

/** What sojourn adds to the head of one response. A response whose session nobody looked at is left alone. */
export interface ResponseHead {
  /** Whether it is too late to add anything. */
  readonly isSent: boolean
  /** The answer depends on the session: no shared cache may give it to somebody else (SECURITY T25). */
  look(): void
  /** The one `Set-Cookie` line of ours; a later one takes its place. */
  setCookie(cookie: SetCookie): void
  /** The session could not be read or written: a 503, whoever renders it, says when to come back. */
  fail(): void
}
