import { archiveTo, createSessionStore, type SessionStore } from 'sojourn'
import { type Payload, payloadOf } from '../payload.ts'
import { atOnce } from '../redis/contestants/at-once.ts'
import { BenchClock } from './bench-clock.ts'
import { DESTINATIONS, type DestinationName, type OpenDestination } from './destinations.ts'
import { ENGINES, type EngineName, type OpenEngine, type Places } from './engines.ts'
import { WatchedEngine } from './watched-engine.ts'

/** What is opened in a process of its own. */
export interface OpenOrder extends Places {
  readonly engine: EngineName
  readonly destination: DestinationName
  /** Whether `select` lets all data through; else it is left out. */
  readonly withData: boolean
  readonly sweep: boolean
  readonly postgresUrl: string
  readonly schema: string
  /** How far the clock of this process is ahead, in milliseconds. */
  readonly aheadMs: number
}

const IDLE = '30m'
/** From the creation of a session until it is due, with a minute to spare. */
export const EXPIRY_MS = 31 * 60_000
/** From an end until it is due and late, with time to spare. */
export const ENDED_MS = 60_000
/** From the creation of a session until it is due, to the second. */
const DUE_MS = 30 * 60_000 + 3_000
/** As long as the sweep sleeps at most while nothing is due. */
const WAKE_MS = 6_001
/** Sessions that end evenly are made in steps of this. */
const STEP_MS = 100
const AT_ONCE = 256
/** A machine that is busy with something else is no failure of the store. */
const TIMEOUT_MS = 60_000

/** A store that archives, with its clock and its engine in hand. */
export class SettlingStore {
  readonly store: SessionStore<Payload>
  readonly clock: BenchClock
  readonly engine: WatchedEngine
  readonly destination: OpenDestination
  readonly #opened: OpenEngine
  #created = 0

  static async open(order: OpenOrder): Promise<SettlingStore> {
    const opened = await ENGINES[order.engine].open(order)
    const destination = await DESTINATIONS[order.destination].open(order.postgresUrl, order.schema)
    const clock = new BenchClock()
    clock.hold()
    clock.advance(order.aheadMs)
    const engine = new WatchedEngine(opened.engine)
    engine.shut()
    const select = { select: ({ data }: { readonly data: unknown }) => data }
    const store = await createSessionStore<Payload>({
      engine,
      clock,
      lifetime: { idle: IDLE, absolute: '8h' },
      initial: () => payloadOf(0),
      timeout: TIMEOUT_MS,
      sweep: order.sweep,
      atEnd: archiveTo<Payload>(destination.destination, order.withData ? select : {}),
    })
    return new SettlingStore(store, { clock, engine, destination, opened })
  }

  constructor(
    store: SessionStore<Payload>,
    parts: {
      readonly clock: BenchClock
      readonly engine: WatchedEngine
      readonly destination: OpenDestination
      readonly opened: OpenEngine
    },
  ) {
    this.store = store
    this.clock = parts.clock
    this.engine = parts.engine
    this.destination = parts.destination
    this.#opened = parts.opened
  }

  /** Sessions of as many users; their tokens. */
  async create(count: number): Promise<string[]> {
    const tokens: string[] = []
    await atOnce(count, AT_ONCE, async (index) => {
      const number = this.#created++
      const { token } = await this.store.create({ userId: `user-${number}`, data: payloadOf(number) })
      tokens[index] = token
    })
    return tokens
  }

  /** So many that fall due so many a second, the first of them now. */
  async createEvenly(count: number, perSecond: number): Promise<void> {
    const step = Math.max(1, Math.round((perSecond * STEP_MS) / 1_000))
    let made = 0
    for (; made < count; made += step) {
      await this.create(step)
      this.clock.advance((step * 1_000) / perSecond)
    }
    this.clock.advance(DUE_MS - (made * 1_000) / perSecond)
  }

  async logOut(tokens: readonly string[]): Promise<void> {
    await atOnce(tokens.length, AT_ONCE, async (index) => {
      await this.store.revoke(tokens[index] ?? '')
    })
  }

  /** The clock goes, and the sweep finds what is due at once, as when it has slept for as long as it ever does. */
  drain(): void {
    this.engine.open()
    this.clock.release()
    this.clock.advance(WAKE_MS)
  }

  /** Resolves when nothing is under way any more. */
  async rest(): Promise<void> {
    this.engine.shut()
    await this.store.drain()
  }

  async close(): Promise<void> {
    await this.store.close()
    await this.destination.close()
    await this.#opened.release()
  }
}
