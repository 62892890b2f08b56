import { sessionOf } from './context.ts'
import { endRecord } from './ending.ts'
import type { ForeignBirth } from './foreign-birth.ts'
import type { ForeignKey, Link } from './foreign-link.ts'
import type { ForeignLinks, Target } from './foreign-links.ts'
import { askOld, counted, isRefusal } from './foreign-old.ts'
import type { ForeignShared } from './foreign-shared.ts'
import { type Instant, type Milliseconds, NEVER, type SessionRecord } from './port.ts'
import type { Issued } from './session.ts'
import { checkUserId } from './user-id.ts'

const ATTEMPTS = 4
/** Requests of one page come within this time; who comes later with an old credential copied it, or kept it (IR1, IR2). */
const TOGETHER_MS: Milliseconds = 60_000

/** A session of before, as the application wants it from now on. */
export interface Found {
  /** Null for nobody. */
  readonly userId: string | null
  /** Top-level fields laid over `initial()`. */
  readonly data: object
  /** When the old credential is worth nothing any more; null for never. */
  readonly expiresAt: Instant | null
}

/** What an old credential stands for. */
export interface OldCredential {
  /** Null when it is gone; asked only for one that was never exchanged. */
  readonly find: () => Promise<Found | 'unreadable' | null>
  /** Removes what it stands for from where it was. */
  readonly remove: () => Promise<void>
}

interface Parts<Data> {
  readonly shared: ForeignShared<Data>
  readonly links: ForeignLinks
  readonly birth: ForeignBirth<Data>
}

/**
 * Exchanges a credential of before for a session with a token of ours: once. Requests that come together all get that
 * one token; after that, and after its session has ended, the old credential is worth nothing.
 */
export class ForeignAdoption<Data> {
  readonly #parts: Parts<Data>

  constructor(parts: Parts<Data>) {
    this.#parts = parts
  }

  async adopt(key: ForeignKey, old: OldCredential): Promise<Issued<Data> | null> {
    const { links, shared } = this.#parts
    const { clock, counters } = shared.context
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const target = await links.target(key)
      if (!this.#isOpen(target)) return this.#again(target)
      const found = await askOld(clock, old.find)
      // What is not there may have been exchanged since we looked.
      if (found === null || found === 'unreadable') return this.#without(await links.target(key), found)
      const born = await this.#begin(key, target, found)
      if (born === 'refused') return null
      if (born === null) continue
      await askOld(clock, old.remove).catch(() => counters.add('oldKeysLeft'))
      return this.#issued(born)
    }
    // Its session is there, and has another secret by now.
    return null
  }

  #isOpen(target: Target): boolean {
    if (target.state === 'unknown') return true
    return target.state === 'dead' && target.record === null && this.#parts.birth.isUnderway(target.link)
  }

  async #again(target: Target): Promise<Issued<Data> | null> {
    const { clock } = this.#parts.shared.context
    if (target.state !== 'live') return null
    return Math.abs(clock.now() - target.link.ledAt) < TOGETHER_MS ? this.#issued(target) : null
  }

  #without(target: Target, found: 'unreadable' | null): Promise<Issued<Data> | null> {
    if (target.state !== 'live') this.#count(found ?? 'missed')
    return this.#again(target)
  }

  async #begin(key: ForeignKey, target: Target, found: Found) {
    const { birth, shared } = this.#parts
    const { clock, policy, initial } = shared.context
    const now = clock.now()
    const use = { seenAt: now, expiresAt: Math.min(now + policy.lifetime.idle, found.expiresAt ?? NEVER) }
    const data = { ...fieldsOf(initial()), ...fieldsOf(found.data) }
    const userId = found.userId === null ? null : checkUserId(found.userId)
    const content = { data, userId, use, oldUntil: found.expiresAt ?? NEVER }
    const isRevoked = (): Promise<boolean> => shared.revocations.covers(userId, null)
    try {
      if (await isRevoked()) return this.#refused()
      const born = await (target.state === 'unknown'
        ? birth.begin(key, content)
        : birth.join(key, target.link, content))
      if (born === null) return null
      // Whoever ended all of the user's since then has not found it.
      if (await isRevoked()) {
        await endRecord(shared.context, born.record, 'revoked')
        return this.#refused()
      }
      this.#count('imported')
      return born
    } catch (error) {
      if (isRefusal(error)) return this.#refused()
      throw error
    }
  }

  async #issued({
    link,
    record,
  }: {
    readonly link: Link
    readonly record: SessionRecord
  }): Promise<Issued<Data>> {
    const session = await sessionOf(this.#parts.shared.context, record)
    return { token: link.token.id + link.token.secret, session }
  }

  #refused(): 'refused' {
    this.#count('refused')
    return 'refused'
  }

  #count(outcome: 'imported' | 'missed' | 'refused' | 'unreadable'): void {
    counted(this.#parts.shared, { outcome, target: { state: 'unknown' } })
  }
}

function fieldsOf(data: unknown): Record<string, unknown> {
  return typeof data === 'object' && data !== null ? Object.fromEntries(Object.entries(data)) : {}
}
