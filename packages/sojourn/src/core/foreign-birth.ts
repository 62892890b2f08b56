import type { Activity } from './activity.ts'
import { bucketOf, bucketOfId } from './bucket.ts'
import { eventOf, type StoreContext } from './context.ts'
import { bucketFor, discard, draftRecord, limitOf, storeRecord } from './create-session.ts'
import { endRecord } from './ending.ts'
import { SessionError } from './errors.ts'
import { type ForeignKey, type Leads, type Link, NOWHERE } from './foreign-link.ts'
import type { ForeignLinks } from './foreign-links.ts'
import { applyChanges, changesBetween, type Fields, isFields } from './foreign-merge.ts'
import { isOwn, ownRecord } from './own-record.ts'
import {
  CLOCK_SKEW_MS,
  type Instant,
  type Milliseconds,
  type SessionId,
  type SessionRecord,
  TOMBSTONE_MS,
} from './port.ts'
import { digestOf, mintToken, type TokenParts } from './token.ts'
import type { UpdateQueue } from './update-queue.ts'

/**
 * So long after a link was made its session may still be on its way, also by the clock of another machine. A session
 * that has ended leaves a longer trace.
 */
const UNDERWAY_MS: Milliseconds = 30_000 + CLOCK_SKEW_MS
const NO_HEAD = { device: null, assurance: null }

/** What a new session is made of. */
export interface Content {
  readonly data: Fields
  readonly userId: string | null
  readonly use: Activity
  /** Of a session that was fetched from another store: until when that one may hold it. */
  readonly oldUntil?: Instant
}

/** A session that was just stored, and its link. */
export interface Born {
  readonly link: Link
  readonly record: SessionRecord
}

/**
 * How foreign sessions begin. The link is stored first, and whoever finds it without its session stores that in its
 * stead, so that of several who begin at once exactly one session comes to be. Null means: look again.
 */
export class ForeignBirth<Data> {
  readonly #context: StoreContext<Data>
  readonly #updates: UpdateQueue<Data>
  readonly #links: ForeignLinks

  constructor(context: StoreContext<Data>, updates: UpdateQueue<Data>, links: ForeignLinks) {
    this.#context = context
    this.#updates = updates
    this.#links = links
  }

  /** A session under an id that is unknown. */
  async begin(key: ForeignKey, content: Content): Promise<Born | null> {
    const record = await this.#recordOf(content, this.#tokenFor(content))
    const link = await this.#links.create(key, this.#leadsTo(record, content.oldUntil))
    return link && this.#store(key, link, record.record)
  }

  /** A new session under an id whose session has ended. */
  async beginAgain(key: ForeignKey, old: Link, content: Content): Promise<Born | null> {
    const record = await this.#recordOf(content, this.#tokenFor(content))
    const link = await this.#links.move(key, old, this.#leadsTo(record, content.oldUntil))
    return link && this.#store(key, link, record.record)
  }

  /** A new session under an id whose session was never stored; nor will it be, by whoever still wants to. */
  async beginInstead(key: ForeignKey, old: Link, content: Content): Promise<Born | null> {
    return (await this.#bar(old.token.id)) ? this.beginAgain(key, old, content) : null
  }

  /** Whether a link without its session never had one: it is so young that it is still on its way, or was refused. */
  isUnderway({ ledAt }: Link): boolean {
    return ledAt === NOWHERE || Math.abs(this.#context.clock.now() - ledAt) < UNDERWAY_MS
  }

  /** Stores the session of another's link, in case that one does not. */
  async join(key: ForeignKey, link: Link, content: Content): Promise<Born | null> {
    const { userId } = content
    // All sessions of a user lie in one bucket, and the token that is there lies in another.
    const isElsewhere =
      userId !== null && bucketOf(userId, this.#context.bucketKey) !== bucketOfId(link.token.id)
    if (isElsewhere || link.ledAt === NOWHERE) return this.beginInstead(key, link, content)
    const { record } = await this.#recordOf(content, link.token)
    // Else it is there by now, or its place was taken by somebody who has died since.
    return (await this.#store(key, link, record)) ?? this.beginInstead(key, link, content)
  }

  /**
   * A session takes the place of another one, under the same foreign id, because its user is another: a record never
   * changes its user. Whatever breaks in between leaves the old session, or one that nobody reaches and that expires.
   */
  async handOver(key: ForeignKey, old: Born, content: Content): Promise<Born | null> {
    const made = await this.#recordOf(content, this.#tokenFor(content))
    const { record } = made
    const isStored = await storeRecord(this.#context, record, limitOf(this.#context, old.record))
    if (!isStored) throw new SessionError('ENGINE_UNAVAILABLE', 'A fresh id was taken.')
    try {
      const link = await this.#lead(key, old, this.#leadsTo(made))
      if (link !== null && (await this.#links.settle(key, link, old.record))) {
        return await this.#tookPlace(key, old.record, { link, record })
      }
    } catch (error) {
      // Whoever looks next makes it certain, but only here it is known what was written late.
      this.#context.background.once(`hand over ${record.id}`, () => this.#lookAgain(key, old.record, record))
      throw error
    }
    // Somebody else was first, or has ended the old one, as by a log-out: that counts.
    discard(this.#context, record)
    return null
  }

  async #tookPlace(key: ForeignKey, old: SessionRecord, { link, record }: Born): Promise<Born> {
    this.#context.events.emit('created', eventOf(this.#context, record))
    await this.#carryLate(key, old, { link, record })
    return { link: { ...link, replaces: null }, record }
  }

  async #lookAgain(key: ForeignKey, old: SessionRecord, record: SessionRecord): Promise<void> {
    this.#links.forget(key)
    const target = await this.#links.target(key)
    const isOurs = target.state === 'live' && target.record.id === record.id
    if (isOurs) await this.#tookPlace(key, old, target)
    else await endRecord(this.#context, record, 'revoked')
  }

  async #store(key: ForeignKey, link: Link, record: SessionRecord): Promise<Born | null> {
    await this.#context.records.ready()
    try {
      if (!(await storeRecord(this.#context, record, limitOf(this.#context, null)))) return null
    } catch (error) {
      this.#links.forget(key)
      // If that fails too it is as after a crash.
      if (isFinal(error)) await this.#vacate(key, link).catch(() => undefined)
      throw error
    }
    this.#context.events.emit('created', eventOf(this.#context, record))
    return { link, record }
  }

  /** A session was refused: its link would have the foreign id pass for one whose session has ended. */
  async #vacate(key: ForeignKey, link: Link): Promise<void> {
    if (await this.#bar(link.token.id)) await this.#links.vacate(key, link)
  }

  /** Takes the place of a session that is not stored yet; false when it is by now. */
  async #bar(id: SessionId): Promise<boolean> {
    const { engine, clock, records } = this.#context
    const createdAt = clock.now()
    const lookAt = createdAt + TOMBSTONE_MS
    // A value that nobody asks for: it opens for no token, and leaves by itself.
    const value = ownRecord({ kind: 'value', id, userId: null, createdAt, lookAt, content: [] })
    const { outcome } = await engine.create({ ...value, absoluteAt: lookAt }, null, createdAt)
    if (outcome === 'done') return true
    const found = await records.readOne(id)
    return found !== null && isOwn(found)
  }

  #tokenFor({ userId }: Content): TokenParts {
    return mintToken(bucketFor(this.#context, userId))
  }

  async #recordOf({ data, userId, use, oldUntil }: Content, token: TokenParts) {
    const { codec } = this.#context
    const { bytes } = await codec.write(data, NO_HEAD)
    const draft = draftRecord(this.#context, userId === null ? {} : { userId }, bytes)
    const expiresAt = Math.min(use.expiresAt, draft.absoluteAt)
    const times = { seenAt: Math.min(use.seenAt, expiresAt), expiresAt }
    // When a fetched session began, and its user logged in, is not known; but not after its last use. What ended all
    // sessions after that ends it too.
    const before = oldUntil === undefined ? {} : { createdAt: times.seenAt, authenticatedAt: null }
    const own = { id: token.id, digest: digestOf(token.secret) }
    const record: SessionRecord = { ...draft, ...times, ...before, ...own }
    return { record, token }
  }

  #leadsTo(
    { record, token }: { readonly record: SessionRecord; readonly token: TokenParts },
    oldUntil: Instant = 0,
  ): Leads {
    return {
      origin: token.id,
      replaces: null,
      token,
      ledAt: this.#context.clock.now(),
      lookAt: Math.max(oldUntil, lookAtOf(record, record.absoluteAt)),
    }
  }

  /** Of an unknown outcome the link itself tells. */
  async #lead(key: ForeignKey, { link, record }: Born, to: Leads): Promise<Link | null> {
    try {
      return await this.#links.move(key, link, { ...to, origin: link.origin, replaces: record.id })
    } catch (error) {
      this.#links.forget(key)
      const target = await this.#links.target(key)
      if (target.state === 'live' && target.link.token.id === to.token.id) return target.link
      throw error
    }
  }

  /** What another request wrote to the old session, between its read here and its end, was acknowledged. */
  async #carryLate(key: ForeignKey, old: SessionRecord, born: Born): Promise<void> {
    const carry = (): Promise<void> => this.#carry(key, old, born)
    await carry()
      .catch(carry)
      .catch(() => this.#context.counters.add('lateCarriesLost'))
  }

  async #carry(key: ForeignKey, old: SessionRecord, { link, record }: Born): Promise<void> {
    const last = await this.#context.records.readOne(old.id)
    if (last === null || last.version === old.version || last.data.byteLength === 0) return
    const late = changesBetween(await this.#fieldsOf(old), await this.#fieldsOf(last))
    const recipe = (draft: unknown) => isFields(draft) && applyChanges(draft, late)
    for (let next: SessionRecord | null = record; next !== null; ) {
      const addressed = { record: next, fresh: false, token: null, superseded: false }
      if ((await this.#updates.submit(addressed, recipe, false)) !== null) return
      // The new one may have been replaced in its turn.
      const target = await this.#links.target(key)
      next = target.state === 'live' && target.link.origin === link.origin ? target.record : null
    }
  }

  async #fieldsOf({ data }: SessionRecord): Promise<Fields> {
    const { draft } = await this.#context.codec.draft(data)
    return isFields(draft) ? draft : {}
  }
}

/** Whether nothing was stored, and the same write would be refused again. */
function isFinal(error: unknown): boolean {
  return error instanceof SessionError && !error.retryable
}

/** A link is looked at long enough after its session's deadline that it need not follow at each use. */
export function lookAtOf({ seenAt, expiresAt }: Activity, absoluteAt: number): number {
  return Math.max(expiresAt, Math.min(absoluteAt, 2 * expiresAt - seenAt))
}
