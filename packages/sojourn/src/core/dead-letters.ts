import { hash } from 'node:crypto'
import type { SessionError } from './errors.ts'
import { isOwn, ownContent, ownData, ownId, ownRecord } from './own-record.ts'
import {
  END_REASONS,
  type Ended,
  type EndReason,
  type Engine,
  type Instant,
  type Milliseconds,
  NEVER,
  type SessionId,
  type SessionRecord,
} from './port.ts'

/** So often a destination may refuse a session before nobody tries any more (SECURITY T106). */
const TRIES = 10
const FIRST_WAIT_MS: Milliseconds = 60_000
const LONGEST_WAIT_MS: Milliseconds = 3_600_000
/** Letters lie in so many lists, because a list holds at most 1,000. */
const LISTS = 16
const LIST_BUCKETS = Array.from({ length: LISTS }, (_, list) => `-${list.toString(16)}`)

/** A session that the archive refused, as an operator sees it: no data, and no text of the destination's. */
export interface DeadLetter {
  /** Of the session. */
  readonly id: SessionId
  readonly userId: string | null
  readonly createdAt: Instant
  readonly endedAt: Instant
  readonly reason: EndReason
  /** How often it was tried. */
  readonly tries: number
  readonly error: { readonly code: string; readonly message: string }
  /** When it is tried again by itself; null when it is not, after ten tries. */
  readonly retryAt: Instant | null
}

/** A dead letter with what it is about. */
export interface Letter {
  readonly about: DeadLetter
  /** The session as it ended. */
  readonly record: SessionRecord
  readonly ended: Ended
  /** The letter's own record. */
  readonly stored: SessionRecord
}

/**
 * Sessions that the archive refused: kept in the store with their data and the error, tried again at growing
 * intervals, and after ten tries only when somebody asks for it.
 */
export class DeadLetters {
  readonly #engine: Engine
  readonly #random: () => number

  constructor(engine: Engine, random: () => number) {
    this.#engine = engine
    this.#random = random
  }

  /** Writes a letter about a session that was refused for the first time. False when there is no room for more. */
  async write(record: SessionRecord, ended: Ended, error: SessionError, now: Instant): Promise<boolean> {
    const list = listOf(record.id)
    const made = ownRecord({
      kind: 'dead letter',
      id: ownId(bucketOf(list), 'dead letter', record.id),
      userId: userOf(list),
      createdAt: now,
      lookAt: now + this.#waitAfter(1),
      content: contentOf(record, { ended, tries: 1, error: { code: error.code, message: error.message } }),
    })
    const { outcome } = await this.#engine.create(made, null, now)
    return outcome !== 'full'
  }

  /** Notes that it was refused again. Does nothing when somebody else has noted something meanwhile. */
  async refusedAgain(
    { about, record, ended, stored }: Letter,
    error: SessionError,
    now: Instant,
  ): Promise<void> {
    const tries = about.tries + 1
    const lookAt = tries >= TRIES ? NEVER : now + this.#waitAfter(tries)
    const told = { code: error.code, message: error.message }
    const data = ownData('dead letter', contentOf(record, { ended, tries, error: told }))
    const next = { ...stored, version: stored.version + 1, seenAt: now, expiresAt: lookAt, data }
    // It may have been due, which is its deadline: asked as of an earlier instant, the port takes it for live.
    await this.#engine.replace(next, stored.version, stored.createdAt)
  }

  /** Forgets a letter: its session is archived, or nobody wants it. False when it was gone already. */
  async forget({ stored }: Letter, now: Instant): Promise<boolean> {
    const isEnded = await this.#engine.end(stored.id, 'erased', now)
    await this.#engine.settle(stored.id, null)
    return isEnded
  }

  /** All letters, or those about one user, the earliest end first. */
  async list(userId: string | null = null): Promise<Letter[]> {
    const lists = Array.from({ length: LISTS }, (_, list) => {
      // As of the beginning of time, also those live that are due.
      return this.#engine.list({ userId: userOf(list), bucket: bucketOf(list) }, 0)
    })
    const letters = (await Promise.all(lists)).flat().map(letterOf)
    return letters
      .filter((letter) => letter !== null)
      .filter(({ about }) => userId === null || about.userId === userId)
      .sort((a, b) => a.about.endedAt - b.about.endedAt || (a.about.id < b.about.id ? -1 : 1))
  }

  /** The letter about a session; null when there is none. */
  async find(id: SessionId): Promise<Letter | null> {
    const [stored = null] = await this.#engine.read([ownId(bucketOf(listOf(id)), 'dead letter', id)])
    return stored && letterOf(stored)
  }

  #waitAfter(tries: number): Milliseconds {
    const wait = Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS)
    return Math.round(wait * (0.75 + this.#random() / 2))
  }
}

/** The letter that a record of ours holds; null when it is none, when it has ended, or when it cannot be read. */
export function letterOf(stored: SessionRecord): Letter | null {
  if (stored.ended !== null || !isOwn(stored)) return null
  const content = ownContent(stored, 'dead letter')
  if (!isContent(content)) return null
  const { id, userId, data, ended, tries, error } = content
  const session = { ...content.session, id, userId, ended }
  const record = { ...stored, ...session, data: Buffer.from(data, 'base64') }
  const about = {
    ...{ id, userId, createdAt: record.createdAt, endedAt: ended.at, reason: ended.reason, tries, error },
    retryAt: stored.expiresAt === NEVER ? null : stored.expiresAt,
  }
  return { about: Object.freeze(about), record, ended, stored }
}

interface Content {
  readonly id: SessionId
  readonly userId: string | null
  readonly session: Pick<SessionRecord, 'createdAt' | 'seenAt' | 'authenticatedAt' | 'version'>
  readonly ended: Ended
  readonly tries: number
  readonly error: DeadLetter['error']
  /** The encoded session, in base64: sealed bytes are bound to id, user and `createdAt`, which are here too. */
  readonly data: string
}

function contentOf(record: SessionRecord, state: Pick<Content, 'ended' | 'tries' | 'error'>): Content {
  const { id, userId, createdAt, seenAt, authenticatedAt, version } = record
  const data = Buffer.from(record.data).toString('base64')
  return { id, userId, session: { createdAt, seenAt, authenticatedAt, version }, ...state, data }
}

function isContent(value: unknown): value is Content {
  const reason = at(value, 'ended', 'reason')
  return (
    typeof at(value, 'id') === 'string' &&
    typeof at(value, 'data') === 'string' &&
    typeof at(value, 'tries') === 'number' &&
    typeof at(value, 'session', 'createdAt') === 'number' &&
    typeof at(value, 'ended', 'at') === 'number' &&
    END_REASONS.some((known) => known === reason) &&
    typeof at(value, 'error', 'code') === 'string'
  )
}

function at(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>((inner, name) => {
    return typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : null
  }, value)
}

function listOf(id: SessionId): number {
  return Number.parseInt(hash('sha256', id).slice(0, 1), LISTS)
}

function bucketOf(list: number): string {
  return LIST_BUCKETS[list] ?? ''
}

function userOf(list: number): `\0${string}` {
  return `\0dead letters/${list}`
}
