import { bucketOf } from './bucket.ts'
import type { Clock } from './clock.ts'
import { createSessionStore } from './create-session-store.ts'
import type { EngineUnderTest, Storage } from './engines.test-support.ts'
import type { EventName, StoreEvents } from './events.ts'
import type { StoreOptions } from './options.ts'
import type { Engine, Instant, SessionId, SessionRecord } from './port.ts'
import type { Issued } from './session.ts'
import type { SessionStore } from './session-store.ts'
import { StagedEngine } from './staged-engine.test-support.ts'
import { TestClock } from './test-clock.test-support.ts'
import { ID_LENGTH } from './token.ts'

/** Data of the sessions in these tests. */
export interface Visit {
  cart?: readonly string[]
  language?: string
  count?: number
  stage?: string
}

/** When the clock of a world begins to run. */
export const START: Instant = 1_800_000_000_000
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

type Told = { [Name in EventName]: { readonly name: Name } & StoreEvents[Name] }[EventName]

/** A store as one process has it, the line to its engine, and what it told its listeners. */
export interface Place {
  readonly store: SessionStore<Visit>
  readonly line: StagedEngine
  readonly told: Told[]
}

/** Several stores over one storage and one clock, with a look at what is really stored. */
export class World implements AsyncDisposable {
  readonly clock = new TestClock(START)
  readonly #storage: Storage
  readonly #options: Partial<StoreOptions<Visit>>
  readonly #raw: Engine
  readonly #places: Place[] = []

  static async open(engine: EngineUnderTest, options: Partial<StoreOptions<Visit>> = {}): Promise<World> {
    const storage = await engine.prepare()
    return new World(storage, await storage.open(), options)
  }

  constructor(storage: Storage, raw: Engine, options: Partial<StoreOptions<Visit>>) {
    this.#storage = storage
    this.#options = options
    this.#raw = raw
  }

  /** One more store, as in another process. Nothing sweeps by itself unless asked to. */
  async place(options: Partial<StoreOptions<Visit>> = {}): Promise<Place> {
    const line = new StagedEngine(await this.#storage.open())
    const store = await createSessionStore<Visit>({
      sweep: false,
      clock: this.clock,
      ...this.#options,
      ...options,
      engine: line,
    })
    const place = { store, line, told: listenTo(store) }
    this.#places.push(place)
    line.forget()
    return place
  }

  /** The clock of another machine, which is wrong by so much. */
  clockAhead(ms: number): Clock {
    const { clock } = this
    return {
      now: () => clock.now() + ms,
      monotonic: () => clock.monotonic(),
      after: (delay, task) => clock.after(delay, task),
    }
  }

  async pair(): Promise<[Place, Place]> {
    return [await this.place(), await this.place()]
  }

  /** What is stored for a token or an id, whoever may read it. */
  async record(tokenOrId: string): Promise<SessionRecord | null> {
    const [record] = await this.#raw.read([tokenOrId.slice(0, ID_LENGTH)])
    return record ?? null
  }

  /** The same, where a record must be. */
  async stored(tokenOrId: string): Promise<SessionRecord> {
    const record = await this.record(tokenOrId)
    if (record === null) throw new Error('no such record')
    return record
  }

  /** The engine itself. */
  get raw(): Engine {
    return this.#raw
  }

  /** The ids of the user's live sessions, as the engine counts them. */
  async liveIds(userId: string): Promise<SessionId[]> {
    return (await this.#raw.list({ userId, bucket: bucketOf(userId, null) }, this.clock.now())).map(
      ({ id }) => id,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { store, line } of this.#places) {
      line.recover()
      await store.close()
    }
    await this.#raw.close()
    await this.#storage.dispose()
  }
}

function listenTo(store: SessionStore<Visit>): Told[] {
  const told: Told[] = []
  store.on('created', (event) => told.push({ name: 'created', ...event }))
  store.on('rotated', (event) => told.push({ name: 'rotated', ...event }))
  store.on('reauthenticated', (event) => told.push({ name: 'reauthenticated', ...event }))
  store.on('ended', (event) => told.push({ name: 'ended', ...event }))
  store.on('reuseDetected', (event) => told.push({ name: 'reuseDetected', ...event }))
  store.on('limitReached', (event) => told.push({ name: 'limitReached', ...event }))
  store.on('archived', (event) => told.push({ name: 'archived', ...event }))
  store.on('archiveRefused', (event) => told.push({ name: 'archiveRefused', ...event }))
  store.on('archiveInterrupted', (event) => told.push({ name: 'archiveInterrupted', ...event }))
  store.on('archiveResumed', (event) => told.push({ name: 'archiveResumed', ...event }))
  store.on('clockJumped', (event) => told.push({ name: 'clockJumped', ...event }))
  return told
}

/** The names of what was told, in order. */
export function namesOf({ told }: Place): string[] {
  return told.map(({ name }) => name)
}

/** A token where a verb must have issued one. */
export function tokenOf(issued: Issued<Visit> | null): string {
  if (issued === null) throw new Error('nothing was issued')
  return issued.token
}

/** How the sessions ended that this place has told of: id and reason. */
export function endsOf({ told }: Place): { readonly id: SessionId; readonly reason: string }[] {
  return told.flatMap((event) => (event.name === 'ended' ? [{ id: event.id, reason: event.reason }] : []))
}
