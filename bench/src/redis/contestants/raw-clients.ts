import { smallPayloadOf } from '../../payload.ts'
import { atOnce } from './at-once.ts'
import { ioredisOf, singleNodeRedisOf } from './clients.ts'
import type { RedisContestant, Servers } from './contestant.ts'
import { Unable } from './unable.ts'

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

/** The reads of one turn of the event loop as one MGET: what is left of a read when nobody looks at it. */
export async function rawMget(servers: Servers): Promise<RedisContestant> {
  const client = ioredisOf(servers)
  let waiting: { readonly key: string; readonly take: (values: Promise<string | null>) => void }[] = []
  const depart = () => {
    const reads = waiting
    waiting = []
    const values = client.mget(reads.map(({ key }) => key))
    for (const [index, { take }] of reads.entries()) take(values.then((all) => all[index] ?? null))
  }
  return new RawClient({
    get: (key) =>
      new Promise((take) => {
        if (waiting.length === 0) setImmediate(depart)
        waiting.push({ key, take })
      }),
    set: (key, value) => client.set(key, value, 'PX', TTL_MS),
    close: () => client.disconnect(),
  })
}

/** What the client itself costs: one GET, one SET, of text that is made once and looked at by nobody. */
class RawClient extends Unable {
  readonly #commands: Commands
  readonly #text = JSON.stringify(smallPayloadOf(0))
  #created = 0

  constructor(commands: Commands) {
    super()
    this.#commands = commands
  }

  override fill(count: number): Promise<void> {
    return atOnce(count, FILL_CONCURRENCY, () => this.create())
  }

  override async read(index: number): Promise<void> {
    if ((await this.#commands.get(keyOf(index))) === null) throw new Error('The session was not read.')
  }

  override async rewrite(index: number): Promise<void> {
    await this.#commands.set(keyOf(index), this.#text)
  }

  override async update(index: number): Promise<void> {
    await this.read(index)
    await this.rewrite(index)
  }

  override async create(): Promise<void> {
    const index = this.#created
    this.#created += 1
    await this.rewrite(index)
  }

  override async close(): Promise<void> {
    this.#commands.close()
  }
}

/** As long as the keys of the others. */
function keyOf(index: number): string {
  return `raw:session:${String(index).padStart(24, '0')}`
}
