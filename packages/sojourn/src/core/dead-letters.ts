import { BUCKETS, bucketOfId } from './bucket.ts'
import type { SessionError } from './errors.ts'
import { isOwn, ownContent, ownData, ownId, ownRecord, removeOwn } from './own-record.ts'
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
  type UserKey,
} from './port.ts'

/** So often a destination may refuse a session before nobody tries any more (SECURITY T106). */
const TRIES = 10
const FIRST_WAIT_MS: Milliseconds = 60_000
const LONGEST_WAIT_MS: Milliseconds = 3_600_000
/** So many lists are asked for at once. */
const LISTS_AT_ONCE = 64

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

  constructor(engine: Engine, random: () => number = Math.random) {
    this.#engine = engine
    this.#random = random
  }

  /** Writes a letter about a session that was refused for the first time. False when there is no room for more. */
  async write(record: SessionRecord, ended: Ended, error: SessionError, now: Instant): Promise<boolean> {
    const made = ownRecord({
      kind: 'dead letter',
      id: letterIdOf(record.id),
      userId: lettersIn(bucketOfId(record.id)),
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
  forget({ stored }: Letter, now: Instant): Promise<boolean> {
    return removeOwn(this.#engine, stored.id, now)
  }

  /** Letters about sessions of one user. They lie where the user's sessions lie. */
  async ofUser({ userId, bucket }: UserKey): Promise<Letter[]> {
    const letters = await this.#inBucket(bucket)
    return letters.filter(({ about }) => about.userId === userId).sort(byEnd)
  }

  /** Letters about anybody's sessions, at most so many; the earliest end first of those that were found. */
  async list(limit: number): Promise<Letter[]> {
    const found: Letter[] = []
    for await (const letter of this.all()) if (found.push(letter) >= limit) break
    return found.sort(byEnd)
  }

  /** All letters, by bucket: never more at once than some buckets hold. */
  async *all(): AsyncGenerator<Letter, void, undefined> {
    for (let start = 0; start < BUCKETS.length; start += LISTS_AT_ONCE) {
      const some = BUCKETS.slice(start, start + LISTS_AT_ONCE)
      yield* (await Promise.all(some.map((bucket) => this.#inBucket(bucket)))).flat()
    }
  }

  /** The letter about a session; null when there is none. */
  async find(id: SessionId): Promise<Letter | null> {
    const [stored = null] = await this.#engine.read([letterIdOf(id)])
    return stored && letterOf(stored)
  }

  async #inBucket(bucket: string): Promise<Letter[]> {
    // As of the beginning of time also those live that are due.
    const stored = await this.#engine.list({ userId: lettersIn(bucket), bucket }, 0)
    return stored.map(letterOf).filter((letter) => letter !== null)
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

/** Whose records the letters of a bucket are: of nobody, for no user's id begins with NUL. There is room for 1,000. */
function lettersIn(bucket: string): string {
  return `\0dead letters/${bucket}`
}

function letterIdOf(id: SessionId): SessionId {
  return ownId(bucketOfId(id), 'dead letter', id)
}

function byEnd(a: Letter, b: Letter): number {
  return a.about.endedAt - b.about.endedAt || (a.about.id < b.about.id ? -1 : 1)
}
