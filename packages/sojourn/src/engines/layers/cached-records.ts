import { LRUCache } from 'lru-cache'
import type { Instant, SessionId, SessionRecord } from '../../core/port.ts'
import { decodeRecord, encodeRecord } from '../record-layout.ts'

interface Cached {
  /** The record's own bytes: a caller who changes what it was given changes nothing here. */
  readonly bytes: Buffer
  readonly userId: string | null
  readonly expiresAt: Instant
}

export interface CacheLimits {
  readonly maxBytes: number
  readonly maxSessions: number
}

/** What an entry takes beside its bytes: keys, index, list, headers. Measured on Node 20 and rounded up. */
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
    if (now < cached.expiresAt) return decodeRecord(id, Buffer.from(cached.bytes))
    this.#byId.delete(id)
    return null
  }

  put(record: SessionRecord): void {
    const { id, userId, expiresAt } = record
    const encoded = encodeRecord(record)
    // Small buffers share a slab of 8 KiB, which one copy that stays would keep in memory.
    const bytes = Buffer.allocUnsafeSlow(encoded.byteLength)
    encoded.copy(bytes)
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
      sizeCalculation: ({ bytes, userId }) => ENTRY_BYTES + bytes.byteLength + 2 * (userId?.length ?? 0),
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
