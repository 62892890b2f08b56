import type { Instant, SessionId } from './port.ts'

/** A value of session data. Anything else is refused on write, with the path to it. */
export type Storable =
  | string
  | number
  | boolean
  | null
  | bigint
  | Date
  | Uint8Array
  | readonly Storable[]
  | ReadonlyMap<Storable, Storable>
  | ReadonlySet<Storable>
  | { readonly [key: string]: Storable }

/** Session data when the application declares no type of its own. */
export type SessionData = Record<string, Storable>

/** Data as a reader gets it: nothing in it can be assigned. Plain objects and arrays are also frozen. */
export type ReadonlyData<T> = [Storable] extends [T]
  ? T // `Storable` holds itself and is read-only already: going on would never end.
  : T extends Date | Uint8Array | bigint | string | number | boolean | null | undefined
    ? T
    : T extends ReadonlyMap<infer K, infer V>
      ? ReadonlyMap<ReadonlyData<K>, ReadonlyData<V>>
      : T extends ReadonlySet<infer V>
        ? ReadonlySet<ReadonlyData<V>>
        : { readonly [K in keyof T]: ReadonlyData<T[K]> }

/** What a session keeps of the device it was opened on: only what the application hands in. */
export interface Device {
  /** A name that the user recognises, such as `Firefox on Linux`; cut at 64 characters. */
  readonly label?: string
  /** Cut at 256 characters. */
  readonly userAgent?: string
}

/** What `list` tells of a session: no data, no digest. Instants are milliseconds since the epoch. */
export interface SessionInfo {
  /** Public and stable for the session's life. Authorises nothing. */
  readonly id: SessionId
  readonly userId: string | null
  readonly createdAt: Instant
  /** Last recorded activity; may lag behind by the touch throttle. */
  readonly seenAt: Instant
  readonly expiresAt: Instant
  readonly absoluteAt: Instant
  /** Last log-in or re-authentication; null for an anonymous session. */
  readonly authenticatedAt: Instant | null
  /** How strongly the user was authenticated, in the application's words. */
  readonly assurance: string | null
  readonly device: Device | null
}

/** A live session at the moment it was read. A snapshot: it never changes, and holds no token or secret. */
export interface Session<Data = SessionData> extends SessionInfo {
  readonly data: ReadonlyData<Data>
  /**
   * True when the token that was presented has been replaced and works only for a grace. Call `rotate` with
   * it to get its successor, and hand that to the client.
   */
  readonly superseded: boolean
}

/** A new token with its session. The token is a plain string; keep it nowhere but with the client. */
export interface Issued<Data = SessionData> {
  readonly token: string
  readonly session: Session<Data>
}

/**
 * Which session is meant: a token; a session that this store returned; or an id with an authority that is
 * checked against the record: the user that must own it, or the word of trusted code (SECURITY T7).
 */
export type SessionAddress =
  | string
  | SessionInfo
  | { readonly id: SessionId; readonly userId: string }
  | { readonly id: SessionId; readonly operator: true }
