import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type PostgresServer, type RedisServer, startPostgres, startRedis } from 'sojourn-servers'
import { Child } from '../child.ts'
import type { ArchiveAnswer, ArchiveRequest } from './archive-process.ts'
import type { OpenOrder } from './settling-store.ts'

export type ArchiveChild = Child<ArchiveRequest, ArchiveAnswer>
/** What differs from one store to the next; the rest is where it lies. */
export type StoreChoice = Pick<OpenOrder, 'engine' | 'destination'> & Partial<OpenOrder>
/** Where a store lies, for whoever opens it as well. */
export type StorePlace = Pick<OpenOrder, 'folder' | 'redisUrl' | 'prefix' | 'postgresUrl' | 'schema'>

/** A server of each kind as their makers ship them, and a folder; every store has a place of its own in them. */
export class BenchPlaces {
  readonly #folder: string
  readonly #redis: RedisServer
  readonly #postgres: PostgresServer
  #stores = 0

  static async open(parent: string): Promise<BenchPlaces> {
    mkdirSync(parent, { recursive: true })
    const redis = await startRedis()
    try {
      return new BenchPlaces(mkdtempSync(join(parent, 'sojourn-bench-')), redis, await startPostgres())
    } catch (error) {
      await redis.stop()
      throw error
    }
  }

  constructor(folder: string, redis: RedisServer, postgres: PostgresServer) {
    this.#folder = folder
    this.#redis = redis
    this.#postgres = postgres
  }

  /** A place for one store. */
  next(): StorePlace {
    this.#stores += 1
    const folder = join(this.#folder, String(this.#stores))
    mkdirSync(folder, { mode: 0o700 })
    const name = `bench_${this.#stores}`
    return {
      folder,
      redisUrl: this.#redis.url,
      prefix: name,
      postgresUrl: this.#postgres.url,
      schema: name,
    }
  }

  /** Opens a store in a process of its own. */
  start(choice: StoreChoice, place: StorePlace = this.next()): Promise<ArchiveChild> {
    const order: OpenOrder = { withData: true, sweep: true, aheadMs: 0, ...place, ...choice }
    return Child.start(choice.engine, ['serve-archive', JSON.stringify(order)])
  }

  /** Removes what stores have left. */
  async clear(): Promise<void> {
    await this.#redis.cli('FLUSHALL')
    rmSync(this.#folder, { recursive: true, force: true })
    mkdirSync(this.#folder, { mode: 0o700 })
  }

  async close(): Promise<void> {
    await this.#postgres.stop()
    await this.#redis.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
