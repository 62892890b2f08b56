import type { Clock } from '../../core/clock.ts'
import {
  type Created,
  type DueRecord,
  type EndReason,
  type Engine,
  type EngineTraits,
  type Instant,
  type Milliseconds,
  NEVER,
  type Page,
  type Replaced,
  type SessionId,
  type SessionRecord,
  type UserKey,
  type UserLimit,
} from '../../core/port.ts'
import type { Invalidations } from '../invalidations.ts'
import type { CachedRecords } from './cached-records.ts'
import type { Freshness } from './freshness.ts'
import type { Flight, ReadsInFlight } from './reads-in-flight.ts'
import type { Touched, WritesInFlight } from './writes-in-flight.ts'

/** What a near cache does, and did since it was made. */
export interface NearCacheStatus {
  /** Whether it serves now. If not, every read asks the engine, as if there were no cache. */
  readonly isLive: boolean
  /** Why it last could not be sure of being told, such as a right that the user lacks; null when it is. */
  readonly failure: Error | null
  /** Records that were served from memory. */
  readonly hits: number
  /** Records that the engine was asked for. */
  readonly misses: number
  /** How often everything was dropped, because a change might have gone unheard. */
  readonly drops: number
  /** Records in memory now. */
  readonly sessions: number
  /** What they take, about. */
  readonly bytes: number
}

/** What the layer is made of. */
export interface NearCacheParts {
  readonly engine: Engine
  readonly invalidations: Invalidations
  readonly clock: Clock
  readonly freshness: Freshness
  readonly cached: CachedRecords
  readonly reads: ReadsInFlight
  readonly writes: WritesInFlight
}

/**
 * An engine that answers reads from this process's memory while it knows that nobody has written since, and
 * passes everything else on. Only live records are kept, and none past its deadline.
 */
export class NearCachedEngine implements Engine {
  readonly traits: EngineTraits
  readonly #engine: Engine
  readonly #parts: NearCacheParts
  #hits = 0
  #misses = 0
  #drops = 0

  constructor(parts: NearCacheParts, staleMs: Milliseconds) {
    const { traits } = parts.engine
    this.traits = { ...traits, name: `${traits.name}+near-cache`, staleMs: traits.staleMs + staleMs }
    this.#engine = parts.engine
    this.#parts = parts
    parts.invalidations.listen({
      changed: (ids) => {
        for (const id of ids) this.#forget(id)
      },
      lost: () => this.#forgetAll(),
    })
    parts.freshness.start()
  }

  get status(): NearCacheStatus {
    const { isFresh: isLive, failure } = this.#parts.freshness
    const { size: sessions, bytes } = this.#parts.cached
    return { isLive, failure, hits: this.#hits, misses: this.#misses, drops: this.#drops, sessions, bytes }
  }

  async read(ids: readonly SessionId[]): Promise<(SessionRecord | null)[]> {
    const found = this.#fromMemory(ids)
    const missing = ids.filter((_, place) => found[place] === null)
    this.#hits += ids.length - missing.length
    this.#misses += missing.length
    if (missing.length === 0 && ids.length > 0) return found
    const read = (await this.#readAndKeep(missing)).values()
    return found.map((record) => record ?? read.next().value ?? null)
  }

  create(record: SessionRecord, limit: UserLimit | null, now: Instant): Promise<Created> {
    const touched = { ids: [record.id], userId: record.userId }
    return this.#write(touched, () => this.#engine.create(record, limit, now))
  }

  replace(record: SessionRecord, expectedVersion: number, now: Instant): Promise<Replaced> {
    return this.#write(only(record.id), () => this.#engine.replace(record, expectedVersion, now))
  }

  touch(id: SessionId, seenAt: Instant, expiresAt: Instant): Promise<boolean> {
    return this.#write(only(id), () => this.#engine.touch(id, seenAt, expiresAt))
  }

  end(id: SessionId, reason: EndReason, at: Instant): Promise<boolean> {
    return this.#write(only(id), () => this.#engine.end(id, reason, at))
  }

  list(user: UserKey, now: Instant): Promise<SessionRecord[]> {
    return this.#engine.list(user, now)
  }

  endUser(user: UserKey, reason: EndReason, at: Instant, except: SessionId | null): Promise<SessionId[]> {
    const touched = { ids: [], userId: user.userId }
    return this.#write(touched, () => this.#engine.endUser(user, reason, at, except))
  }

  async due(now: Instant, limit: number): Promise<DueRecord[]> {
    const records = await this.#engine.due(now, limit)
    for (const { id, endedNow } of records) if (endedNow) this.#forget(id)
    return records
  }

  settle(ids: readonly SessionId[], keepUntil: Instant | null): Promise<void> {
    return this.#write({ ids, userId: null }, () => this.#engine.settle(ids, keepUntil))
  }

  /** Past the memory: a walk sees most records once, and would push out what is asked for again. */
  scan(after: string | null, limit: number): Promise<Page> {
    return this.#engine.scan(after, limit)
  }

  async close(): Promise<void> {
    this.#forgetAll()
    this.#parts.freshness.stop()
    await Promise.allSettled([this.#parts.invalidations.close()])
    await this.#engine.close()
  }

  #fromMemory(ids: readonly SessionId[]): (SessionRecord | null)[] {
    if (!this.#parts.freshness.isFresh) return ids.map(() => null)
    const now = this.#parts.clock.now()
    return ids.map((id) => this.#parts.cached.get(id, now))
  }

  async #readAndKeep(ids: readonly SessionId[]): Promise<(SessionRecord | null)[]> {
    const { isListening } = this.#parts.freshness
    const flight = this.#parts.reads.depart(ids)
    try {
      const records = await this.#engine.read(ids)
      if (isListening) this.#keep(flight, records)
      return records
    } finally {
      this.#parts.reads.land(flight)
    }
  }

  #keep(flight: Flight, records: readonly (SessionRecord | null)[]): void {
    const now = this.#parts.clock.now()
    for (const [place, record] of records.entries()) {
      if (record === null || record.id !== flight.ids[place] || !isKept(record, now)) continue
      const isSettled = !this.#parts.writes.mayChange(record.id, record.userId)
      if (isSettled && this.#parts.reads.isSound(flight, place)) this.#parts.cached.put(record)
    }
  }

  /** Before, because nobody may be served what is being changed; after, because others may have read it again. */
  async #write<T>(touched: Touched, run: () => Promise<T>): Promise<T> {
    this.#parts.writes.begin(touched)
    this.#forgetTouched(touched)
    try {
      return await run()
    } finally {
      this.#forgetTouched(touched)
      this.#parts.writes.finish(touched)
    }
  }

  /** Which records a write of a user ends is known to the engine alone: all reads under way are suspect. */
  #forgetTouched({ ids, userId }: Touched): void {
    for (const id of ids) this.#forget(id)
    if (userId === null) return
    this.#parts.cached.dropUser(userId)
    this.#parts.reads.spoilAll()
  }

  #forget(id: SessionId): void {
    this.#parts.cached.drop(id)
    this.#parts.reads.spoil(id)
  }

  #forgetAll(): void {
    if (this.#parts.freshness.isListening) this.#drops += 1
    this.#parts.freshness.lost()
    this.#parts.cached.clear()
    this.#parts.reads.spoilAll()
  }
}

const only = (id: SessionId): Touched => ({ ids: [id], userId: null })

/**
 * A record that never expires is no session but the store's own, such as the cut-off of `revokeAll`: what it
 * says decides about every session, and so it is always asked for.
 */
function isKept({ ended, expiresAt }: SessionRecord, now: Instant): boolean {
  return ended === null && now < expiresAt && expiresAt !== NEVER
}
