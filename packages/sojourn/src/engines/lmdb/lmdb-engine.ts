import { SessionError } from '../../core/errors.ts'
import type {
  Created,
  DueRecord,
  EndReason,
  Engine,
  EngineTraits,
  Instant,
  Page,
  Replaced,
  SessionId,
  SessionRecord,
  UserKey,
  UserLimit,
} from '../../core/port.ts'
import { chunksOf } from '../chunks-of.ts'
import { pageSize } from '../pages.ts'
import { assertEnd, assertInstant, assertLives, assertNewer, assertUserId } from '../record-check.ts'
import { replace, touch } from './change.ts'
import { create } from './create.ts'
import { isAnythingDue, lease } from './due.ts'
import { end, endUser, settle } from './end.ts'
import { readFailure } from './failures.ts'
import type { Holder } from './holder.ts'
import type { KeyValue } from './key-value.ts'
import { userKey } from './keys.ts'
import type { CheckedOptions } from './lmdb-options.ts'
import { scan } from './scan.ts'
import { draftOf, find, isLive } from './stored.ts'
import { UserSessions } from './user-sessions.ts'
import { type Transaction, Writer } from './writer.ts'

/** In one transaction, however many are to be settled. */
const SETTLED_AT_ONCE = 256

/** The port on one LMDB tree. Reads take a snapshot; every write is one transaction, shared with its neighbours. */
export class LmdbEngine implements Engine {
  readonly traits: EngineTraits
  readonly #holder: Holder
  readonly #writer: Writer
  readonly #begun = new Set<Promise<unknown>>()
  #isClosed = false

  constructor({ durability, maxBytes }: CheckedOptions, holder: Holder) {
    const survives = durability === 'fsync' ? 'power-loss' : 'process-crash'
    this.traits = {
      name: 'lmdb',
      survives,
      sharedBy: 'host',
      keepsDue: true,
      checksCutOff: 'on-read',
      staleMs: 0,
    }
    this.#holder = holder
    this.#writer = new Writer(holder, maxBytes)
  }

  async read(ids: readonly SessionId[]): Promise<(SessionRecord | null)[]> {
    return this.#read((store) => ids.map((id) => find(store, id)?.record ?? null))
  }

  async create(record: SessionRecord, limit: UserLimit | null, now: Instant): Promise<Created> {
    assertLives(record)
    const draft = draftOf(record)
    return this.#write((transaction) => {
      assertRoom(transaction)
      return create(transaction.store, draft, limit, now)
    })
  }

  async replace(record: SessionRecord, expectedVersion: number, now: Instant): Promise<Replaced> {
    assertLives(record)
    assertNewer(record, expectedVersion)
    const draft = draftOf(record)
    return this.#write((transaction) => {
      assertRoom(transaction)
      return replace(transaction.store, draft, expectedVersion, now)
    })
  }

  async touch(id: SessionId, seenAt: Instant, expiresAt: Instant): Promise<boolean> {
    assertInstant(seenAt, 'seenAt')
    assertInstant(expiresAt, 'expiresAt')
    return this.#write(({ store }) => touch(store, id, seenAt, expiresAt))
  }

  async end(id: SessionId, reason: EndReason, at: Instant): Promise<boolean> {
    assertEnd(reason, at)
    return this.#write(({ store }) => end(store, id, reason, at))
  }

  async list({ userId }: UserKey, now: Instant): Promise<SessionRecord[]> {
    assertUserId(userId)
    return this.#read((store) =>
      new UserSessions(store.get(userKey(userId))).ids
        .flatMap((id) => find(store, id)?.record ?? [])
        .filter((record) => isLive(record, now)),
    )
  }

  async endUser(
    { userId }: UserKey,
    reason: EndReason,
    at: Instant,
    except: SessionId | null,
  ): Promise<SessionId[]> {
    assertUserId(userId)
    assertEnd(reason, at)
    return this.#write(({ store }) => endUser(store, userId, { at, reason, except }))
  }

  async due(now: Instant, limit: number): Promise<DueRecord[]> {
    assertInstant(now, 'now')
    if (!(await this.#read((store) => isAnythingDue(store, now)))) return []
    return this.#begin(this.#lease(now, limit))
  }

  async settle(ids: readonly SessionId[], keepUntil: Instant | null): Promise<void> {
    if (keepUntil !== null) assertInstant(keepUntil, 'keepUntil')
    const failures: unknown[] = []
    for (const part of chunksOf(ids, SETTLED_AT_ONCE)) {
      failures.push(...(await this.#write(({ store }) => settle(store, part, keepUntil))))
    }
    if (failures.length > 0) throw readFailure(failures[0])
  }

  async scan(after: string | null, limit: number): Promise<Page> {
    const size = pageSize(limit)
    return this.#read((store) => scan(store, after, size))
  }

  async close(): Promise<void> {
    this.#assertOpen()
    this.#isClosed = true
    while (this.#begun.size > 0) await Promise.allSettled(this.#begun)
    await this.#holder.close()
  }

  async #read<T>(work: (store: KeyValue) => T): Promise<T> {
    this.#assertOpen()
    try {
      const { tree } = this.#holder.current ?? (await this.#holder.ready())
      return work(tree.latest())
    } catch (error) {
      throw readFailure(error)
    }
  }

  async #write<T>(work: (transaction: Transaction) => T): Promise<T> {
    this.#assertOpen()
    return this.#begin(this.#writer.run(work))
  }

  /** `close` waits for it. */
  async #begin<T>(work: Promise<T>): Promise<T> {
    this.#begun.add(work)
    try {
      return await work
    } finally {
      this.#begun.delete(work)
    }
  }

  async #lease(now: Instant, limit: number): Promise<DueRecord[]> {
    const records: DueRecord[] = []
    while (records.length < limit) {
      const wanted = limit - records.length
      const chunk = await this.#writer.run(({ store }) => lease(store, now, wanted))
      records.push(...chunk.records)
      if (!chunk.isOpen) break
    }
    return records
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new SessionError('STORE_CLOSED')
  }
}

function assertRoom({ isFull }: Transaction): void {
  if (isFull) throw new SessionError('STORE_FULL', 'lmdb: live data takes all of its maxBytes.')
}
