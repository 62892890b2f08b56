import type { Clock } from './clock.ts'
import { isLive } from './lifetime.ts'
import type { Engine, Instant, Milliseconds, SessionId, SessionRecord } from './port.ts'
import { STORE_ID, type StoreRecord } from './store-record.ts'

/**
 * How old a process's knowledge of the store-wide cut-off may get before a read brings a new one along. Half a
 * second, because `watch` looks every half second and must tell within one (SECURITY T59, T62).
 */
const REFRESH_MS: Milliseconds = 500
/** Beyond this, each read must bring it along: a process that cannot learn of it answers nobody (T59). */
const STALE_MS: Milliseconds = 5_000

/**
 * Reads records and says which of them live. Twice a second one read brings the store-wide cut-off along, in
 * the same round trip, so that there is no timer and a process that cannot refresh it fails closed.
 */
export class Records {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #about: StoreRecord
  #ready: Promise<void> | null = null
  #opened = false
  #refreshedAt: Milliseconds = Number.NEGATIVE_INFINITY
  #refreshing = false
  #reads = 0

  constructor(engine: Engine, clock: Clock, about: StoreRecord) {
    this.#engine = engine
    this.#clock = clock
    this.#about = about
  }

  /** Waits until the record about the store was seen once; tries again after a failure. */
  ready(): Promise<void> {
    this.#ready ??= this.#open().catch((error: unknown) => {
      this.#ready = null
      throw error
    })
    return this.#ready
  }

  /** The record of each id, in order. One round trip. */
  read(ids: readonly SessionId[]): Promise<(SessionRecord | null)[]> {
    this.#reads += 1
    if (!this.#opened) return this.#readFirst(ids)
    return this.#mustRefresh() ? this.#readWithCutoff(ids) : this.#engine.read(ids)
  }

  /** How often it was asked for records: by requests, mostly. */
  get reads(): number {
    return this.#reads
  }

  /** Whether the store-wide cut-off is known well enough: then `refresh` has nothing to do. */
  isFresh(): boolean {
    return this.#opened && !this.#mustRefresh()
  }

  /** Brings the store-wide cut-off up to date where no record is read. */
  async refresh(): Promise<void> {
    await this.ready()
    if (this.#mustRefresh()) await this.#readWithCutoff([])
  }

  /** Brings it up to date however old it is: for what must not outlive a cut-off that was just made. */
  async refreshNow(): Promise<void> {
    await this.ready()
    await this.#readWithCutoff([])
  }

  /** The record of one id. */
  async readOne(id: SessionId): Promise<SessionRecord | null> {
    const [record] = await this.read([id])
    return record ?? null
  }

  isLive(record: SessionRecord, now: Instant): boolean {
    return isLive(record, now) && !this.isCutOff(record)
  }

  /** Whether `revokeAll` has ended the record without having touched it. */
  isCutOff(record: Pick<SessionRecord, 'createdAt'>): boolean {
    return record.createdAt < this.#about.notBefore
  }

  async #readFirst(ids: readonly SessionId[]): Promise<(SessionRecord | null)[]> {
    await this.ready()
    return this.read(ids)
  }

  async #open(): Promise<void> {
    const startedAt = this.#clock.monotonic()
    await this.#about.open(this.#clock.now())
    this.#refreshedAt = startedAt
    this.#opened = true
  }

  #mustRefresh(): boolean {
    const age = this.#clock.monotonic() - this.#refreshedAt
    return age >= STALE_MS || (age >= REFRESH_MS && !this.#refreshing)
  }

  async #readWithCutoff(ids: readonly SessionId[]): Promise<(SessionRecord | null)[]> {
    const startedAt = this.#clock.monotonic()
    this.#refreshing = true
    try {
      const found = await this.#engine.read([...ids, STORE_ID])
      const about = found.pop() ?? null
      if (about === null) await this.#about.open(this.#clock.now())
      else this.#about.learn(about)
      this.#refreshedAt = Math.max(this.#refreshedAt, startedAt)
      return found
    } finally {
      this.#refreshing = false
    }
  }
}
