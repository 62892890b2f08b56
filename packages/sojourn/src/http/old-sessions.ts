import type { Instant } from '../core/index.ts'
import type { OldCookie } from './cookie.ts'
import type { Incoming } from './incoming.ts'

/** A session of before, as the application wants it from now on. */
export interface OldFound {
  /** Null for nobody. */
  readonly userId: string | null
  readonly data: object
  /** When the old cookie is worth nothing any more; null for never. */
  readonly expiresAt: Instant | null
}

/** What a request presents of the time before. */
export interface OldPresented {
  /** Tells one old session from the others; never stored in clear. At most 512 characters. */
  readonly credential: string
  /** Null when it is gone; `unreadable` for what is none. Rejects when the old store cannot be asked. */
  readonly find: (now: Instant) => Promise<OldFound | 'unreadable' | null>
  /** Removes it from the old store, if there is one. */
  readonly remove: () => Promise<void>
  /** The cookies that it came in. */
  readonly cookies: readonly OldCookie[]
}

/** Sessions of before sojourn, found by their cookies. */
export interface OldSessions {
  /** Keeps several kinds of them apart. */
  readonly label: string
  /** Null when the request has no such cookie, or one whose signature is not right. */
  readonly presented: (cookieHeader: string | undefined) => OldPresented | null
}

/** What a request presents, if it came with a cookie at all. */
export function presentedIn(old: OldSessions | null, request: Incoming): OldPresented | null {
  const header = old === null ? undefined : request.header('cookie')
  return old === null || header === undefined ? null : old.presented(header)
}
