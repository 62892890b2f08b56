import { Redis as Ioredis } from 'ioredis'
import { Redis as Iovalkey } from 'iovalkey'
import { createClient } from 'redis'
import { until } from 'sojourn-servers'
import type { Engine, SessionId, SessionRecord } from '../../core/port.ts'
import { NOW } from '../../testing/sample.ts'
import type { Invalidations } from '../invalidations.ts'
import { type Driver, invalidations, redis } from '../redis/index.ts'
import { nearCache } from './near-cache.ts'
import type { NearCachedEngine } from './near-cached-engine.ts'

export interface Access {
  readonly port: number
  readonly username?: string
  readonly password?: string
}

export interface OpenDriver {
  readonly client: Driver
  readonly release: () => void
}

/** A client of each driver, as an application makes it. */
export const DRIVERS = {
  ioredis: async (access: Access): Promise<OpenDriver> => {
    const client = new Ioredis({ host: '127.0.0.1', lazyConnect: true, ...access })
    client.on('error', () => undefined)
    await client.connect()
    return { client, release: () => client.disconnect() }
  },
  iovalkey: async (access: Access): Promise<OpenDriver> => {
    const client = new Iovalkey({ host: '127.0.0.1', lazyConnect: true, ...access })
    client.on('error', () => undefined)
    await client.connect()
    return { client, release: () => client.disconnect() }
  },
  'node-redis': async ({ port, ...user }: Access): Promise<OpenDriver> => {
    const client = createClient({ socket: { port, host: '127.0.0.1' }, ...user })
    client.on('error', () => undefined)
    await client.connect()
    return { client, release: () => client.destroy() }
  },
} as const

export type DriverName = keyof typeof DRIVERS
export const DRIVER_NAMES = ['ioredis', 'iovalkey', 'node-redis'] as const

/** How a twin hears otherwise than it should. */
export type Hearing = (inner: Invalidations) => Invalidations

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

  static async open(
    name: DriverName,
    access: Access,
    { hearing = (inner) => inner, staleMs = 1_000 }: { hearing?: Hearing; staleMs?: number } = {},
  ): Promise<RedisWorld> {
    const [ours, theirs] = await Promise.all([DRIVERS[name](access), DRIVERS[name](access)])
    const heard = invalidations({ client: ours.client })
    const engine = await nearCache(redis({ client: ours.client }), {
      invalidations: hearing(heard),
      staleMs,
    })
    const release = () => {
      ours.release()
      theirs.release()
    }
    const world = new RedisWorld(engine, await redis({ client: theirs.client }), heard, release)
    return world
  }

  async live(): Promise<void> {
    await until('the cache serves', async () => this.engine.status.isLive || null, 10_000)
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

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is to be said to a server that may be stopped or gone.
    this.#release()
    await this.engine.close()
    await this.theirs.close()
  }
}
