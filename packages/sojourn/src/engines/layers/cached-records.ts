import { LRUCache } from 'lru-cache'
import type { Instant, SessionId, SessionRecord } from '../../core/port.ts'
import { decodeRecord, encodeRecord } from '../record-layout.ts'

interface Cached {
  /**
   * The record's bytes, each a character: a string lies on the heap of V8 and is never changed, where a buffer
   * of its own would take an allocation outside of it.
   */
  readonly bytes: string
  readonly userId: string | null
  readonly expiresAt: Instant
}

export interface CacheLimits {
  readonly maxBytes: number
  readonly maxSessions: number
}

/** What an entry takes beside its bytes, in resident memory: keys, index, list, headers, garbage to come. */
const ENTRY_BYTES = 768

/** Copies of records, the least recently used given up first, found by id and by user. */
export class CachedRecords {
  readonly #limits: CacheLimits
  #byId: LRUCache<SessionId, Cached>
  #byUser = new Map<string, Set<SessionId>>()

  constructor(limits: CacheLimits) {
    this.#limits = limits
    this.#byId = this.#emptyCache()
  }

  get size(): number {
    return this.#byId.size
  }

  /** What is held, with the estimate of what that costs. */
  get bytes(): number {
    return this.#byId.calculatedSize
  }

  /** A copy of its own for each caller; null when absent or past its deadline. */
  get(id: SessionId, now: Instant): SessionRecord | null {
    const cached = this.#byId.get(id)
    if (cached === undefined) return null
    if (now < cached.expiresAt) return decodeRecord(id, Buffer.from(cached.bytes, 'latin1'))
    this.#byId.delete(id)
    return null
  }

  put(record: SessionRecord): void {
    const { id, userId, expiresAt } = record
    const bytes = encodeRecord(record).toString('latin1')
    this.#byId.set(id, { bytes, userId, expiresAt })
    if (userId !== null && this.#byId.has(id)) this.#idsOf(userId).add(id)
  }

  drop(id: SessionId): void {
    this.#byId.delete(id)
  }

  dropUser(userId: string): void {
    for (const id of [...(this.#byUser.get(userId) ?? [])]) this.#byId.delete(id)
  }

  /** In one step, however many there are. */
  clear(): void {
    if (this.size === 0) return
    this.#byId = this.#emptyCache()
    this.#byUser = new Map()
  }

  #emptyCache(): LRUCache<SessionId, Cached> {
    return new LRUCache({
      max: this.#limits.maxSessions,
      maxSize: this.#limits.maxBytes,
      sizeCalculation: ({ bytes, userId }) => ENTRY_BYTES + bytes.length + 2 * (userId?.length ?? 0),
      dispose: ({ userId }, id) => this.#unlist(userId, id),
    })
  }

  #idsOf(userId: string): Set<SessionId> {
    const ids = this.#byUser.get(userId) ?? new Set()
    this.#byUser.set(userId, ids)
    return ids
  }

  #unlist(userId: string | null, id: SessionId): void {
    if (userId === null) return
    const ids = this.#byUser.get(userId)
    if (ids?.delete(id) && ids.size === 0) this.#byUser.delete(userId)
  }
}
