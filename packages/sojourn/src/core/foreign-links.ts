import type { StoreContext } from './context.ts'
import { endRecord } from './ending.ts'
import { SessionError } from './errors.ts'
import type { KnownLinks } from './foreign-known.ts'
import {
  type ForeignKey,
  type Leads,
  type Link,
  linkIn,
  linkRecord,
  movedLink,
  NOWHERE,
} from './foreign-link.ts'
import { type EndReason, type Instant, type SessionId, type SessionRecord, TOMBSTONE_MS } from './port.ts'
import { digestOf, sameDigest } from './token.ts'

const ATTEMPTS = 8
/** Ends that are no log-out: the session was left, or has made place. */
const QUIET: readonly EndReason[] = ['replaced', 'idle', 'absolute']

type Uses = Pick<
  StoreContext<unknown>,
  'engine' | 'records' | 'clock' | 'name' | 'bucketKey' | 'events' | 'background'
>

/** What a foreign id leads to. */
export type Target =
  /** It was never stored, or nobody remembers it. */
  | { readonly state: 'unknown' }
  | { readonly state: 'live'; readonly link: Link; readonly record: SessionRecord }
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
    let before: SessionId | null = null
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const target = await this.#look(key)
      if (target.state !== 'dead' || target.record?.ended?.reason !== 'replaced') return target
      // Another one has taken its place while it was looked at, and the link leads there. Else nothing has.
      if (target.link.token.id === before) return target
      before = target.link.token.id
    }
    throw new SessionError('CONFLICT', `${ATTEMPTS} tries lost.`)
  }

  async #look(key: ForeignKey): Promise<Target> {
    const known = this.#known.find(key.hash)
    const record = known && (await this.#sessionOf(known))
    if (known !== null && record !== null && this.#isLive(record)) {
      return { state: 'live', link: known, record }
    }
    // It may lead elsewhere by now, because another process has moved it.
    const link = await this.#find(key)
    if (link === null) return { state: 'unknown' }
    if (known !== null && link.token.id === known.token.id) return { state: 'dead', link, record }
    return this.#through(key, link)
  }

  /** Stores a new link; false when there is one already. */
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
   * Makes it certain that a link's session takes the place of the one before, and ends that. False when that one was
   * ended by somebody else before, as by a log-out: then the new one must end too.
   */
  async settle(key: ForeignKey, link: Link, old: SessionRecord | null): Promise<boolean> {
    if (link.replaces === null) return true
    if (!(await this.#hasMadePlace(link.replaces, old))) return false
    const settled = { ...link, replaces: null }
    this.#known.keep(key.hash, settled)
    // Others need not look at the old one any more, which is soon forgotten.
    this.#context.background.once(`link ${link.id}`, () => this.move(key, link, settled))
    return true
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

  async #through(key: ForeignKey, link: Link): Promise<Target> {
    const { token, replaces } = link
    const ids = replaces === null ? [token.id] : [token.id, replaces]
    const [found = null, old = null] = await this.#context.records.read(ids)
    const record = isOf(link, found) ? found : null
    if (record === null || !this.#isLive(record)) {
      // Whoever was to end the one before may have died. Who still knows the link to that one must not go on with it.
      if (old !== null && old.ended === null) await endRecord(this.#context, old, 'revoked')
      return { state: 'dead', link, record }
    }
    if (await this.settle(key, link, old)) return { state: 'live', link: { ...link, replaces: null }, record }
    await endRecord(this.#context, record, 'revoked')
    return { state: 'dead', link, record }
  }

  /** Also in the place of whoever began it, and may have died. What is forgotten counts as ended by a log-out. */
  async #hasMadePlace(id: SessionId, found: SessionRecord | null): Promise<boolean> {
    let old = found
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (old === null) return false
      if (old.ended !== null) return QUIET.includes(old.ended.reason)
      if (await endRecord(this.#context, old, 'replaced')) return true
      old = await this.#context.records.readOne(id)
    }
    throw new SessionError('CONFLICT', `${ATTEMPTS} tries lost.`)
  }

  /** The session's record, whatever its state; null when it is absent, or when the secret is not its own. */
  async #sessionOf(link: Link): Promise<SessionRecord | null> {
    const record = await this.#context.records.readOne(link.token.id)
    return isOf(link, record) ? record : null
  }

  #isLive(record: SessionRecord): boolean {
    return this.#context.records.isLive(record, this.#context.clock.now())
  }

  #remember(key: ForeignKey, record: SessionRecord): Link | null {
    const link = linkIn(this.#context, key, record)
    // One that is not certain must be looked at again.
    if (link !== null && link.replaces === null) this.#known.keep(key.hash, link)
    else this.forget(key)
    return link
  }
}

function isOf({ token }: Link, record: SessionRecord | null): record is SessionRecord {
  return record !== null && sameDigest(record.digest, digestOf(token.secret))
}
