import type { Activity } from './activity.ts'
import { bucketOf, bucketOfId } from './bucket.ts'
import { eventOf, type StoreContext } from './context.ts'
import { bucketFor, draftRecord, limitOf, storeRecord } from './create-session.ts'
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
  async begin(key: ForeignKey, content: Content): Promise<Led | null> {
    const made = await madeOf(this.#context, content)
    const link = await this.#links.create(key, this.#leadsTo(made, content.oldUntil))
    return link && this.#store(key, link, made.record)
  }

  /** A new session under an id whose session has ended. */
  async beginAgain(key: ForeignKey, old: Link, content: Content): Promise<Led | null> {
    const made = await madeOf(this.#context, content)
    const link = await this.#links.move(key, old, this.#leadsTo(made, content.oldUntil))
    return link && this.#store(key, link, made.record)
  }

  /** A new session under an id whose session was never stored; nor will it be, by whoever still wants to. */
  async beginInstead(key: ForeignKey, old: Link, content: Content): Promise<Led | null> {
    return (await this.#bar(old.token.id)) ? this.beginAgain(key, old, content) : null
  }

  /** Whether a link without its session never had one: it is so young that it is still on its way, or was refused. */
  isUnderway({ ledAt }: Link): boolean {
    return ledAt === NOWHERE || Math.abs(this.#context.clock.now() - ledAt) < UNDERWAY_MS
  }

  /** Stores the session of another's link, in case that one does not. */
  async join(key: ForeignKey, link: Link, content: Content): Promise<Led | null> {
    const { userId } = content
    // All sessions of a user lie in one bucket, and the token that is there lies in another.
    const isElsewhere =
      userId !== null && bucketOf(userId, this.#context.bucketKey) !== bucketOfId(link.token.id)
    if (isElsewhere || link.ledAt === NOWHERE) return this.beginInstead(key, link, content)
    const { record } = await madeOf(this.#context, content, link.token)
    // Else it is there by now, or its place was taken by somebody who has died since.
    return (await this.#store(key, link, record)) ?? this.beginInstead(key, link, content)
  }

  #born(link: Link, record: SessionRecord): Led {
    this.#context.events.emit('created', eventOf(this.#context, record))
    return { link, record }
  }

  async #store(key: ForeignKey, link: Link, record: SessionRecord): Promise<Led | null> {
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

  #leadsTo(made: Made, oldUntil: Instant = 0): Leads {
    const leads = leadsTo(made, made.token.id, this.#context.clock.now())
    return { ...leads, lookAt: Math.max(oldUntil, leads.lookAt) }
  }
}

/** A session's first record, and its token: a fresh one in the bucket of its user, unless there is one. */
export async function madeOf<Data>(
  context: StoreContext<Data>,
  { data, userId, use, oldUntil }: Content,
  token: TokenParts = mintToken(bucketFor(context, userId)),
): Promise<Made> {
  const { bytes } = await context.codec.write(data, NO_HEAD)
  const draft = draftRecord(context, userId === null ? {} : { userId }, bytes)
  const expiresAt = Math.min(use.expiresAt, draft.absoluteAt)
  const times = { seenAt: Math.min(use.seenAt, expiresAt), expiresAt }
  // When a fetched session began, and its user logged in, is not known; but not after its last use. What ended all
  // sessions after that ends it too.
  const before = oldUntil === undefined ? {} : { createdAt: times.seenAt, authenticatedAt: null }
  const own = { id: token.id, digest: digestOf(token.secret) }
  return { record: { ...draft, ...times, ...before, ...own }, token }
}

/** Whether nothing was stored, and the same write would be refused again. */
function isFinal(error: unknown): boolean {
  return error instanceof SessionError && !error.retryable
}
