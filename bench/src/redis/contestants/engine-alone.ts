import { createSessionStore, type Engine } from 'sojourn'
import { redis } from 'sojourn/redis'
import { smallPayloadOf } from '../../payload.ts'
import { atOnce } from './at-once.ts'
import { ioredisOf } from './clients.ts'
import type { RedisContestant, Servers } from './contestant.ts'
import { Unable } from './unable.ts'

const FILL_CONCURRENCY = 512

/** Reads without the store: records are fetched and taken apart, nobody proves a secret or decodes data. */
export async function engineAlone(servers: Servers): Promise<RedisContestant> {
  const client = ioredisOf(servers)
  return new EngineAlone(await redis({ client }), () => client.disconnect())
}

class EngineAlone extends Unable {
  readonly #engine: Engine
  readonly #disconnect: () => void
  readonly #ids: string[] = []

  constructor(engine: Engine, disconnect: () => void) {
    super()
    this.#engine = engine
    this.#disconnect = disconnect
  }

  override async fill(count: number): Promise<void> {
    const sessions = await createSessionStore({ engine: this.#engine, sweep: false })
    await atOnce(count, FILL_CONCURRENCY, async (index) => {
      const data = { ...smallPayloadOf(index) }
      this.#ids[index] = (await sessions.create({ userId: `user-${index}`, data })).session.id
    })
  }

  override async read(index: number): Promise<void> {
    const [record] = await this.#engine.read([this.#ids[index] ?? ''])
    if (!record) throw new Error('The record was not read.')
  }

  override async close(): Promise<void> {
    await this.#engine.close()
    this.#disconnect()
  }
}
