import type { Engine, SessionId, SessionRecord } from '../../core/port.ts'
import { StagedEngine } from '../../core/staged-engine.test-support.ts'
import { TestClock } from '../../core/test-clock.test-support.ts'
import { NOW } from '../../testing/sample.ts'
import { over } from '../../testing/shareable-store.test-support.ts'
import { memory } from '../memory/index.ts'
import { partsOf } from './near-cache.ts'
import { NearCachedEngine, type NearCacheParts } from './near-cached-engine.ts'
import { Told } from './told.test-support.ts'

export const STALE_MS = 1_000
export const LIMITS = { staleMs: STALE_MS, maxBytes: 2 ** 20, maxSessions: 100 }

/** What a twin does otherwise with the parts that it is made of. */
export type Twist = (parts: NearCacheParts) => Partial<NearCacheParts>

/** One store, a cached engine on it, and somebody else who writes there. */
export class CachedWorld {
  readonly clock = new TestClock(NOW)
  readonly told = new Told()
  /** Another process, of whose writes nobody hears unless the test tells. */
  readonly theirs: Engine
  /** Under the cache: a test can hold and break its calls, and count them. */
  readonly line: StagedEngine
  readonly engine: NearCachedEngine

  constructor(twist: Twist = () => ({}), limits = LIMITS) {
    const store = memory()
    this.theirs = over(store, { traits: { ...store.traits, checksCutOff: 'on-write' } })
    this.line = new StagedEngine(this.theirs)
    const options = { invalidations: this.told, clock: this.clock }
    const parts = partsOf(this.line, options, limits)
    this.engine = new NearCachedEngine({ ...parts, ...twist(parts) }, limits.staleMs)
  }

  /** Lets the question that is under way be answered. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Time goes by in steps that leave the layer time to ask. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      this.clock.advance(Math.min(left, 50))
      await this.settle()
    }
  }

  /** Stores records and reads them once, so that they are in memory. */
  async warm(...records: SessionRecord[]): Promise<void> {
    await this.settle()
    for (const record of records) await this.theirs.create(record, null, record.createdAt)
    await this.engine.read(records.map(({ id }) => id))
    this.line.forget()
  }

  async read(id: SessionId): Promise<SessionRecord | null> {
    return (await this.engine.read([id]))[0] ?? null
  }

  /** Reads of the engine below since the last `forget`. */
  get asked(): number {
    return this.line.calls.filter((verb) => verb === 'read').length
  }
}
