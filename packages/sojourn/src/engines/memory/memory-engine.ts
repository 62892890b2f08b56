import { SessionError } from '../../core/errors.ts'
import {
  type Created,
  type DueRecord,
  type EndReason,
  type Engine,
  type Instant,
  LEASE_MS,
  type Page,
  type Replaced,
  type SessionId,
  type SessionRecord,
  USER_CEILING,
  type UserKey,
  type UserLimit,
} from '../../core/port.ts'
import { pageSize } from '../pages.ts'
import { assertLives, assertNewer, CEILING, endByTime, isTooEarly } from '../record-check.ts'
import { DueQueue } from './due-queue.ts'
import type { MemoryLimits } from './memory-options.ts'
import { Places } from './places.ts'
import { bytesOf, copyOf, isLive, type Stored } from './stored.ts'
import { UserIndex } from './user-index.ts'

const NO_DATA = new Uint8Array()

/**
 * The port in plain maps: the reference that other engines are compared with. Each method does its work in
 * one synchronous step before it returns its promise, so each is atomic.
 */
export class MemoryEngine implements Engine {
  readonly traits = {
    name: 'memory',
    survives: 'nothing',
    sharedBy: 'process',
    keepsDue: true,
    checksCutOff: 'on-read',
    staleMs: 0,
  } as const
  readonly #limits: MemoryLimits
  readonly #users: UserIndex
  readonly #records = new Map<SessionId, Stored>()
  readonly #due = new DueQueue()
  readonly #places = new Places()
  #bytes = 0
  #closed = false

  constructor(limits: MemoryLimits, users: UserIndex = new UserIndex()) {
    this.#limits = limits
    this.#users = users
  }

  /** What it holds now, in the units of its limits. */
  get usage(): MemoryLimits {
    return { maxBytes: this.#bytes, maxSessions: this.#records.size }
  }

  async read(ids: readonly SessionId[]): Promise<(SessionRecord | null)[]> {
    this.#assertOpen()
    return ids.map((id) => {
      const stored = this.#find(id)
      return stored && copyOf(stored.record)
    })
  }

  async create(record: SessionRecord, limit: UserLimit | null, now: Instant): Promise<Created> {
    this.#assertOpen()
    assertLives(record)
    if (this.#records.has(record.id)) return { outcome: 'exists' }
    const surplus = record.userId === null ? [] : this.#surplus(record.userId, limit ?? CEILING, now)
    if (surplus === null) return { outcome: 'full' }
    const bytes = bytesOf(record)
    this.#assertRoom(1, bytes)
    for (const oldest of surplus) this.#end(oldest, 'limit', now)
    const place = this.#places.take(record.id)
    const stored = {
      record: copyOf(record),
      bytes,
      leasedUntil: 0,
      dueAt: record.expiresAt,
      position: 0,
      place,
    }
    this.#records.set(record.id, stored)
    this.#bytes += bytes
    this.#users.add(stored)
    this.#due.add(stored)
    return { outcome: 'done', ended: surplus.map((oldest) => oldest.record.id) }
  }

  async replace(record: SessionRecord, expectedVersion: number, now: Instant): Promise<Replaced> {
    this.#assertOpen()
    assertLives(record)
    assertNewer(record, expectedVersion)
    const stored = this.#find(record.id)
    if (stored === null || !isLive(stored, now)) return { outcome: 'gone' }
    if (stored.record.version !== expectedVersion) {
      return { outcome: 'conflict', current: copyOf(stored.record) }
    }
    const { userId, createdAt } = stored.record
    this.#put(stored, { ...copyOf(record), ...laterOf(stored.record, record), userId, createdAt })
    return { outcome: 'done' }
  }

  async touch(id: SessionId, seenAt: Instant, expiresAt: Instant): Promise<boolean> {
    this.#assertOpen()
    const stored = this.#find(id)
    if (stored === null || !isLive(stored, seenAt)) return false
    const { record } = stored
    const moved = Math.min(expiresAt, record.absoluteAt)
    this.#put(stored, {
      ...record,
      seenAt: Math.max(seenAt, record.seenAt),
      expiresAt: Math.max(moved, record.expiresAt),
    })
    return true
  }

  async end(id: SessionId, reason: EndReason, at: Instant): Promise<boolean> {
    this.#assertOpen()
    const stored = this.#find(id)
    if (stored === null || stored.record.ended !== null || isTooEarly(stored.record, reason, at)) return false
    this.#end(stored, reason, at)
    return true
  }

  async list({ userId }: UserKey, now: Instant): Promise<SessionRecord[]> {
    this.#assertOpen()
    return this.#users.liveOf(userId, now).map((stored) => copyOf(stored.record))
  }

  async endUser(
    { userId }: UserKey,
    reason: EndReason,
    at: Instant,
    except: SessionId | null,
  ): Promise<SessionId[]> {
    this.#assertOpen()
    const ended = this.#users.sessionsOf(userId).filter(({ record }) => record.id !== except)
    for (const stored of ended) this.#end(stored, reason, at)
    this.#users.cut(userId, { at, reason, except })
    return ended.map(({ record }) => record.id)
  }

  async due(now: Instant, limit: number): Promise<DueRecord[]> {
    this.#assertOpen()
    const records: DueRecord[] = []
    while (records.length < limit) {
      const { first } = this.#due
      if (first === null || first.dueAt > now) break
      first.leasedUntil = now + LEASE_MS
      this.#find(first.record.id)
      const end = first.record.ended === null ? endByTime(first.record) : null
      if (end !== null) this.#end(first, end.reason, end.at)
      this.#due.move(first, first.leasedUntil)
      records.push(Object.assign(copyOf(first.record), { endedNow: end !== null }))
    }
    return records
  }

  async settle(ids: readonly SessionId[], keepUntil: Instant | null): Promise<void> {
    this.#assertOpen()
    for (const id of ids) this.#settle(id, keepUntil)
  }

  async scan(after: string | null, limit: number): Promise<Page> {
    this.#assertOpen()
    const { ids, next } = this.#places.page(after, pageSize(limit))
    const found = ids.map((id) => this.#find(id)).filter((stored) => stored !== null)
    return { records: found.map(({ record }) => copyOf(record)), next }
  }

  async close(): Promise<void> {
    this.#assertOpen()
    this.#closed = true
  }

  #settle(id: SessionId, keepUntil: Instant | null): void {
    const stored = this.#find(id)
    if (stored === null || stored.record.ended === null) return
    if (keepUntil === null) {
      this.#forget(stored)
      return
    }
    stored.leasedUntil = 0
    this.#store(stored, { ...stored.record, data: NO_DATA })
    this.#due.move(stored, keepUntil)
  }

  /** The stored record, ended by its user's cut-off where the index had lost it. */
  #find(id: SessionId): Stored | null {
    const stored = this.#records.get(id) ?? null
    const cutOff = stored && this.#users.cutOffOf(stored.record)
    if (stored !== null && cutOff !== null) this.#end(stored, cutOff.reason, cutOff.at)
    return stored
  }

  /** The sessions that must end so that one more fits; null when it must be refused. */
  #surplus(userId: string, limit: UserLimit, now: Instant): Stored[] | null {
    const live = this.#users.liveOf(userId, now).filter(({ record }) => record.id !== limit.replaces)
    const surplus = live.length + 1 - Math.min(limit.max, USER_CEILING)
    if (surplus <= 0) return []
    return limit.whenFull === 'refuse' ? null : live.slice(0, surplus)
  }

  #end(stored: Stored, reason: EndReason, at: Instant): void {
    this.#users.unlist(stored)
    stored.record = { ...stored.record, ended: { at, reason } }
    this.#due.move(stored, Math.max(at, stored.leasedUntil))
  }

  #put(stored: Stored, record: SessionRecord): void {
    this.#store(stored, record)
    this.#due.move(stored, Math.max(record.expiresAt, stored.leasedUntil))
  }

  #store(stored: Stored, record: SessionRecord): void {
    const bytes = bytesOf(record)
    this.#assertRoom(0, bytes - stored.bytes)
    this.#bytes += bytes - stored.bytes
    stored.bytes = bytes
    stored.record = record
  }

  #forget(stored: Stored): void {
    this.#records.delete(stored.record.id)
    this.#due.remove(stored)
    this.#places.free(stored.place)
    this.#users.forget(stored)
    this.#bytes -= stored.bytes
  }

  #assertRoom(records: number, bytes: number): void {
    const { maxBytes, maxSessions } = this.#limits
    if (records > 0 && this.#records.size + records > maxSessions) {
      throw new SessionError('STORE_FULL', `memory holds ${maxSessions} sessions, its maxSessions.`)
    }
    if (bytes > 0 && this.#bytes + bytes > maxBytes) {
      throw new SessionError(
        'STORE_FULL',
        `memory: ${bytes} more bytes would exceed its maxBytes, ${maxBytes}.`,
      )
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new SessionError('STORE_CLOSED')
  }
}

/** The later `seenAt` with its `expiresAt`, within the deadline that is about to be stored. */
function laterOf(stored: SessionRecord, record: SessionRecord): Pick<SessionRecord, 'seenAt' | 'expiresAt'> {
  const isTie = stored.seenAt === record.seenAt
  const { seenAt, expiresAt } = stored.seenAt > record.seenAt ? stored : record
  const later = isTie ? Math.max(stored.expiresAt, record.expiresAt) : expiresAt
  return { seenAt, expiresAt: Math.min(later, record.absoluteAt) }
}
