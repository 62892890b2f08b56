import { randomBytes } from 'node:crypto'
import { SessionError } from '../../core/errors.ts'
import {
  CLOCK_SKEW_MS,
  type Created,
  END_REASONS,
  type Ended,
  type EndReason,
  type Instant,
  type Replaced,
  type SessionId,
  type SessionRecord,
  USER_CEILING,
  type UserKey,
  type UserLimit,
} from '../../core/port.ts'
import { chunksOf } from '../chunks-of.ts'
import type { Argument, Reply } from './client.ts'
import { bucketOf, byBucket, isId, type Keys } from './keys.ts'
import type { CheckedOptions } from './redis-options.ts'
import { bytesOf, idsOf, listOf, numberOf, textOf } from './replies.ts'
import type { Call, ScriptRunner, Sender } from './script-runner.ts'
import { SCRIPTS } from './scripts.gen.ts'
import { recordOf, remembersWriteOf, storedBytes, WriteIds, writeIdBytes } from './stored.ts'

const CALL_NAME_BYTES = 12
/** So many one script call settles, so that it holds up nobody. */
const SETTLED_AT_ONCE = 100

/** By which way a write goes, after what it must have reached before it is acknowledged. */
export interface Senders {
  readonly plain: Sender
  readonly writes: Sender
  readonly security: Sender
}

/** How long a live record is kept past its deadline, in milliseconds, as scripts take it. */
export function keptFor({ due, retention }: CheckedOptions): string {
  return String(CLOCK_SKEW_MS + (due ? retention : 0))
}

/** The verbs of the port that are one script call each. */
export class Verbs {
  readonly #keys: Keys
  readonly #runner: ScriptRunner
  readonly #senders: Senders
  readonly #writeIds = new WriteIds()
  readonly #keep: string
  readonly #due: '1' | '0'

  constructor(keys: Keys, runner: ScriptRunner, options: CheckedOptions, senders: Senders) {
    this.#keys = keys
    this.#runner = runner
    this.#senders = senders
    this.#keep = keptFor(options)
    this.#due = options.due ? '1' : '0'
  }

  async create(record: SessionRecord, limit: UserLimit, now: Instant): Promise<Created> {
    const { id, userId } = record
    const value = storedBytes(record, this.#writeIds.next())
    const index = this.#indexOf(record)
    const reply = await this.#runner.run(userId === null ? this.#senders.writes : this.#senders.security, {
      script: SCRIPTS.create,
      keys: [this.#keys.record(id), ...index.keys],
      args: [
        value,
        String(now),
        this.#keep,
        this.#due,
        String(Math.min(limit.max, USER_CEILING)),
        limit.whenFull === 'endOldest' ? '1' : '0',
        limit.replaces ?? '',
        index.score,
      ],
    })
    if (Buffer.isBuffer(reply)) return { outcome: 'done', ended: idsOf(reply) }
    return { outcome: numberOf(reply) === 1 ? 'exists' : 'full' }
  }

  async replace(record: SessionRecord, expectedVersion: number, now: Instant): Promise<Replaced> {
    const { id } = record
    const value = storedBytes(record, this.#writeIds.next())
    const index = this.#indexOf(record)
    const call: Call = {
      script: SCRIPTS.replace,
      keys: [this.#keys.record(id), ...index.keys],
      args: [value, String(now), this.#keep, this.#due, String(expectedVersion), index.score],
      tells: (reply) => !Buffer.isBuffer(reply) || remembersWriteOf(record.version, recordOf(id, reply)),
    }
    const reply = await this.#runner.run(this.#senders.writes, call)
    if (Buffer.isBuffer(reply)) return { outcome: 'conflict', current: recordOf(id, reply) }
    const outcome = numberOf(reply)
    if (outcome === 0) return { outcome: 'gone' }
    // Another secret is a rotation, and that must have reached more: the same call again, which only confirms.
    const isStricter = this.#senders.security !== this.#senders.writes
    const confirmed =
      outcome === 2 && isStricter ? await this.#runner.run(this.#senders.security, call) : null
    if (Buffer.isBuffer(confirmed))
      throw new SessionError('OUTCOME_UNKNOWN', 'redis: others wrote meanwhile.')
    return { outcome: 'done' }
  }

  async touch(id: SessionId, seenAt: Instant, expiresAt: Instant): Promise<boolean> {
    const reply = await this.#runner.run(this.#senders.plain, {
      script: SCRIPTS.touch,
      keys: [this.#keys.record(id)],
      args: [String(seenAt), String(expiresAt), this.#keep, this.#due],
    })
    return isDone(reply)
  }

  async end(id: SessionId, { reason, at }: Ended): Promise<boolean> {
    const reply = await this.#runner.run(this.#senders.security, {
      script: SCRIPTS.end,
      keys: [this.#keys.record(id)],
      args: [writeIdBytes(this.#writeIds.next()), String(at), stateOf(reason), this.#keep, this.#due],
    })
    return isDone(reply)
  }

  async list({ bucket, userId }: UserKey, now: Instant): Promise<SessionRecord[]> {
    const { key, score } = this.#keys.index(bucket, userId)
    const reply = await this.#runner.run(this.#senders.plain, {
      script: SCRIPTS.list,
      keys: [key],
      args: [this.#keys.prefixOf(bucket), userId, String(now), score],
    })
    const parts = listOf(reply)
    const records: SessionRecord[] = []
    for (let place = 0; place < parts.length; place += 2) {
      const bytes = bytesOf(parts[place + 1])
      if (bytes !== null) records.push(recordOf(textOf(parts[place]), bytes))
    }
    return records.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
  }

  async endUser(
    { bucket, userId }: UserKey,
    { reason, at }: Ended,
    except: SessionId | null,
  ): Promise<SessionId[]> {
    const { key, score } = this.#keys.index(bucket, userId)
    const reply = await this.#runner.run(this.#senders.security, {
      script: SCRIPTS.endUser,
      keys: [key],
      args: [
        this.#keys.prefixOf(bucket),
        userId,
        writeIdBytes(this.#writeIds.next()),
        String(at),
        stateOf(reason),
        isId(except) ? except : '',
        this.#keep,
        this.#due,
        randomBytes(CALL_NAME_BYTES).toString('base64url'),
        score,
      ],
    })
    return idsOf(reply)
  }

  async settle(ids: readonly SessionId[], keepUntil: Instant | null): Promise<void> {
    const parts = byBucket(ids, (id) => id).flatMap((some) => chunksOf(some, SETTLED_AT_ONCE))
    const outcomes = await Promise.allSettled(parts.map((part) => this.#settle(part, keepUntil)))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** Of one bucket. */
  async #settle(ids: readonly SessionId[], keepUntil: Instant | null): Promise<void> {
    await this.#runner.run(this.#senders.plain, {
      script: SCRIPTS.settle,
      keys: [this.#keys.record(ids[0] ?? '')],
      args: [keepUntil === null ? '' : String(keepUntil), this.#keep, this.#due, ...ids],
    })
  }

  #indexOf({ id, userId }: SessionRecord): { readonly keys: readonly string[]; readonly score: string } {
    if (userId === null) return { keys: [], score: '' }
    const { key, score } = this.#keys.index(bucketOf(id), userId)
    return { keys: [key], score }
  }
}

/** As the record layout has it. */
function stateOf(reason: EndReason): Argument {
  return Buffer.of(END_REASONS.indexOf(reason) + 1)
}

function isDone(reply: Reply): boolean {
  const outcome = numberOf(reply)
  if (outcome < 0) throw new SessionError('RECORD_UNREADABLE')
  return outcome === 1
}
