import type { Activity } from './activity.ts'
import { bucketOf, bucketOfId } from './bucket.ts'
import { eventOf, type StoreContext } from './context.ts'
import { bucketFor, discard, draftRecord, limitOf, storeRecord } from './create-session.ts'
import { SessionError } from './errors.ts'
import { type ForeignKey, type Leads, type Link, leadsTo, type Made, NOWHERE } from './foreign-link.ts'
import type { ForeignLinks, Led } from './foreign-links.ts'
import type { Fields } from './foreign-merge.ts'
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
export type Born = Led

/**
 * How foreign sessions begin. The link is stored first, and whoever finds it without its session stores that in its
 * stead, so that of several who begin at once exactly one session comes to be. Null means: look again.
 */
export class ForeignBirth<Data> {
  readonly #context: StoreContext<Data>
  readonly #links: ForeignLinks

  constructor(context: StoreContext<Data>, links: ForeignLinks) {
    this.#context = context
    this.#links = links
  }

  /** A session under an id that is unknown. */
  async begin(key: ForeignKey, content: Content): Promise<Born | null> {
    const made = await this.#recordOf(content, this.#tokenFor(content))
    const link = await this.#links.create(key, this.#leadsTo(made, content.oldUntil))
    return link && this.#store(key, link, made.record)
  }

  /** A new session under an id whose session has ended. */
  async beginAgain(key: ForeignKey, old: Link, content: Content): Promise<Born | null> {
    const made = await this.#recordOf(content, this.#tokenFor(content))
    const link = await this.#links.move(key, old, this.#leadsTo(made, content.oldUntil))
    return link && this.#store(key, link, made.record)
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
   * changes its user. Whatever breaks in between leaves the old session or the new one, and beside it at most one that
   * nobody reaches and that expires.
   */
  async handOver(key: ForeignKey, old: Born, content: Content): Promise<Born | null> {
    const made = await this.#recordOf(content, this.#tokenFor(content))
    const { record, token } = made
    const isStored = await storeRecord(this.#context, record, limitOf(this.#context, old.record))
    if (!isStored) throw new SessionError('ENGINE_UNAVAILABLE', 'A fresh id was taken.')
    try {
      if (await this.#links.handOver(old.link, old.record, token))
        return await this.#lead(key, old.link, made)
    } catch (error) {
      return await this.#foundAfter(error, key, record)
    }
    discard(this.#context, record)
    return null
  }

  /** A session has taken the place of another one, to which the link still leads. */
  async #lead(key: ForeignKey, link: Link, made: Made): Promise<Born | null> {
    const moved = await this.#links.move(key, link, leadsTo(made, link.origin, this.#context.clock.now()))
    // Else somebody has looked meanwhile, and moved it for us.
    return moved === null ? this.#found(key, made.record) : this.#born(moved, made.record)
  }

  /** What has become of a hand-over in which something failed. @throws that error, when nothing has */
  async #foundAfter(error: unknown, key: ForeignKey, record: SessionRecord): Promise<Born> {
    const born = await this.#found(key, record).catch(() => Promise.reject(error))
    if (born !== null) return born
    discard(this.#context, record)
    throw error
  }

  /** Of an unknown outcome the link itself tells, and whoever looks finishes what was begun. */
  async #found(key: ForeignKey, { id }: SessionRecord): Promise<Born | null> {
    this.#links.forget(key)
    const target = await this.#links.target(key)
    return target.state === 'live' && target.record.id === id ? this.#born(target.link, target.record) : null
  }

  #born(link: Link, record: SessionRecord): Born {
    this.#context.events.emit('created', eventOf(this.#context, record))
    return { link, record }
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
    return this.#born(link, record)
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

  async #recordOf({ data, userId, use, oldUntil }: Content, token: TokenParts): Promise<Made> {
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

  #leadsTo(made: Made, oldUntil: Instant = 0): Leads {
    const leads = leadsTo(made, made.token.id, this.#context.clock.now())
    return { ...leads, lookAt: Math.max(oldUntil, leads.lookAt) }
  }
}

/** Whether nothing was stored, and the same write would be refused again. */
function isFinal(error: unknown): boolean {
  return error instanceof SessionError && !error.retryable
}
