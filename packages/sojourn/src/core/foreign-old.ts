import type { Activity } from './activity.ts'
import type { Clock } from './clock.ts'
import type { StoreContext } from './context.ts'
import { within } from './deadline.ts'
import { endRecord } from './ending.ts'
import { SessionError } from './errors.ts'
import type { Content, ForeignBirth } from './foreign-birth.ts'
import { jsonCopy } from './foreign-data.ts'
import type { ForeignKey } from './foreign-link.ts'
import type { ForeignLinks, Led, Target } from './foreign-links.ts'
import type { CheckedForeign } from './foreign-options.ts'
import type { ForeignShared } from './foreign-shared.ts'
import { asUser } from './foreign-write.ts'
import type { Adopted, OldSession, OldSource } from './old-store.ts'
import { type Instant, LIFETIME_CEILING_MS, type Milliseconds } from './port.ts'
import { withoutMessage } from './schema.ts'

const ATTEMPTS = 8
const PATIENCE_MS: Milliseconds = 2_000
const REFUSALS: readonly string[] = ['DATA_REFUSED', 'DATA_TOO_LARGE', 'SCHEMA_REFUSED', 'USER_LIMIT_REACHED']

/** What became of one old session. `known`: it was here before, alive or ended. */
export type Imported = 'imported' | 'known' | 'missed' | 'refused' | 'unreadable'

/** An id that was looked for in the old store, too. */
export interface Fetched {
  readonly outcome: Imported
  readonly target: Target
}

/** What is found in the old store, ready to be stored here. */
export interface Offer {
  readonly old: OldSession
  readonly adopted: Adopted
}

/** How a session was written or used. */
interface Wrote {
  readonly use: Activity
  /** Whether it was not read before. */
  readonly isBlind: boolean
}

/** What foreign sessions ask of the store that they come from. */
export interface OldSide {
  /** What an id leads to, after its session was fetched if it had to be. */
  resolve(key: ForeignKey, target: Target): Promise<Target>
  /** Fetches a session that is not here. */
  fetch(key: ForeignKey): Promise<Fetched>
  /** What fetching would come to; stores and removes nothing. */
  examine(key: ForeignKey): Promise<Imported>
  /** A session was ended, or was not there. */
  ended(key: ForeignKey): Promise<void>
  wrote(key: ForeignKey, how: Wrote): Promise<void>
}

/** What both sides of it are made of. */
export interface OldParts<Data> {
  readonly shared: ForeignShared<Data>
  readonly options: Pick<CheckedForeign, 'userId'>
  readonly links: ForeignLinks
  readonly birth: ForeignBirth<Data>
  readonly source: OldSource
}

/**
 * Fetches sessions from another store when their ids are asked for. Our record comes first, then our tombstone, and
 * the old key last, so that a log-out here is final (CONTRACTS 3.0). The link outlives the old key: whatever becomes of
 * that one, it is not fetched again.
 */
export class ForeignOld<Data> implements OldSide {
  readonly #parts: OldParts<Data>
  /** Ids that this process is fetching: those who ask at once get one answer. */
  readonly #underway = new Map<string, Promise<Fetched>>()

  constructor(parts: OldParts<Data>) {
    this.#parts = parts
  }

  async resolve(key: ForeignKey, target: Target): Promise<Target> {
    return this.mayFetch(target) ? (await this.fetch(key)).target : target
  }

  /** An id that leads nowhere yet. Of one whose session is not stored its maker may have died. */
  mayFetch(target: Target): boolean {
    if (target.state === 'unknown') return true
    return target.state === 'dead' && target.record === null && this.#parts.birth.isUnderway(target.link)
  }

  fetch(key: ForeignKey): Promise<Fetched> {
    const underway = this.#underway.get(key.hash)
    if (underway !== undefined) return underway
    const fetching = this.#fetch(key).finally(() => this.#underway.delete(key.hash))
    this.#underway.set(key.hash, fetching)
    return fetching
  }

  async examine(key: ForeignKey): Promise<Imported> {
    if (!this.mayFetch(await this.#parts.links.target(key))) return 'known'
    const offer = await this.offerOf(key)
    if (offer === null || typeof offer === 'string') return offer ?? 'missed'
    try {
      const { data } = this.contentOf(offer)
      await this.#parts.shared.context.codec.encode(data, { device: null, assurance: null })
      return 'imported'
    } catch (error) {
      if (isRefusal(error)) return 'refused'
      throw error
    }
  }

  /** What the old store holds; a word for what cannot be taken. */
  async offerOf({ foreignId }: ForeignKey): Promise<Offer | 'unreadable' | null> {
    const { store, form } = this.#parts.source
    const now = this.#parts.shared.context.clock.now()
    const old = await this.asked(() => store.read(foreignId, now))
    if (old === null || old === 'unreadable') return old
    const adopted = form.adopt(foreignId, old)
    if (adopted === null) return 'unreadable'
    return this.#isOver(old, adopted, now) ? null : { old, adopted }
  }

  /** Its time is over, or somebody has ended all sessions since it was used last. */
  #isOver({ expiresAt }: OldSession, { use }: Adopted, now: Instant): boolean {
    const until = use?.expiresAt ?? expiresAt
    const createdAt = Math.min(use?.seenAt ?? now, now)
    return (until !== null && until <= now) || this.#parts.shared.context.records.isCutOff({ createdAt })
  }

  contentOf({ old, adopted }: Offer): Content {
    const { clock, policy } = this.#parts.shared.context
    const now = clock.now()
    const data = jsonCopy(adopted.data)
    const given = adopted.use ?? { seenAt: now, expiresAt: old.expiresAt ?? now + policy.lifetime.idle }
    const use = { seenAt: Math.max(0, Math.min(given.seenAt, now)), expiresAt: given.expiresAt }
    const userId = asUser(this.#parts.options.userId, { ...data })
    return { data, userId, use, oldUntil: lastOf(old, use, now) }
  }

  /** The link keeps the old key from coming back, so that a log-out does not depend on the old store. */
  async ended(key: ForeignKey): Promise<void> {
    await this.clear(key).catch(() => this.#countFailure())
  }

  async wrote(key: ForeignKey, { isBlind }: Wrote): Promise<void> {
    // Nobody has looked whether there is an old key, and it must not come to light later.
    if (isBlind) this.#parts.shared.context.background.track(this.ended(key))
  }

  /** Removes the old key of a session that is stored here, or has ended. */
  async clear({ foreignId }: Pick<ForeignKey, 'foreignId'>): Promise<void> {
    await this.asked(() => this.#parts.source.store.remove(foreignId))
  }

  asked<T>(ask: () => Promise<T>): Promise<T> {
    return askOld(this.#parts.shared.context.clock, ask)
  }

  async #fetch(key: ForeignKey): Promise<Fetched> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const target = await this.#parts.links.target(key)
      if (!this.mayFetch(target)) return { outcome: 'known', target }
      const fetched = await this.#try(key, target)
      if (fetched !== null) return fetched
    }
    throw new SessionError('CONFLICT', `${ATTEMPTS} tries lost.`)
  }

  /** Null when somebody else was first: look again. */
  async #try(key: ForeignKey, target: Target): Promise<Fetched | null> {
    const { shared, source } = this.#parts
    const offer = await this.offerOf(key)
    if (offer === null || offer === 'unreadable') return this.#without(key, offer)
    const born = await this.#adopt(key, target, offer)
    if (born === null) return null
    if (born === 'revoked') return this.#without(key, null)
    if (born === 'refused') return counted(shared, { outcome: 'refused', target })
    if (source.store.mode === 'move') await this.ended(key)
    return counted(shared, { outcome: 'imported', target: { state: 'live', ...born } })
  }

  /** What is not in the old store may have left it for here since we looked. */
  async #without(key: ForeignKey, offer: 'unreadable' | null): Promise<Fetched> {
    const target = await this.#parts.links.target(key)
    if (target.state === 'live') return { outcome: 'known', target }
    return counted(this.#parts.shared, { outcome: offer ?? 'missed', target })
  }

  /** Null when somebody else was first. */
  async #adopt(key: ForeignKey, target: Target, offer: Offer): Promise<Led | 'refused' | 'revoked' | null> {
    const { birth, shared } = this.#parts
    try {
      const content = this.contentOf(offer)
      if (await this.#isRevoked(content, offer)) return 'revoked'
      const born = await (target.state === 'unknown'
        ? birth.begin(key, content)
        : birth.join(key, target.link, content))
      // Whoever ended all of the user's since then has not found it.
      if (born === null || !(await this.#isRevoked(content, offer))) return born
      await endRecord(shared.context, born.record, 'revoked')
      return 'revoked'
    } catch (error) {
      if (isRefusal(error)) return 'refused'
      throw error
    }
  }

  #isRevoked({ userId }: Content, { adopted: { use } }: Offer): Promise<boolean> {
    const isDated = use !== null && use.seenAt < Number.MAX_SAFE_INTEGER
    return this.#parts.shared.revocations.covers(userId, isDated ? use.seenAt : null)
  }

  #countFailure(): void {
    this.#parts.shared.context.counters.add('oldKeysLeft')
  }
}

/** A driver may wait for its server as long as it likes; a request may not. @throws SessionError `ENGINE_UNAVAILABLE` */
export async function askOld<T>(clock: Clock, ask: () => Promise<T>): Promise<T> {
  try {
    return await within(ask(), { clock, timeout: PATIENCE_MS }, () => new Error('It took too long.'))
  } catch (error) {
    throw failed(error)
  }
}

const COUNTS = {
  imported: 'oldImported',
  missed: 'oldMissed',
  refused: 'oldRefused',
  unreadable: 'oldUnreadable',
} as const

export function counted(
  { context }: { readonly context: Pick<StoreContext<unknown>, 'counters'> },
  fetched: Fetched,
): Fetched {
  if (fetched.outcome !== 'known') context.counters.add(COUNTS[fetched.outcome])
  return fetched
}

/** Its message may quote a key, which is a credential. */
function failed(error: unknown): SessionError {
  if (error instanceof SessionError) return error
  return new SessionError('ENGINE_UNAVAILABLE', 'The store of migrateFrom failed.', {
    cause: withoutMessage(error),
  })
}

export function isRefusal(error: unknown): boolean {
  return error instanceof SessionError && REFUSALS.includes(error.code)
}

/** Until when the old key can be there, also when an old process writes it once more just before it stops. */
function lastOf(
  { expiresAt }: OldSession,
  use: { seenAt: Instant; expiresAt: Instant },
  now: Instant,
): Instant {
  if (expiresAt === null) return now + LIFETIME_CEILING_MS
  return Math.min(now + LIFETIME_CEILING_MS, expiresAt + Math.max(0, use.expiresAt - use.seenAt))
}
