import { SessionError } from '../core/errors.ts'
import type { OldPage } from '../core/old-store.ts'
import type { Instant, Milliseconds } from '../core/port.ts'
import type { RedisClient, Reply } from '../engines/redis/client.ts'
import { clientOf, type Driver } from '../engines/redis/driver.ts'
import { refusalOf } from '../engines/redis/failures.ts'
import { listOf, numberOf } from '../engines/redis/replies.ts'
import { TEXT_CEILING_BYTES } from './session-text.ts'

const PAGE = 200
const NO_KEY = -2
const NO_EXPIRY = -1
const CURSOR_BITS = 64
const PRECISION_BITS = 32
const CURSOR = /^(?:0|[1-9][0-9]{0,19})$/

/** What an old key holds. */
export interface OldText {
  readonly text: string
  /** Null for a key that never leaves by itself. */
  readonly expiresAt: Instant | null
}

/** The keys of an old store in Redis or Valkey: texts behind a prefix. No request ever walks over them. */
export class OldKeys {
  readonly #client: RedisClient
  readonly #prefix: string

  /** @throws SessionError `INVALID_ARGUMENT` */
  constructor(driver: Driver, prefix: string) {
    if (typeof prefix !== 'string') throw new SessionError('INVALID_ARGUMENT', 'prefix must be text.')
    if (typeof driver !== 'object' || driver === null) {
      throw new SessionError(
        'INVALID_ARGUMENT',
        'client must be a client of ioredis, iovalkey or node-redis.',
      )
    }
    this.#client = clientOf(driver)
    this.#prefix = prefix
  }

  /** Two commands in one flight. Null when absent; `unreadable` for a key of another type. */
  async read(id: string, now: Instant): Promise<OldText | 'unreadable' | null> {
    const key = this.#prefix + id
    try {
      // At most one byte more than a session may have.
      const range = ['GETRANGE', key, '0', String(TEXT_CEILING_BYTES)]
      const [text, left] = await Promise.all(this.#send(key, range, ['PTTL', key]))
      const expiresAt = deadlineOf(left, now)
      const isThere = textOf(text) !== '' && expiresAt !== 'gone'
      return isThere ? { text: textOf(text), expiresAt } : null
    } catch (error) {
      if (refusalOf(error) === 'WRONGTYPE') return 'unreadable'
      throw error
    }
  }

  /** The same of a field of a hash. */
  async readField(id: string, field: string, now: Instant): Promise<OldText | null> {
    const key = this.#prefix + id
    const [text, left] = await Promise.all(this.#send(key, ['HGET', key, field], ['PTTL', key]))
    const expiresAt = deadlineOf(left ?? null, now)
    const isThere = textOf(text ?? null) !== '' && expiresAt !== 'gone'
    return isThere ? { text: textOf(text ?? null), expiresAt } : null
  }

  async remove(id: string): Promise<void> {
    const key = this.#prefix + id
    await Promise.all(this.#send(key, ['DEL', key]))
  }

  /** True for the one call that removed it. */
  async take(id: string): Promise<boolean> {
    const key = this.#prefix + id
    const [removed] = await Promise.all(this.#send(key, ['DEL', key]))
    return numberOf(removed ?? null) === 1
  }

  async write(id: string, text: string, left: Milliseconds): Promise<void> {
    const key = this.#prefix + id
    await Promise.all(this.#send(key, ['SET', key, text, 'PX', String(Math.ceil(left))]))
  }

  /**
   * Ids behind the prefix, in the server's order (SCAN).
   * @throws SessionError `INVALID_ARGUMENT` for a cluster, and for what is no place of such a walk
   */
  async page(after: string | null): Promise<OldPage> {
    if (this.#client.isCluster) {
      throw new SessionError(
        'INVALID_ARGUMENT',
        'A cluster has no order to walk in: give each of its primaries as a client.',
      )
    }
    const cursor = after ?? '0'
    if (!CURSOR.test(cursor)) throw new SessionError('INVALID_ARGUMENT', 'resumeFrom is no place of a walk.')
    const match = `${this.#prefix.replaceAll(/[\\*?[\]]/g, '\\$&')}*`
    const [reply] = await Promise.all(this.#send('', ['SCAN', cursor, 'MATCH', match, 'COUNT', String(PAGE)]))
    const [next, keys] = listOf(reply ?? null)
    const ids = listOf(keys ?? null)
      .map(textOf)
      .filter((key) => key.startsWith(this.#prefix))
      .map((key) => key.slice(this.#prefix.length))
    const place = textOf(next)
    return place === '0' ? { ids, next: null, done: 1 } : { ids, next: place, done: shareBehind(place) }
  }

  #send(key: string, ...commands: readonly (readonly string[])[]): Promise<Reply>[] {
    return this.#client.sendAll(commands.map((args) => ({ key, args })))
  }
}

/**
 * How much of a SCAN is behind a cursor. The server counts in the bits of it from the highest one down, so that read
 * backwards it is a share of all there is, whatever the size of the table.
 */
export function shareBehind(cursor: string): number {
  const bits = BigInt(cursor).toString(2).padStart(CURSOR_BITS, '0')
  return Number.parseInt([...bits].reverse().slice(0, PRECISION_BITS).join(''), 2) / 2 ** PRECISION_BITS
}

function deadlineOf(reply: Reply, now: Instant): Instant | 'gone' | null {
  const left = numberOf(reply)
  if (left === NO_KEY) return 'gone'
  return left === NO_EXPIRY ? null : now + left
}

function textOf(reply: Reply): string {
  if (typeof reply === 'string') return reply
  return Buffer.isBuffer(reply) ? reply.toString('utf8') : ''
}
