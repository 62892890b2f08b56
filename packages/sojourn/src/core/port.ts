/**
 * What sojourn asks of a storage engine: eleven methods, none optional. An engine keeps opaque bytes with the
 * few fields that it must act on; encoding, encryption, schema and lifetimes live above it. The conformance
 * suite (`sojourn/testing`) is the specification: every sentence on this page is a case there.
 *
 * Time is always an argument: no answer about a session that lives depends on a clock of the engine. Only
 * what is dead may leave by one, and late enough (`keepsDue`).
 */

/** Milliseconds since the Unix epoch, a safe integer of at most 48 bits. */
export type Instant = number
/** A duration in milliseconds. */
export type Milliseconds = number
/** 16 base64url characters; public. The first two are the bucket. */
export type SessionId = string

/** The largest instant that a record can hold (48 bits): far enough away to mean "never". */
export const NEVER: Instant = 2 ** 48 - 1

/** How long `due` keeps a record for the caller that got it before another caller may get it. */
export const LEASE_MS: Milliseconds = 60_000

/** How long an ended session leaves a trace at least, so that what still races with its end is refused. */
export const TOMBSTONE_MS: Milliseconds = 600_000

/** How much later than that, or than its deadline, a record leaves by itself, because clocks differ. */
export const CLOCK_SKEW_MS: Milliseconds = 60_000

/** The most live sessions that one user may have, whatever the limit asked for (SECURITY, limits). */
export const USER_CEILING = 1_000

/** The longest that a session may live. Browsers keep no cookie longer (RFC 6265bis, section 5.5). */
export const LIFETIME_CEILING_MS: Milliseconds = 400 * 86_400_000

/** Why a session ended. The order is storage format: append only, never reorder. */
export const END_REASONS = [
  'logout',
  'revoked',
  'idle',
  'absolute',
  'limit',
  'replaced',
  'reuse',
  'admin',
  'erased',
] as const
export type EndReason = (typeof END_REASONS)[number]

export interface Ended {
  readonly at: Instant
  readonly reason: EndReason
}

/** The secret before the last rotation: an alias of the one successor while its grace lasts. */
export interface PreviousSecret {
  /** SHA-256 of the old secret, 32 bytes. */
  readonly digest: Uint8Array
  /** The successor's secret, sealed under a key derived from the old secret; at most 255 bytes. */
  readonly sealed: Uint8Array
  /** When the grace is over; null until the successor is first seen. */
  readonly graceEndsAt: Instant | null
}

/** A secret of which only a trace is left. It detects reuse and never authenticates. */
export interface RetiredSecret {
  /** The first 8 bytes of the SHA-256 of the secret. */
  readonly digest: Uint8Array
  /** Presented at or after this instant, the secret is reuse; before it, merely unknown. */
  readonly reuseFrom: Instant
}

/** A user, and the bucket that the ids of all of the user's sessions begin with. Engines may need both to find them. */
export interface UserKey {
  readonly userId: string
  readonly bucket: string
}

/** What an engine stores. `id`, `userId` and `createdAt` never change. */
export interface SessionRecord {
  readonly id: SessionId
  /** 1–255 bytes of well-formed UTF-8, compared byte by byte; null for an anonymous session. */
  readonly userId: string | null
  /** 1 at creation; every `replace` stores a higher one. At most 2^32 − 1. */
  readonly version: number
  readonly createdAt: Instant
  /** Last recorded activity. */
  readonly seenAt: Instant
  /** The session is dead when `now >= expiresAt`. Never later than `absoluteAt`. */
  readonly expiresAt: Instant
  readonly absoluteAt: Instant
  readonly authenticatedAt: Instant | null
  /** SHA-256 of the current secret, 32 bytes. */
  readonly digest: Uint8Array
  readonly previous: PreviousSecret | null
  /** Oldest first, at most 16. */
  readonly retired: readonly RetiredSecret[]
  /** Null while the session lives. A record that has ended is a tombstone: it never lives again. */
  readonly ended: Ended | null
  /** The encoded session; empty only in a settled tombstone. */
  readonly data: Uint8Array
}

export interface UserLimit {
  /** The most live sessions of the user after this create; 1 to `USER_CEILING`. */
  readonly max: number
  /** `endOldest`: end the sessions created first, with reason `limit`. `refuse`: store nothing. */
  readonly whenFull: 'endOldest' | 'refuse'
  /** A session that is about to be replaced by this one: it is not counted and not ended here. */
  readonly replaces: SessionId | null
}

export type Created =
  | { readonly outcome: 'done'; readonly ended: readonly SessionId[] }
  /** A record of this id is stored, live or ended: nothing was written. */
  | { readonly outcome: 'exists' }
  /** The user's limit is reached and `whenFull` is `refuse`: nothing was written. */
  | { readonly outcome: 'full' }

export type Replaced =
  | { readonly outcome: 'done' }
  /** Another version is stored: nothing was written, and here it is. */
  | { readonly outcome: 'conflict'; readonly current: SessionRecord }
  /** Absent, ended or expired: nothing was written. */
  | { readonly outcome: 'gone' }

/** What `due` hands out. */
export interface DueRecord extends SessionRecord {
  /** Whether this call ended it, because its time was over; the one that is told so tells others. */
  readonly endedNow: boolean
}

/** What `scan` hands out. */
export interface Page {
  readonly records: SessionRecord[]
  /** Where the next page begins; null after the last one. */
  readonly next: string | null
}

/** What an engine promises. Declared data, read by the suite, the docs and the start-up log. */
export interface EngineTraits {
  readonly name: string
  /** What an acknowledged write survives. */
  readonly survives: 'nothing' | 'process-crash' | 'power-loss'
  /** Who may share one store at the same time. */
  readonly sharedBy: 'process' | 'host' | 'network'
  /**
   * Whether `due` hands out what has ended or expired. Without it nothing is ever due: an expired record and
   * a tombstone leave by themselves, by the clock of the engine's server, at the earliest `CLOCK_SKEW_MS`
   * after their deadline or `TOMBSTONE_MS`.
   */
  readonly keepsDue: boolean
  /** When the user's cut-off is held against a session that the index had lost; `read` says what that does. */
  readonly checksCutOff: 'on-read' | 'on-write'
  /**
   * How long at most a read may still answer what another handle has overwritten; 0 where it never does. What
   * was written through the same handle is always seen.
   */
  readonly staleMs: Milliseconds
}

export interface Engine {
  readonly traits: EngineTraits

  /**
   * One record per id, in order; null where absent. Tombstones are returned as they are. One round trip.
   * A live record of a user whose cut-off (`endUser`) is later than its `createdAt`, and that the cut-off
   * does not except, is returned as ended by that cut-off, even where an index had lost it. An engine that
   * checks the cut-off on write returns such a lost record as it is stored, until a `replace`, `touch` or
   * `end` meets it: that one finds it ended, and from then on so does `read`.
   */
  read(ids: readonly SessionId[]): Promise<(SessionRecord | null)[]>

  /**
   * Stores a new record, indexes it under its user, and holds the user's limit, all in one atomic step.
   * Sessions that have ended, or are expired at `now`, do not count. `ended` names those that it ended.
   * Without a user the limit is ignored. With `limit` null the limit is `USER_CEILING`, refused when full.
   * The record lives also when its `createdAt` lies before the user's cut-off: the cut-off gives way.
   */
  create(record: SessionRecord, limit: UserLimit | null, now: Instant): Promise<Created>

  /**
   * Compare-and-swap: stores `record` if the stored version is `expectedVersion`, atomically. Never
   * creates, never revives. Of `seenAt` with its `expiresAt` the later one stays, so that a touch in
   * between is not lost.
   */
  replace(record: SessionRecord, expectedVersion: number, now: Instant): Promise<Replaced>

  /**
   * Moves the deadline of a session that is live at `seenAt`; false when it is not. Never creates, never
   * moves `seenAt` or `expiresAt` backwards, never past `absoluteAt`, never changes version or data.
   */
  touch(id: SessionId, seenAt: Instant, expiresAt: Instant): Promise<boolean>

  /**
   * Ends a session: it becomes a tombstone with its data, leaves its user's index, and is due at `at` where
   * what is due is kept. True only for the one call that ended it; false when absent or ended before. An
   * expired session that nobody has ended yet can be ended. With reason `idle` or `absolute` only what has expired
   * at `at` is ended: whoever finds a session expired cannot end one that somebody else has just used.
   */
  end(id: SessionId, reason: EndReason, at: Instant): Promise<boolean>

  /** The user's records that are live at `now`, the oldest `createdAt` first, ties by id. */
  list(user: UserKey, now: Instant): Promise<SessionRecord[]>

  /**
   * Ends every live or expired session of the user but `except`, in one atomic step, and returns the ids
   * that this call ended. Sets the user's cut-off to `at` with that exception (`read` says what it does);
   * a later call with a later `at` replaces it. Kept at least `LIFETIME_CEILING_MS`.
   */
  endUser(user: UserKey, reason: EndReason, at: Instant, except: SessionId | null): Promise<SessionId[]>

  /**
   * At most `limit` records that await settling at `now`; of each bucket the earliest first. What has expired and
   * has not ended is ended in the same atomic step: at its deadline, with reason `absolute` where that is its
   * `absoluteAt`, else `idle`. One whose `absoluteAt` is `NEVER` is returned as it is, and goes on. Each is leased:
   * no call gets it again before `now + LEASE_MS`. Fewer than `limit` means that no more are due. A live record is
   * never returned: a deadline that was moved meanwhile is noted for later. Always empty in an engine that does not
   * keep what is due.
   */
  due(now: Instant, limit: number): Promise<DueRecord[]>

  /**
   * Settles records that have ended, each by itself. With `keepUntil` null they are forgotten for good, and their
   * ids are absent from then on. With an instant their data is dropped, the tombstones stay at least until then, and
   * they are due again at that instant where what is due is kept. Nothing happens to one that is absent or has not
   * ended. When it rejects, some of them may be settled.
   */
  settle(ids: readonly SessionId[], keepUntil: Instant | null): Promise<void>

  /**
   * A page of all that is stored, in an order of the engine's own: at most `limit` records, live, expired, ended and
   * the store's own alike, each as `read` returns it. `after` is null for the first page, then what the page before
   * gave as `next`, which is null at the end. A page with fewer records, even with none, need not be the last. What is
   * stored during the whole walk comes at least once; what is stored or forgotten meanwhile may come or not. Nothing
   * is kept between pages: a walk may be left, and any handle on the store may go on with it. A page costs what is on
   * it, however much is stored. A `limit` that is no whole number from 1 on, and an `after` that no page can have
   * given, reject with `INVALID_ARGUMENT`.
   */
  scan(after: string | null, limit: number): Promise<Page>

  /** Waits for what was begun, flushes and releases. Every later call rejects with `STORE_CLOSED`. */
  close(): Promise<void>
}
