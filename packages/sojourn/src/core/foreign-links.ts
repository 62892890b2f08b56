import { eventOf, type StoreContext } from './context.ts'
import { SessionError } from './errors.ts'
import type { KnownLinks } from './foreign-known.ts'
import {
  type ForeignKey,
  type Leads,
  type Link,
  leadsTo,
  linkIn,
  linkRecord,
  type Made,
  movedLink,
  NOWHERE,
} from './foreign-link.ts'
import { forgetUnreached, handedOver, makesPlace, successorFor } from './foreign-succession.ts'
import { type Instant, type Replaced, type SessionRecord, TOMBSTONE_MS } from './port.ts'
import { digestOf, sameDigest, type TokenParts } from './token.ts'

const ATTEMPTS = 8
type Uses = Pick<
  StoreContext<unknown>,
  'engine' | 'records' | 'clock' | 'name' | 'bucketKey' | 'events' | 'background'
>

/** A link, and the record of its session. */
export interface Led {
  readonly link: Link
  readonly record: SessionRecord
}

/** What a foreign id leads to. */
export type Target =
  /** It was never stored, or nobody remembers it. */
  | { readonly state: 'unknown' }
  | ({ readonly state: 'live' } & Led)
  /** Its session has ended or expired; `record` is null when that is forgotten, or when it is not stored yet. */
  | { readonly state: 'dead'; readonly link: Link; readonly record: SessionRecord | null }

/**
 * The links of one kind of foreign ids, and what this process remembers of them: with it a session is found in one
 * round trip, else in two.
 */
export class ForeignLinks {
  readonly #context: Uses
  readonly #label: string
  readonly #known: KnownLinks

  constructor(context: Uses, label: string, known: KnownLinks) {
    this.#context = context
    this.#label = label
    this.#known = known
  }

  /** What the foreign id leads to now. */
  async target(key: ForeignKey): Promise<Target> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const target = await this.#look(key)
      if (target !== 'again') return target
    }
    throw new SessionError('CONFLICT', `${ATTEMPTS} tries lost.`)
  }

  async #look(key: ForeignKey): Promise<Target | 'again'> {
    const known = this.#known.find(key.hash)
    const seen = known && (await this.#context.records.readOne(known.token.id))
    if (known !== null && seen !== null && this.#isLive(known, seen)) {
      return { state: 'live', link: known, record: seen }
    }
    // It may lead elsewhere by now, because another process has moved it.
    const link = await this.#find(key)
    if (link === null) return { state: 'unknown' }
    const isSeen = known !== null && link.token.id === known.token.id
    const record = isSeen ? seen : await this.#context.records.readOne(link.token.id)
    return record === null ? { state: 'dead', link, record } : this.#through(key, { link, record })
  }

  async #through(key: ForeignKey, { link, record }: Led): Promise<Target | 'again'> {
    if (this.#isLive(link, record)) return { state: 'live', link, record }
    const token = successorFor(this.#context, record, link.token)
    if (token === null) return { state: 'dead', link, record: isOf(link, record) ? record : null }
    const next = await this.#context.records.readOne(token.id)
    const led = next && (await this.finish(key, { link, record }, { record: next, token }))
    if (led !== null) return 'again'
    // Also when nothing takes its place any more.
    await makesPlace(this.#context, record)
    return { state: 'dead', link, record }
  }

  /** Stores a new link; null when there is one already. */
  async create(key: ForeignKey, leads: Leads): Promise<Link | null> {
    const { engine } = this.#context
    const record = linkRecord(this.#context, this.#label, key, leads)
    const { outcome } = await engine.create(record, null, record.createdAt)
    return outcome === 'done' ? this.#remember(key, record) : null
  }

  /** Lets a link lead elsewhere, if it is still this version; null when somebody else was first, or it is gone. */
  async move(key: ForeignKey, link: Link, to: Leads): Promise<Link | null> {
    // Never looked at earlier than before: it may have to outlive a key in another store.
    const leads = { ...to, lookAt: Math.max(to.lookAt, link.lookAt) }
    const record = movedLink(this.#context, this.#label, key, { link, to: leads })
    // It may have been due, which is its deadline: asked as of an earlier instant, the port takes it for live.
    const { outcome } = await this.#context.engine.replace(record, link.version, link.createdAt)
    if (outcome === 'done') return this.#remember(key, record)
    this.forget(key)
    return null
  }

  /**
   * Lets a link lead nowhere, unless somebody has moved it: whoever comes next takes it. It leaves by itself, and not at
   * once, so that one of the same version is never another one to those who know it.
   */
  async vacate(key: ForeignKey, link: Link): Promise<void> {
    const { engine, clock } = this.#context
    this.forget(key)
    const to = { ...link, ledAt: NOWHERE, lookAt: clock.now() + TOMBSTONE_MS }
    const vacant = movedLink(this.#context, this.#label, key, { link, to })
    await engine.replace(vacant, link.version, link.createdAt)
  }

  /**
   * Has a session take the place of the one that a link leads to, if that is still this version: nobody writes to it
   * afterwards. Who dies after that is finished for by whoever looks next.
   */
  close(link: Link, old: SessionRecord, token: TokenParts): Promise<Replaced> {
    const { engine, clock } = this.#context
    return engine.replace(handedOver(this.#context, old, link.token, token), old.version, clock.now())
  }

  /**
   * Ends a session that was closed, and lets the link lead to the one that takes its place; whoever finishes, it has taken
   * effect once. Null when the old one was ended otherwise before, as by a log-out, or when the id has begun anew: both
   * are dead then.
   */
  async finish(key: ForeignKey, { link, record: old }: Led, made: Made): Promise<Link | null> {
    const hasPlace = await makesPlace(this.#context, old)
    const led = hasPlace ? await this.#lead(key, link, made) : null
    if (led !== null) return led
    const isForgotten = await forgetUnreached(this.#context, made.record)
    return hasPlace && !isForgotten ? link : null
  }

  /** Sees to it that the link outlives its session. */
  async extend(key: ForeignKey, link: Link, until: { expiresAt: Instant; lookAt: Instant }): Promise<void> {
    const known = this.#known.find(key.hash)
    const lookAt = known !== null && known.id === link.id ? known.lookAt : link.lookAt
    if (lookAt >= until.expiresAt) return
    const now = this.#context.clock.now()
    const isThere = await this.#context.engine.touch(link.id, now, until.lookAt)
    if (isThere && known !== null) this.#known.keep(key.hash, { ...known, lookAt: until.lookAt })
  }

  forget(key: ForeignKey): void {
    this.#known.forget(key.hash)
  }

  async #find(key: ForeignKey): Promise<Link | null> {
    const record = await this.#context.records.readOne(key.linkId)
    const link = record && this.#remember(key, record)
    if (link === null) this.forget(key)
    // One that somebody began to remove is in the way of a new one.
    if (record !== null && record.ended !== null) await this.#context.engine.settle([record.id], null)
    return link
  }

  /** The link that leads to a session which takes the place of the one before; null when it leads elsewhere by now. */
  async #lead(key: ForeignKey, before: Link, made: Made): Promise<Link | null> {
    const { clock, events } = this.#context
    let link: Link | null = before
    for (let attempt = 0; attempt < ATTEMPTS && link?.token.id === before.token.id; attempt += 1) {
      const moved: Link | null = await this.move(key, link, leadsTo(made, link.origin, clock.now()))
      if (moved !== null) {
        events.emit('created', eventOf(this.#context, made.record))
        return moved
      }
      // Somebody has moved it, or the sweep has looked at it meanwhile.
      link = await this.#find(key)
    }
    if (link?.token.id === before.token.id) throw new SessionError('CONFLICT', `${ATTEMPTS} tries lost.`)
    return link?.token.id === made.token.id ? link : null
  }

  #isLive(link: Link, record: SessionRecord): boolean {
    return isOf(link, record) && this.#context.records.isLive(record, this.#context.clock.now())
  }

  #remember(key: ForeignKey, record: SessionRecord): Link | null {
    const link = linkIn(this.#context, key, record)
    if (link !== null) this.#known.keep(key.hash, link)
    else this.forget(key)
    return link
  }
}

function isOf({ token }: Link, record: SessionRecord): boolean {
  return sameDigest(record.digest, digestOf(token.secret))
}
