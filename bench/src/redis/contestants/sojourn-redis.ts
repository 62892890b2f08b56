import { createSessionStore, type Session, type SessionStore } from 'sojourn'
import { redis } from 'sojourn/redis'
import { change, type Payload, smallPayloadOf } from '../../payload.ts'
import { atOnce } from './at-once.ts'
import { ioredisOf, nodeRedisOf } from './clients.ts'
import type { RedisContestant, Servers } from './contestant.ts'

const FILL_CONCURRENCY = 512
/** A machine that is busy with something else is no failure of the store. */
const TIMEOUT_MS = 60_000

type Options = Parameters<typeof redis>[0]
type Client = NonNullable<Options['client']>

/** The `SessionStore` with its defaults. */
export async function sojournOnIoredis(servers: Servers, due = false): Promise<RedisContestant> {
  const client = ioredisOf(servers)
  return new SojournRedis(await storeOn(client, due), async () => client.disconnect())
}

export async function sojournOnNodeRedis(servers: Servers): Promise<RedisContestant> {
  const client = await nodeRedisOf(servers)
  return new SojournRedis(await storeOn(client, false), async () => client.destroy())
}

/** It does not sweep: what that costs is measured by itself. */
function storeOn(client: Client, due: boolean): Promise<SessionStore<Payload>> {
  return createSessionStore<Payload>({
    engine: redis({ client, due }),
    lifetime: 'web',
    initial: () => smallPayloadOf(0),
    timeout: TIMEOUT_MS,
    sweep: false,
  })
}

class SojournRedis implements RedisContestant {
  readonly #sessions: SessionStore<Payload>
  readonly #disconnect: () => Promise<void>
  readonly #tokens: string[] = []
  /** What a request has in hand: a session of which the version is known. */
  readonly #known: Session<Payload>[] = []
  #created = 0

  constructor(sessions: SessionStore<Payload>, disconnect: () => Promise<void>) {
    this.#sessions = sessions
    this.#disconnect = disconnect
  }

  fill(count: number): Promise<void> {
    return atOnce(count, FILL_CONCURRENCY, async (index) => {
      const { token, session } = await this.#create(`user-${index}`)
      this.#tokens[index] = token
      this.#known[index] = session
    })
  }

  fillUser(userId: string, sessions: number): Promise<void> {
    return atOnce(sessions, FILL_CONCURRENCY, async () => {
      await this.#create(userId)
    })
  }

  /** Without the touch: all sessions are of one age, and all would be touched at once after a minute. */
  async read(index: number): Promise<void> {
    const session = await this.#sessions.read(this.#tokens[index] ?? '', { touch: false })
    if (session?.data.theme !== 'dark') throw new Error('The session was not read.')
  }

  async rewrite(index: number): Promise<void> {
    await this.#change(index, this.#known[index] ?? '')
  }

  async update(index: number): Promise<void> {
    await this.#change(index, this.#tokens[index] ?? '')
  }

  async create(): Promise<void> {
    await this.#create(`user-${this.#created}`)
  }

  async list(userId: string): Promise<number> {
    return (await this.#sessions.list({ userId })).length
  }

  async revokeUser(userId: string): Promise<number> {
    return (await this.#sessions.revokeUser(userId)).length
  }

  async close(): Promise<void> {
    await this.#sessions.close()
    await this.#disconnect()
  }

  async #change(index: number, address: Session<Payload> | string): Promise<void> {
    const session = await this.#sessions.update(address, change)
    if (session === null) throw new Error('The session was not updated.')
    this.#known[index] = session
  }

  #create(userId: string) {
    const data = smallPayloadOf(this.#created)
    this.#created += 1
    return this.#sessions.create({ userId, data })
  }
}
