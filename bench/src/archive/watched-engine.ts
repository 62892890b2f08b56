import type {
  Created,
  DueRecord,
  EndReason,
  Engine,
  EngineTraits,
  Replaced,
  SessionId,
  SessionRecord,
  UserKey,
  UserLimit,
} from 'sojourn'

/** Passes everything on, and knows when the first record was due and how many are settled. */
export class WatchedEngine implements Engine {
  readonly traits: EngineTraits
  readonly #engine: Engine
  #isShut = false
  #settled = 0
  #wanted = Number.POSITIVE_INFINITY
  #reached: () => void = () => undefined
  #firstDueAt: number | null = null
  #lastSettledAt = 0

  constructor(engine: Engine) {
    this.traits = engine.traits
    this.#engine = engine
  }

  /** From the first question that had an answer until now, or until the last one was settled. */
  get settlingMs(): number {
    return this.#firstDueAt === null ? 0 : this.#lastSettledAt - this.#firstDueAt
  }

  /** Begins to count anew; resolves when so many are settled. */
  async untilSettled(count: number): Promise<void> {
    this.#settled = 0
    this.#firstDueAt = null
    this.#wanted = count
    await new Promise<void>((resolve) => {
      this.#reached = resolve
    })
  }

  /** As if nothing were due. */
  shut(): void {
    this.#isShut = true
  }

  open(): void {
    this.#isShut = false
  }

  async due(now: number, limit: number): Promise<DueRecord[]> {
    if (this.#isShut) return []
    const askedAt = performance.now()
    const due = await this.#engine.due(now, limit)
    if (due.length > 0) this.#firstDueAt ??= askedAt
    return due
  }

  async settle(ids: readonly SessionId[], keepUntil: number | null): Promise<void> {
    await this.#engine.settle(ids, keepUntil)
    const before = this.#settled
    this.#settled += ids.length
    this.#lastSettledAt = performance.now()
    if (before < this.#wanted && this.#settled >= this.#wanted) this.#reached()
  }

  read(ids: readonly SessionId[]): Promise<(SessionRecord | null)[]> {
    return this.#engine.read(ids)
  }

  create(record: SessionRecord, limit: UserLimit | null, now: number): Promise<Created> {
    return this.#engine.create(record, limit, now)
  }

  replace(record: SessionRecord, expectedVersion: number, now: number): Promise<Replaced> {
    return this.#engine.replace(record, expectedVersion, now)
  }

  touch(id: SessionId, seenAt: number, expiresAt: number): Promise<boolean> {
    return this.#engine.touch(id, seenAt, expiresAt)
  }

  end(id: SessionId, reason: EndReason, at: number): Promise<boolean> {
    return this.#engine.end(id, reason, at)
  }

  list(user: UserKey, now: number): Promise<SessionRecord[]> {
    return this.#engine.list(user, now)
  }

  endUser(user: UserKey, reason: EndReason, at: number, except: SessionId | null): Promise<SessionId[]> {
    return this.#engine.endUser(user, reason, at, except)
  }

  scan(after: string | null, limit: number) {
    return this.#engine.scan(after, limit)
  }

  close(): Promise<void> {
    return this.#engine.close()
  }
}
