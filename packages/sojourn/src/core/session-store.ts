import { isSessionId, resolve } from './address.ts'
import type { Archiver } from './archiver.ts'
import type { Clock } from './clock.ts'
import type { StoreContext } from './context.ts'
import { infoOf, snapshotOf } from './context.ts'
import { createSession } from './create-session.ts'
import { csrfValue, maskCsrf, unmaskCsrf } from './csrf.ts'
import { checkReason, endRecord, endUserSessions } from './ending.ts'
import { SessionError } from './errors.ts'
import type { EventName, StoreEvent, StoreEvents } from './events.ts'
import { Foreign } from './foreign.ts'
import type { ForeignOptions } from './foreign-options.ts'
import type { ForeignSessions } from './foreign-sessions.ts'
import { expiryOf } from './lifetime.ts'
import { lookUp, noteUse } from './look-up.ts'
import type { CreateOptions, ReadOptions, ReauthenticateOptions, Recipe, RotateOptions } from './options.ts'
import { eraseUserData, exportUserData, type UserErased, type UserExport } from './personal-data.ts'
import type { EndReason, EngineTraits, Instant, SessionId, SessionRecord } from './port.ts'
import type { Policy } from './presets.ts'
import { reauthenticateSession, rotateSession } from './rotate.ts'
import { isCsrfValue } from './secrets.ts'
import type { Issued, ReadonlyData, Session, SessionAddress, SessionInfo } from './session.ts'
import { Settler } from './settler.ts'
import { InfoSnapshot } from './snapshot.ts'
import { StoreArchive } from './store-archive.ts'
import type { StoreRecord } from './store-record.ts'
import { Sweeper } from './sweeper.ts'
import { parseToken } from './token.ts'
import { UpdateQueue } from './update-queue.ts'
import { checkUserId } from './user-id.ts'
import { liveRecordsOf } from './user-records.ts'
import { Watcher } from './watcher.ts'

const LIST_PAGE = 100

interface StoreParts<Data> {
  readonly about: StoreRecord
  readonly archiver: Archiver<Data> | null
  readonly sweep: boolean
}

/**
 * The sessions of an application. What is absent, expired, ended or malformed reads as null; errors are
 * `SessionError`s that the caller can act on. Every method may reject with `ENGINE_UNAVAILABLE`,
 * `OVERLOADED` or `STORE_CLOSED`; every write also with `OUTCOME_UNKNOWN`.
 */
export class SessionStore<Data> {
  /** What became of the sessions that ended, where `atEnd` archives them. */
  readonly archive: StoreArchive<Data>
  readonly #context: StoreContext<Data>
  readonly #about: StoreRecord
  readonly #archiver: Archiver<Data> | null
  readonly #updates: UpdateQueue<Data>
  readonly #foreign: Foreign<Data>
  readonly #sweeper: Sweeper
  readonly #watcher: Watcher
  #closed: Promise<void> | null = null

  /** Made by `createSessionStore`. */
  constructor(context: StoreContext<Data>, { about, archiver, sweep }: StoreParts<Data>) {
    this.#context = context
    this.#about = about
    this.#archiver = archiver
    this.#updates = new UpdateQueue(context)
    this.#foreign = new Foreign(context, this.#updates)
    const settler = new Settler(context, archiver, about)
    this.#sweeper = new Sweeper(context, settler)
    this.archive = new StoreArchive(context, { archiver, settler, sweeper: this.#sweeper })
    this.#watcher = new Watcher(context)
    // Data that cannot be stored shows when the store is made, and not at the first visitor.
    this.blank()
    if (sweep) this.#sweeper.start()
  }

  /** The lifetimes, limits and cookie rules that follow from the store's `lifetime`. */
  get policy(): Policy {
    return this.#context.policy
  }

  /** What the engine promises. */
  get traits(): EngineTraits {
    return this.#context.engine.traits
  }

  /** Where the store takes its time from. */
  get clock(): Clock {
    return this.#context.clock
  }

  /** A fresh, open copy of `initial()`: what the first write of an absent session starts from. */
  draft(): Data {
    return this.#context.initial()
  }

  /** What an absent session shows as its data: `initial()`, frozen, and a new one for each caller. */
  blank(): ReadonlyData<Data> {
    return this.#context.codec.blank(this.#context.initial())
  }

  /**
   * Stores a new session and resolves, when it is stored, with its token. One write; with `replaces` a read
   * before and a write after.
   * @throws SessionError `USER_LIMIT_REACHED`, `SCHEMA_REFUSED`, `DATA_REFUSED`, `DATA_TOO_LARGE`
   */
  create(options: CreateOptions<Data> = {}): Promise<Issued<Data>> {
    return createSession(this.#context, this.#updates, options)
  }

  /** The live session of a token. One round trip. A recorded touch follows off the caller's path. */
  async read(token: string, options: ReadOptions = {}): Promise<Session<Data> | null> {
    const found = await lookUp(this.#context, token)
    if (found === null) return null
    const decoded = await this.#context.codec.read(found.record)
    noteUse(this.#context, found.record, [found.token], options.touch !== false)
    return snapshotOf(found.record, decoded, found.presented === 'alias')
  }

  /**
   * Changes a session's data under compare-and-swap and resolves, when the change is stored, with the new
   * session; null when it has ended. One write; a token or id costs a read before it.
   * @throws SessionError `CONFLICT`, `SCHEMA_REFUSED`, `DATA_REFUSED`, `DATA_TOO_LARGE`; and whatever the
   * recipe throws
   */
  async update(
    address: SessionAddress,
    recipe: Recipe<Data>,
    options: ReadOptions = {},
  ): Promise<Session<Data> | null> {
    const addressed = await resolve(this.#context, address)
    return addressed && (await this.#updates.submit(addressed, recipe, options.touch !== false))
  }

  /** Counts now as activity and resolves when that is stored; false when the session has ended. */
  async touch(address: SessionAddress): Promise<boolean> {
    const addressed = await resolve(this.#context, address)
    if (addressed === null) return false
    const { record, token } = addressed
    const now = this.#context.clock.now()
    const expiresAt = expiryOf(now, this.policy.lifetime.idle, record.absoluteAt)
    const isLive = await this.#context.engine.touch(record.id, now, expiresAt)
    if (isLive) noteUse(this.#context, record, token === null ? [] : [token], false)
    return isLive
  }

  /** A new token for the same session; null when it has ended. Deadlines of log-in do not move. */
  rotate(token: string, options: RotateOptions = {}): Promise<Issued<Data> | null> {
    return rotateSession(this.#context, token, options)
  }

  /**
   * Log-in again in a live session: a new token, the old one dead at once, both deadlines reset.
   * @throws SessionError `USER_MISMATCH`
   */
  reauthenticate(token: string, options: ReauthenticateOptions): Promise<Issued<Data> | null> {
    return reauthenticateSession(this.#context, token, options)
  }

  /** Log-out: ends one session for good. True only for the call that ended it. */
  async revoke(address: SessionAddress, options: { readonly reason?: EndReason } = {}): Promise<boolean> {
    const reason = checkReason(options.reason ?? (typeof address === 'string' ? 'logout' : 'revoked'))
    const addressed = await resolve(this.#context, address)
    return addressed !== null && endRecord(this.#context, addressed.record, reason)
  }

  /** A user's live sessions, the oldest first, 100 a page; `after` is the last id of the page before. */
  async list(query: { readonly userId: string; readonly after?: SessionId }): Promise<SessionInfo[]> {
    const records = await liveRecordsOf(this.#context, query.userId)
    const start = query.after === undefined ? 0 : await this.#startAfter(query.after, records)
    return records.slice(start, start + LIST_PAGE).map((record) => infoOf(this.#context, record))
  }

  /** Ends all of a user's sessions but `except`, at once and atomically; the ids that this call ended. */
  async revokeUser(
    userId: string,
    options: { readonly except?: SessionId; readonly reason?: EndReason } = {},
  ): Promise<readonly SessionId[]> {
    const reason = checkReason(options.reason ?? 'revoked')
    const { except = null } = options
    if (except !== null && !isSessionId(except)) {
      throw new SessionError('INVALID_ARGUMENT', 'except must be the id of a session.')
    }
    await this.#context.records.ready()
    await this.#foreign.noteRevoked(checkUserId(userId))
    return endUserSessions(this.#context, checkUserId(userId), reason, except)
  }

  /** Changes the data of all of a user's live sessions, each atomically; the sessions afterwards. */
  async updateUser(userId: string, recipe: Recipe<Data>): Promise<Session<Data>[]> {
    const records = await liveRecordsOf(this.#context, userId)
    const updated = await Promise.all(
      records.map((record) => {
        return this.#updates.submit({ record, fresh: true, token: null, superseded: false }, recipe, false)
      }),
    )
    return updated.filter((session) => session !== null)
  }

  /**
   * Ends every session of every user that was created before an instant; by default all there are. One
   * write. Other processes know within a second.
   */
  async revokeAll(options: { readonly before?: Instant } = {}): Promise<void> {
    const now = this.#context.clock.now()
    const before = options.before ?? now + 1
    if (!Number.isSafeInteger(before) || before < 0 || before > now + 1) {
      throw new SessionError('INVALID_ARGUMENT', 'before must be an instant that is not in the future.')
    }
    await this.#context.records.ready()
    await this.#about.raise(before, now)
  }

  /** All that this store and its archive hold about a user (GDPR, article 15). */
  exportUser(userId: string): Promise<UserExport<Data>> {
    return exportUserData(this.#holder(), checkUserId(userId))
  }

  /**
   * Ends the user's sessions and removes what this store and its archive hold about the user (GDPR, article 17). What
   * is being written to the archive at that very moment is erased a minute later.
   * @throws SessionError `ARCHIVE_UNAVAILABLE`: call it again
   */
  async eraseUser(userId: string): Promise<UserErased> {
    await this.#foreign.noteRevoked(checkUserId(userId))
    return eraseUserData(this.#holder(), checkUserId(userId))
  }

  /**
   * Sessions of this store under ids that a framework makes, for drop-in stores. Each is a session like any other.
   * @throws SessionError `INVALID_ARGUMENT`
   */
  foreign(options: ForeignOptions): ForeignSessions<Data> {
    return this.#foreign.open(options)
  }

  /** A value for a form field or header that only pages of this session can know, masked anew each time. */
  csrfToken(token: string): string {
    const parts = parseToken(token)
    if (parts === null) throw new SessionError('INVALID_ARGUMENT', 'A CSRF token needs a session token.')
    return maskCsrf(csrfValue(parts))
  }

  /** Whether a submitted CSRF token belongs to this session and token, or to the one before in its grace. */
  verifyCsrf(session: SessionInfo, token: string, submitted: unknown): boolean {
    const record = InfoSnapshot.recordBehind(session)
    const parts = parseToken(token)
    const value = unmaskCsrf(submitted)
    if (record === null || parts === null || value === null || parts.id !== record.id) return false
    return isCsrfValue(record, parts, value, this.#context.clock.now())
  }

  /**
   * Calls `onEnded` once when the session ends, here at once, elsewhere within a second. The returned
   * function stops watching.
   * @throws SessionError `OVERLOADED`
   */
  watch(session: SessionInfo, onEnded: () => unknown): () => void {
    return this.#watcher.watch(session.id, onEnded)
  }

  /**
   * Adds a listener that cannot harm what it listens to; the returned function removes it. Where the engine does
   * not keep what is due (`traits.keepsDue`), nobody is told of a session that expires by itself, nor of one
   * that `revokeAll` ended until its token comes back; `watch` tells of both.
   */
  on<Name extends EventName>(name: Name, listener: (event: StoreEvents[Name]) => unknown): () => void {
    return this.#context.events.on(name, listener)
  }

  /**
   * Everything that listeners are told, as an iteration: `for await (const event of sessions.events)`. Each has a
   * queue of 1,000 of its own; what it is too slow for is dropped and counted, and where it is missing comes
   * `{ name: 'dropped', count }`. Ends when the store closes.
   * @throws SessionError `OVERLOADED`, when it is begun
   */
  get events(): AsyncIterable<StoreEvent> {
    const { events } = this.#context
    return { [Symbol.asyncIterator]: () => events.iterate() }
  }

  /** What happened since the store was made, in numbers. */
  counters() {
    return this.#context.counters.snapshot()
  }

  /**
   * Ends what has expired and forgets what was ended long ago, once; how many records it settled. Nothing to do
   * where the engine does not keep what is due: there the dead leave by themselves.
   */
  sweep(): Promise<number> {
    return this.#sweeper.sweep()
  }

  /** Lets the sweep go on after `clockJumped`, with the clock as it is now. */
  trustClock(): void {
    this.#sweeper.trustClock()
  }

  /** Resolves when no write is under way off a caller's path. */
  drain(): Promise<void> {
    return this.#context.background.drain()
  }

  /** Stops sweeping, finishes what was begun and closes the engine. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  #holder() {
    return {
      context: this.#context,
      about: this.#about,
      destination: this.#archiver?.archive.destination ?? null,
    }
  }

  async #close(): Promise<void> {
    this.#sweeper.stop()
    this.#watcher.stop()
    this.#foreign.flush()
    await this.drain()
    this.#context.codec.forget()
    await this.#context.feed?.close()
    this.#context.events.close()
    await this.#context.engine.close()
  }

  /**
   * Where the page after this session begins. One that has ended meanwhile has left the list; its tombstone
   * still tells its place. When that is gone too, the pages begin anew: better one twice than one hidden.
   */
  async #startAfter(id: SessionId, records: readonly SessionRecord[]): Promise<number> {
    const index = records.findIndex((record) => record.id === id)
    if (index >= 0 || !isSessionId(id)) return index + 1
    const last = await this.#context.records.readOne(id)
    if (last === null || last.userId !== records[0]?.userId) return 0
    return records.filter((record) => isListedBefore(record, last)).length
  }
}

/** The order of a list: the oldest first, ties by id. */
function isListedBefore(a: SessionRecord, b: SessionRecord): boolean {
  return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.id < b.id)
}
