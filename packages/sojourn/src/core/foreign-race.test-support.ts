import { PassingEngine, type Verb } from '../testing/passing-engine.test-support.ts'
import { createSessionStore } from './create-session-store.ts'
import { SessionError } from './errors.ts'
import { jsonCopy } from './foreign-data.ts'
import type { ForeignSessions } from './foreign-sessions.ts'
import { userIn } from './foreign-world.test-support.ts'
import { isOwn } from './own-record.ts'
import type { Engine, SessionRecord } from './port.ts'
import { Chance, Scheduler } from './scheduler.test-support.ts'
import type { SessionStore } from './session-store.ts'
import { STORE_ID } from './store-record.ts'
import { TestClock } from './test-clock.test-support.ts'

const PLACES = 3
const ACTORS = 5
const FAULTS = 0.03

type Data = Record<string, unknown>

/** An engine whose calls and answers wait for their turn. */
export class RacingEngine extends PassingEngine {
  readonly #scheduler: () => Scheduler | null

  constructor(engine: Engine, scheduler: () => Scheduler | null) {
    super(engine)
    this.#scheduler = scheduler
  }

  override async pass<T>(_verb: Verb, run: () => Promise<T>): Promise<T> {
    await this.#scheduler()?.turn(this)
    const answer = await run()
    await this.#scheduler()?.turn(this)
    return answer
  }
}

interface Place {
  readonly store: SessionStore<Data>
  readonly sessions: ForeignSessions<Data>
}

/** What was acknowledged in a round. */
interface Told {
  readonly set: string[]
  readonly removed: string[]
  readonly users: (string | undefined)[]
  isEnded: boolean
  /** Whether anybody wanted it to end. */
  mayBeEnded: boolean
}

export interface RaceOptions {
  readonly seed: number
  readonly engine: Engine
  readonly faults: boolean
}

/** Requests of several processes that use one foreign id at once, in an order that chance draws. */
export class ForeignRace {
  readonly #options: RaceOptions
  readonly #chance: Chance
  readonly #places: Place[] = []
  #scheduler: Scheduler | null = null
  #round = 0

  static async open(options: RaceOptions): Promise<ForeignRace> {
    const race = new ForeignRace(options)
    await race.#open()
    return race
  }

  constructor(options: RaceOptions) {
    this.#options = options
    this.#chance = new Chance(options.seed)
  }

  async #open(): Promise<void> {
    const clock = new TestClock()
    for (let index = 0; index < PLACES; index += 1) {
      const engine = new RacingEngine(this.#options.engine, () => this.#scheduler)
      const store = await createSessionStore<Data>({ engine, clock, sweep: false })
      this.#places.push({ store, sessions: store.foreign({ label: 'race', userId: userIn }) })
    }
  }

  /** Plays one round. @throws Error with the seed, when a promise is broken */
  async round(): Promise<void> {
    this.#round += 1
    const id = `id ${this.#round}`
    const told: Told = { set: [], removed: [], users: [undefined], isEnded: false, mayBeEnded: false }
    const [first] = this.#places
    await first?.sessions.write(id, { data: { kept: 1, dropped: 1 }, use: null, view: null })
    await this.#play(id, told)
    await Promise.all(this.#places.map(({ store }) => store.drain()))
    const wrong = await this.#wrongWith(id, told)
    if (wrong !== null) throw new Error(`seed ${this.#options.seed}: round ${this.#round}: ${wrong}`)
    await first?.sessions.clear()
  }

  async #play(id: string, told: Told): Promise<void> {
    const fate = () => (this.#options.faults && this.#chance.happens(FAULTS) ? 'fails' : 'goes')
    const scheduler = new Scheduler(
      this.#chance,
      fate,
      () => new SessionError('OUTCOME_UNKNOWN', 'It broke.'),
    )
    let open = ACTORS
    const actors = Array.from({ length: ACTORS }, async (_, index) => {
      // What fails has promised nothing.
      await this.#act(id, `field${index}`, told, scheduler).catch(() => undefined)
      open -= 1
    })
    this.#scheduler = scheduler
    await scheduler.run(() => open === 0)
    this.#scheduler = null
    await Promise.all(actors)
  }

  async #act(id: string, field: string, told: Told, scheduler: Scheduler): Promise<void> {
    const { sessions } = this.#chance.pick(this.#places) ?? {}
    const deed = this.#chance.below(10)
    if (sessions === undefined) return
    await scheduler.turn(this)
    if (deed === 0) {
      told.mayBeEnded = true
      await sessions.revoke(id)
      told.isEnded = true
      return
    }
    const found = await sessions.read(id)
    if (found === null) return
    await scheduler.turn(this)
    const { view } = found
    const data: Data & { dropped?: unknown; user?: unknown } = found.data
    if (deed === 1) {
      await sessions.touch(id, { use: null, view })
      return
    }
    if (deed === 2) delete data.dropped
    else data[field] = 1
    const user = deed < 6 ? userIn(data) : `user of ${field}`
    if (user !== undefined) data.user = user
    const isWritten = await sessions.write(id, { data: jsonCopy(data), use: null, view })
    if (!isWritten) return
    if (deed === 2) told.removed.push('dropped')
    else told.set.push(field)
    told.users.push(user)
  }

  async #wrongWith(id: string, told: Told): Promise<string | null> {
    // Where a line broke, whoever looks first makes it certain what is there.
    for (const { sessions } of this.#places) await sessions.read(id)
    await Promise.all(this.#places.map(({ store }) => store.drain()))
    const found = await Promise.all(
      this.#places.map(async ({ sessions }) => (await sessions.read(id))?.data ?? null),
    )
    const [data = null] = found
    if (found.some((other) => JSON.stringify(other) !== JSON.stringify(data))) return 'processes differ'
    const live = (await this.#stored()).filter(({ ended }) => ended === null)
    if (told.isEnded && data !== null) return 'a log-out was undone'
    if (data === null) return this.#wrongWithout(live, told)
    return wrongFields(data, told) ?? (this.#options.faults ? null : wrongOwner(data, told, live))
  }

  #wrongWithout(live: readonly SessionRecord[], { isEnded, mayBeEnded }: Told): string | null {
    if (!(this.#options.faults ? mayBeEnded : isEnded)) return 'it is gone'
    return live.length > 0 && !this.#options.faults ? 'a session lives on after its log-out' : null
  }

  async #stored(): Promise<SessionRecord[]> {
    const { records } = await this.#options.engine.scan(null, 1_000)
    return records.filter((record) => record.id !== STORE_ID && !isOwn(record))
  }
}

function wrongFields(data: Data, told: Told): string | null {
  const lost = ['kept', ...told.set].filter((key) => !(key in data))
  if (lost.length > 0) return `lost: ${lost}`
  return told.removed.some((key) => key in data) ? 'what was removed is back' : null
}

function wrongOwner(data: Data, told: Told, live: readonly SessionRecord[]): string | null {
  if (live.length !== 1) return `${live.length} sessions live`
  if (!told.users.includes(userIn(data))) return 'the user is nobody who logged in'
  return live[0]?.userId === (userIn(data) ?? null) ? null : 'the session is another user’s than its data'
}
