import type { Activity } from '../core/activity.ts'
import { SessionError } from '../core/errors.ts'
import type { ForeignSessions } from '../core/foreign-sessions.ts'
import type { ForeignValue } from '../core/foreign-values.ts'
import { type Instant, LIFETIME_CEILING_MS } from '../core/port.ts'
import type { SessionStore } from '../core/session-store.ts'
import {
  instantIn,
  laidOver,
  ownerOf,
  type SessionValue,
  sessionIn,
  storedFrom,
  tokenIn,
  valueFrom,
} from './better-auth-session.ts'
import type { Seal } from './seal.ts'

const ACTIVE = 'active-sessions-'
const REVOKED = 'revoked-sessions-before-'
const TOKEN = /^[A-Za-z0-9]{32}$/

/** What better-auth asks of a secondary storage. */
export class BetterAuthDesk<Data> {
  readonly #sessions: SessionStore<Data>
  readonly #foreign: ForeignSessions<Data>
  readonly #seal: Seal

  constructor(sessions: SessionStore<Data>, foreign: ForeignSessions<Data>, seal: Seal) {
    this.#sessions = sessions
    this.#foreign = foreign
    this.#seal = seal
  }

  async get(key: string): Promise<string | null> {
    if (key.startsWith(ACTIVE)) return this.#activeOf(key.slice(ACTIVE.length))
    // The more likely one first.
    if (TOKEN.test(key)) return (await this.#sessionOf(key)) ?? this.#valueOf(key)
    return (await this.#valueOf(key)) ?? this.#sessionOf(key)
  }

  /** A list that better-auth wrote is advice: the store has its own, and that one is never behind. */
  async set(key: string, value: string, ttl: number | undefined): Promise<void> {
    if (key.startsWith(ACTIVE)) return
    const expiresAt = this.#deadlineOf(ttl)
    const session = sessionIn(key, value)
    if (session !== null) return this.#setSession(key, session, expiresAt)
    await this.#setValue(key, value, expiresAt)
    if (key.startsWith(REVOKED)) await this.#endBefore(key.slice(REVOKED.length), Number(value))
  }

  /** What was there, for the one call that took it away. */
  async take(key: string): Promise<string | null> {
    if (key.startsWith(ACTIVE)) return this.#activeOf(key.slice(ACTIVE.length))
    if (TOKEN.test(key)) return (await this.#takeSession(key)) ?? this.#takeValue(key)
    return (await this.#takeValue(key)) ?? this.#takeSession(key)
  }

  async increment(key: string, ttl: number): Promise<number> {
    let count = 0
    await this.#foreign.values.change(this.#seal.nameOf(key), (current) => {
      count = 1 + (current === null ? 0 : Number(this.#textOf(key, current)))
      if (!Number.isSafeInteger(count)) return current
      const expiresAt = current?.expiresAt ?? this.#deadlineOf(ttl)
      return { text: this.#seal.seal(String(count), `value ${key}`), expiresAt }
    })
    if (Number.isSafeInteger(count)) return count
    throw new SessionError('INVALID_ARGUMENT', 'What is stored under the key is no counter.')
  }

  async #sessionOf(token: string): Promise<string | null> {
    const found = await this.#foreign.read(token)
    return found && valueFrom(token, found.data)
  }

  async #takeSession(token: string): Promise<string | null> {
    const data = await this.#foreign.take(token)
    return data && valueFrom(token, data)
  }

  async #setSession(token: string, value: SessionValue, expiresAt: Instant): Promise<void> {
    const before = await this.#foreign.read(token)
    const next = before === null ? value : laidOver(before.data, value)
    const data = storedFrom(token, next, before?.data ?? {}, this.#seal)
    const use = this.#until(instantIn(next.session, 'expiresAt') ?? expiresAt)
    // Refused when the session has ended meanwhile, which better-auth takes for done (CONTRACTS L2).
    await this.#foreign.write(token, { data, use, view: before?.view ?? null })
    // Looked at after the write: either this finds it, or who revokes finds the session.
    const revokedBefore = Number(await this.#valueOf(REVOKED + ownerOf({ ...next })))
    if (isBefore(next.session, revokedBefore)) await this.#foreign.revoke(token)
  }

  async #activeOf(userId: string): Promise<string | null> {
    const entries = await this.#foreign.ofUser(userId)
    const references = entries.flatMap(({ data, expiresAt }) => {
      const token = tokenIn(data, this.#seal)
      return token === null ? [] : [{ token, expiresAt }]
    })
    references.sort((a, b) => a.expiresAt - b.expiresAt)
    return references.length === 0 ? null : JSON.stringify(references)
  }

  /** Those that a list cannot name are found too: this needs no token. */
  async #endBefore(userId: string, before: Instant): Promise<void> {
    const entries = await this.#foreign.ofUser(userId)
    const revoked = entries.filter(({ data: { sealed, session, label } }) => {
      return sealed !== undefined && label === this.#seal.label && isBefore(session, before)
    })
    await Promise.all(revoked.map(({ id }) => this.#sessions.revoke({ id, operator: true })))
  }

  async #valueOf(key: string): Promise<string | null> {
    const value = await this.#foreign.values.read(this.#seal.nameOf(key))
    return value && this.#textOf(key, value)
  }

  #setValue(key: string, value: string, expiresAt: Instant): Promise<void> {
    const text = this.#seal.seal(value, `value ${key}`)
    const isOver = expiresAt <= this.#sessions.clock.now()
    return this.#foreign.values.change(this.#seal.nameOf(key), () => (isOver ? null : { text, expiresAt }))
  }

  async #takeValue(key: string): Promise<string | null> {
    let taken: ForeignValue | null = null
    await this.#foreign.values.change(this.#seal.nameOf(key), (current) => {
      taken = current
      return null
    })
    return taken && this.#textOf(key, taken)
  }

  #textOf(key: string, { text }: ForeignValue): string | null {
    return this.#seal.open(text, `value ${key}`)
  }

  #deadlineOf(ttl: number | undefined): Instant {
    if (ttl !== undefined && (typeof ttl !== 'number' || Number.isNaN(ttl))) {
      throw new SessionError('INVALID_ARGUMENT', 'ttl must be a number of seconds.')
    }
    const ms = ttl === undefined ? LIFETIME_CEILING_MS : Math.floor(ttl * 1_000)
    return this.#sessions.clock.now() + Math.min(ms, LIFETIME_CEILING_MS)
  }

  #until(expiresAt: Instant): Activity {
    return { seenAt: this.#sessions.clock.now(), expiresAt }
  }
}

function isBefore(session: unknown, instant: Instant): boolean {
  const createdAt = instantIn(session, 'createdAt')
  return createdAt !== null && createdAt < instant
}
