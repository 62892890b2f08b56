import { smallPayloadOf } from '../../payload.ts'
import { atOnce } from './at-once.ts'
import { ioredisOf, singleNodeRedisOf } from './clients.ts'
import type { RedisContestant, Servers } from './contestant.ts'

const FILL_CONCURRENCY = 512
const TTL_MS = 8 * 3_600_000

/** The two commands of a client that are used. */
interface Commands {
  get(key: string): Promise<string | null>
  set(key: string, value: string): Promise<unknown>
  close(): void
}

export async function rawIoredis(servers: Servers): Promise<RedisContestant> {
  const client = ioredisOf(servers)
  return new RawClient({
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value, 'PX', TTL_MS),
    close: () => client.disconnect(),
  })
}

export async function rawNodeRedis(servers: Servers): Promise<RedisContestant> {
  const client = await singleNodeRedisOf(servers)
  return new RawClient({
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value, { expiration: { type: 'PX', value: TTL_MS } }),
    close: () => client.destroy(),
  })
}

/** What the client itself costs: one GET, one SET, of text that is made once and looked at by nobody. */
class RawClient implements RedisContestant {
  readonly #commands: Commands
  readonly #text = JSON.stringify(smallPayloadOf(0))
  #created = 0

  constructor(commands: Commands) {
    this.#commands = commands
  }

  fill(count: number): Promise<void> {
    return atOnce(count, FILL_CONCURRENCY, () => this.create())
  }

  async fillUser(): Promise<void> {
    throw new Error('It knows no users.')
  }

  async read(index: number): Promise<void> {
    if ((await this.#commands.get(keyOf(index))) === null) throw new Error('The session was not read.')
  }

  async rewrite(index: number): Promise<void> {
    await this.#commands.set(keyOf(index), this.#text)
  }

  async update(index: number): Promise<void> {
    await this.read(index)
    await this.rewrite(index)
  }

  async create(): Promise<void> {
    const index = this.#created
    this.#created += 1
    await this.rewrite(index)
  }

  async list(): Promise<number> {
    throw new Error('It knows no users.')
  }

  async revokeUser(): Promise<number> {
    throw new Error('It knows no users.')
  }

  async close(): Promise<void> {
    this.#commands.close()
  }
}

/** As long as the keys of the others. */
function keyOf(index: number): string {
  return `raw:session:${String(index).padStart(24, '0')}`
}
