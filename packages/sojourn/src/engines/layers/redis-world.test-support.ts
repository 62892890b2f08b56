import { until } from 'sojourn-servers'
import type { Engine, SessionId, SessionRecord } from '../../core/port.ts'
import { NOW } from '../../testing/sample.ts'
import type { Invalidations } from '../invalidations.ts'
import type { RedisClient } from '../redis/client.ts'
import { type DriverName, type Login, openClient, type Place } from '../redis/clients.test-support.ts'
import { clientOf } from '../redis/driver.ts'
import { redis } from '../redis/index.ts'
import { subscriberOf } from '../redis/invalidations-driver.ts'
import { RedisInvalidations } from '../redis/invalidations-redis.ts'
import { nearCache } from './near-cache.ts'
import type { NearCachedEngine } from './near-cached-engine.ts'

/** How a twin hears otherwise than it should. */
export type Hearing = (inner: Invalidations) => Invalidations

export interface WorldOptions {
  readonly hearing?: Hearing
  /** How a twin sees the servers otherwise than it should. */
  readonly seeing?: (client: RedisClient) => RedisClient
  readonly staleMs?: number
  readonly login?: Login
}

/** A process with a near cache, and another one without, on one server. */
export class RedisWorld implements AsyncDisposable {
  readonly engine: NearCachedEngine
  readonly theirs: Engine
  /** As the layer has them: `confirm` waits until all that was written before was told. */
  readonly invalidations: Invalidations
  readonly #release: () => void

  constructor(engine: NearCachedEngine, theirs: Engine, heard: Invalidations, release: () => void) {
    this.engine = engine
    this.theirs = theirs
    this.invalidations = heard
    this.#release = release
  }

  static async open(name: DriverName, place: Place, options: WorldOptions = {}): Promise<RedisWorld> {
    const { hearing = (inner) => inner, seeing = (client) => client, staleMs = 1_000, login = null } = options
    const [ours, other] = [await openClient(name, place, login), await openClient(name, place, login)]
    const heard = new RedisInvalidations({
      client: seeing(clientOf(ours.driver)),
      prefix: 'sojourn',
      subscriber: (key) => subscriberOf(ours.driver, key),
    })
    const told = { invalidations: hearing(heard), staleMs }
    const engine = await nearCache(redis({ client: ours.driver }), told)
    const release = () => {
      ours.close()
      other.close()
    }
    return new RedisWorld(engine, await redis({ client: other.driver }), heard, release)
  }

  async live(): Promise<void> {
    const isLive = async () => {
      const { isLive, failure } = this.engine.status
      if (failure !== null) throw failure
      return isLive || null
    }
    await until('the cache serves', isLive, 10_000)
  }

  /** Stores records and reads them until they come from memory. */
  async warm(...records: SessionRecord[]): Promise<void> {
    await this.live()
    for (const record of records) await this.theirs.create(record, null, NOW)
    const isServed = async () => {
      const { hits } = this.engine.status
      await this.engine.read(records.map(({ id }) => id))
      return this.engine.status.hits === hits + records.length || null
    }
    await until('the records come from memory', isServed, 10_000)
  }

  async read(id: SessionId): Promise<SessionRecord | null> {
    return (await this.engine.read([id]))[0] ?? null
  }

  /** Ends a session elsewhere, and rejects when it is served although all that was written has been told. */
  async endIsSeen({ id }: SessionRecord): Promise<void> {
    await this.theirs.end(id, 'logout', NOW)
    await until('all was told', () => this.invalidations.confirm().then(() => true), 10_000)
    if ((await this.read(id))?.ended === null) throw new Error('The end of a session was not seen.')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is to be said to a server that may be stopped or gone.
    this.#release()
    await this.engine.close()
    await this.theirs.close()
  }
}
