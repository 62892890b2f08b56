import type { Activity } from './activity.ts'
import { endRecord } from './ending.ts'
import { SessionError } from './errors.ts'
import { ForeignAdoption, type OldCredential } from './foreign-adoption.ts'
import { ForeignBirth } from './foreign-birth.ts'
import type { JsonObject } from './foreign-data.ts'
import { ForeignKeeper } from './foreign-keeper.ts'
import { type ForeignKey, foreignKeyOf, type Link } from './foreign-link.ts'
import { ForeignLinks, type Target } from './foreign-links.ts'
import { ForeignMirror } from './foreign-mirror.ts'
import { ForeignOld, type Imported, type OldSide } from './foreign-old.ts'
import type { CheckedForeign } from './foreign-options.ts'
import type { ForeignShared } from './foreign-shared.ts'
import { ForeignValues } from './foreign-values.ts'
import { ForeignView, type Seen } from './foreign-view.ts'
import { ForeignWalk, nullIfUnreadable } from './foreign-walk.ts'
import { fieldsIn } from './foreign-write.ts'
import { ForeignWriter } from './foreign-writer.ts'
import type { SessionId, SessionRecord } from './port.ts'
import type { Issued } from './session.ts'
import { liveRecordsOf } from './user-records.ts'

const ATTEMPTS = 8

/** A live session as it is found under a foreign id. */
export interface ForeignSession extends Activity {
  /** A copy of the caller's own, to be changed at will. */
  readonly data: Record<string, unknown>
  /** To be handed back with what is written of it. */
  readonly view: ForeignView
}

/** One of all sessions. */
export interface ForeignEntry extends Activity {
  readonly id: SessionId
  readonly data: Record<string, unknown>
}

/** One that a walk came by. */
export interface WalkedEntry extends ForeignEntry {
  /** What `revokeHandle` takes. */
  readonly handle: string
}

/** A write: the data whole, the use that it counts as, and what the writer knew; without that it is the whole truth. */
export interface ForeignWrite {
  readonly data: JsonObject
  /** Null: now, for the store's idle timeout. */
  readonly use: Activity | null
  readonly view: ForeignView | null
}

/**
 * Sessions under ids that a framework made. Each is a session like any other: listed, counted, ended and archived with
 * its user's; the framework's id only leads to it. What is absent, expired or ended reads as null.
 */
export class ForeignSessions<Data> {
  /** What the framework keeps beside its sessions. */
  readonly values: ForeignValues
  readonly #shared: ForeignShared<Data>
  readonly #label: string
  readonly #links: ForeignLinks
  readonly #keeper: ForeignKeeper
  readonly #walk: ForeignWalk
  readonly #writer: ForeignWriter<Data>
  /** Null where sessions come from nowhere else. */
  readonly #old: OldSide | null

  /** Made by `SessionStore.foreign`. */
  constructor(shared: ForeignShared<Data>, options: CheckedForeign) {
    this.#shared = shared
    this.#label = options.label
    this.values = new ForeignValues(shared.context, options.label)
    this.#links = new ForeignLinks(shared.context, options.label, shared.known)
    this.#keeper = new ForeignKeeper(this.#links, shared.deadlines)
    this.#walk = new ForeignWalk(shared.context, options.label)
    this.#writer = new ForeignWriter(shared, options, this.#links)
    this.#old = this.#oldSide(options)
  }

  /** The live session of an id. One round trip, two for an id that this process does not know. Never counts as use. */
  async read(foreignId: string): Promise<ForeignSession | null> {
    const key = this.#keyOf(foreignId)
    if (key === null) return null
    await this.#shared.turns.settled(key.hash)
    const target = await this.#target(key)
    if (target.state !== 'live') return null
    const { link, record } = target
    const view = new ForeignView()
    view.note({ link, record, data: null })
    const { seenAt, expiresAt } = record
    return { data: await this.#fieldsOf(record), seenAt, expiresAt, view }
  }

  /**
   * Stores data. With a view, what changed since it is laid over what is stored now, field by field, and a session
   * that has ended stays so; without one the data is stored whole, and an unknown id begins. False when it was refused
   * because the session has ended, which callers take for done (CONTRACTS L1, L2, L11). A write that throws for good has
   * begun nothing: its id is as unknown as before.
   * @throws SessionError `DATA_REFUSED`, `DATA_TOO_LARGE`, `SCHEMA_REFUSED`, `USER_LIMIT_REACHED`, `CONFLICT`
   */
  async write(foreignId: string, { data, use, view }: ForeignWrite): Promise<boolean> {
    const key = this.#keyOf(foreignId)
    if (key === null)
      throw new SessionError('INVALID_ARGUMENT', 'A session id must be text of 1 to 512 characters.')
    if (this.#isOver(use)) return this.#endedInstead(key, view)
    const seen = view?.seenOf(key) ?? null
    const job = { key, data, use: this.#activityOf(use, seen), view }
    const isDone = await this.#writer.write(job)
    if (isDone) await this.#old?.wrote(key, { use: job.use, isBlind: seen === null })
    return isDone
  }

  /** Counts a use; false when the session has ended. Never makes one, and never writes data (CONTRACTS L13). */
  async touch(foreignId: string, given: Omit<ForeignWrite, 'data'>): Promise<boolean> {
    const key = this.#keyOf(foreignId)
    if (key === null) return false
    if (this.#isOver(given.use)) return this.#endedInstead(key, given.view)
    const seen = given.view?.seenOf(key) ?? null
    const use = this.#activityOf(given.use, seen)
    const isLive =
      (seen !== null && (await this.#keeper.count(key, seen, use))) || (await this.#used(key, seen, use))
    if (isLive) await this.#old?.wrote(key, { use, isBlind: false })
    return isLive
  }

  /** Ends the session of an id; true only for the call that ended it. An id that was never stored leaves no trace. */
  async revoke(foreignId: string): Promise<boolean> {
    const key = this.#keyOf(foreignId)
    return key !== null && (await this.#end(key, null)) !== null
  }

  /** Ends the session of an id, and gives what it held to the one call that ended it. */
  async take(foreignId: string): Promise<Record<string, unknown> | null> {
    const key = this.#keyOf(foreignId)
    const ended = key && (await this.#end(key, null))
    if (ended === null) return null
    const tombstone = await this.#shared.context.records.readOne(ended.id)
    const isWhole = tombstone !== null && tombstone.data.byteLength > 0
    return this.#fieldsOf(isWhole ? tombstone : ended)
  }

  /** Fetches the session of an id from `migrateFrom`, or says what that would come to. Never counts as use. */
  async fetch(foreignId: string, { dryRun }: { readonly dryRun: boolean }): Promise<Imported> {
    const key = this.#keyOf(foreignId)
    if (key === null || this.#old === null) return 'missed'
    return dryRun ? this.#old.examine(key) : (await this.#old.fetch(key)).outcome
  }

  /**
   * Exchanges a credential of before, such as a cookie, for a session of the application's own and its token: once, and
   * then only to requests that come together (CONTRACTS 3.7). Null when it is worth nothing.
   */
  async adopt(credential: string, old: OldCredential): Promise<Issued<Data> | null> {
    const key = this.#keyOf(credential)
    if (key === null) return null
    const { context } = this.#shared
    const birth = new ForeignBirth(context, this.#links)
    return new ForeignAdoption({ shared: this.#shared, links: this.#links, birth }).adopt(key, old)
  }

  /** All live sessions of a user that can be read, the oldest first, whatever made them. Never counts as use. */
  async ofUser(userId: string): Promise<readonly ForeignEntry[]> {
    const records = await liveRecordsOf(this.#shared.context, userId)
    const entries = await Promise.all(records.map((record) => this.#readableOf(record)))
    return entries.filter((entry) => entry !== null)
  }

  /** How many live. Goes through the whole store, page by page. */
  async count(): Promise<number> {
    let count = 0
    for await (const page of this.#walk.pages()) count += page.length
    return count
  }

  /**
   * All that live and can be read, page by page. `id` is the session's own, which is no foreign id and opens nothing. One
   * whose data is damaged is passed over, as in `ofUser`; `count` counts it and `clear` ends it.
   */
  async *all(): AsyncGenerator<readonly WalkedEntry[], void, undefined> {
    for await (const page of this.#walk.pages()) {
      const entries = await Promise.all(page.map(({ record }) => this.#readableOf(record)))
      yield page.flatMap(({ handle }, index) => {
        const entry = entries[index] ?? null
        return entry === null ? [] : [{ ...entry, handle }]
      })
    }
  }

  /**
   * Ends all that live, page by page; how many this call ended.
   * @throws SessionError `RECORD_UNREADABLE` when all others are ended and the engine could not read some
   */
  async clear(): Promise<number> {
    let [ended, unread] = [0, 0]
    const pages = this.#walk.pages(() => {
      unread += 1
    })
    for await (const page of pages) {
      const ends = await Promise.all(
        page.map(async ({ handle, record }) => {
          // Else it was ended, or another one is in its place.
          return (await endRecord(this.#shared.context, record, 'admin')) || this.revokeHandle(handle)
        }),
      )
      ended += ends.filter((isOurs) => isOurs).length
    }
    if (unread === 0) return ended
    throw new SessionError('RECORD_UNREADABLE', `${ended} sessions were ended, and ${unread} may live on.`)
  }

  /** Ends the session that a handle of `all` names; true only for the call that ended it. */
  async revokeHandle(handle: string): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const record = await this.#walk.find(handle)
      if (record === null) return false
      this.#shared.deadlines.forget(record.id)
      // Else it was ended, or replaced: then another one is in its place.
      if (await endRecord(this.#shared.context, record, 'admin')) return true
    }
    throw new SessionError('CONFLICT', `${ATTEMPTS} tries lost.`)
  }

  /** A text as it may stand in the data without being told, so that sessions can be found by it in `all`. */
  mark(text: string): string {
    return this.#walk.mark(text)
  }

  /** Null for one whose data is damaged, or is none that a drop-in store wrote. */
  async #readableOf(record: SessionRecord): Promise<ForeignEntry | null> {
    const { id, seenAt, expiresAt } = record
    const data = await this.#fieldsOf(record).catch(nullIfUnreadable)
    return data && { id, seenAt, expiresAt, data }
  }

  #oldSide(options: CheckedForeign): OldSide | null {
    const { source } = options
    if (source === null) return null
    const { context } = this.#shared
    const birth = new ForeignBirth(context, this.#links)
    const parts = { shared: this.#shared, options, links: this.#links, birth, source }
    const old = new ForeignOld(parts)
    return source.store.mode === 'move' ? old : new ForeignMirror(old, parts, this.#writer, options.label)
  }

  async #target(key: ForeignKey): Promise<Target> {
    const target = await this.#links.target(key)
    return this.#old === null ? target : this.#old.resolve(key, target)
  }

  async #used(key: ForeignKey, seen: Seen | null, use: Activity): Promise<boolean> {
    let last: SessionId | null = null
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const target = await this.#target(key)
      if (target.state !== 'live' || !isSame(target.link, seen) || target.record.id === last) return false
      if (await this.#keeper.count(key, target, use)) return true
      // It was ended, or replaced: then another one is in its place.
      last = target.record.id
    }
    throw new SessionError('CONFLICT', `${ATTEMPTS} tries lost.`)
  }

  /** The record that this call ended; null when there was none. */
  async #end(key: ForeignKey, view: ForeignView | null): Promise<SessionRecord | null> {
    // Fetched first, because only what was here leaves a trace that keeps it from coming back.
    if (this.#old !== null && (await this.#target(key)).state === 'unknown') return null
    const ended = await this.#endHere(key, view)
    await this.#old?.ended(key)
    return ended
  }

  #endHere(key: ForeignKey, view: ForeignView | null): Promise<SessionRecord | null> {
    return this.#shared.turns.take(key.hash, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const target = await this.#links.target(key)
        if (target.state !== 'live' || !isSame(target.link, view?.seenOf(key) ?? null)) return null
        this.#shared.deadlines.forget(target.record.id)
        this.#links.forget(key)
        // Else it was ended, or replaced: then another one is in its place.
        if (await endRecord(this.#shared.context, target.record, 'logout')) return target.record
      }
      throw new SessionError('CONFLICT', `${ATTEMPTS} tries lost.`)
    })
  }

  /** A use whose time is over already ends the session. */
  async #endedInstead(key: ForeignKey, view: ForeignView | null): Promise<boolean> {
    await this.#end(key, view)
    return true
  }

  async #fieldsOf({ data }: SessionRecord): Promise<Record<string, unknown>> {
    return fieldsIn((await this.#shared.context.codec.draft(data)).draft)
  }

  #activityOf(use: Activity | null, seen: Seen | null): Activity {
    const { clock, policy } = this.#shared.context
    const now = clock.now()
    const given = use ?? { seenAt: now, expiresAt: now + policy.lifetime.idle }
    return this.#shared.deadlines.after(seen?.record.seenAt ?? 0, given)
  }

  #isOver(use: Activity | null): boolean {
    return use !== null && use.expiresAt <= this.#shared.context.clock.now()
  }

  #keyOf(foreignId: unknown): ForeignKey | null {
    return foreignKeyOf(this.#shared.context, this.#label, foreignId)
  }
}

/** Whether a link still belongs to what a request saw; a request that saw nothing takes any. */
function isSame(link: Link, seen: Seen | null): boolean {
  return seen === null || seen.link.origin === link.origin
}
