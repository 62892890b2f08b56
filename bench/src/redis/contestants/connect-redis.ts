import { randomBytes } from 'node:crypto'
import { RedisStore } from 'connect-redis'
import session, { type SessionContent } from 'express-session'
import { change, type Payload, smallPayloadOf } from '../../payload.ts'
import { atOnce } from './at-once.ts'
import { singleNodeRedisOf } from './clients.ts'
import type { RedisContestant, Servers } from './contestant.ts'

const FILL_CONCURRENCY = 512
const ID_BYTES = 24
const MAX_AGE_MS = 8 * 3_600_000

/** What an application keeps: the user is a field like any other. */
type Content = SessionContent<Payload & { userId: string }>
type Client = Awaited<ReturnType<typeof singleNodeRedisOf>>

/** How the store is called. */
interface Manner {
  find(store: RedisStore, id: string): Promise<Content | null>
  save(store: RedisStore, id: string, content: Content): Promise<unknown>
}

/** As its methods are, with promises. */
const PLAIN: Manner = {
  find: (store, id) => store.get<Content>(id),
  save: (store, id, content) => store.set(id, content),
}

/** As the middleware of express-session does it: callbacks, and a session object around what was read. */
const OF_EXPRESS: Manner = {
  find: (store, id) =>
    new Promise((resolve, reject) => {
      store.get<Content>(id, (error, content) => {
        if (!content) reject(error ?? new Error('The session was not found.'))
        else resolve(store.createSession({ sessionID: id, sessionStore: store }, content))
      })
    }),
  save: (store, id, content) =>
    new Promise<void>((resolve, reject) => {
      store.set(id, content, (error) => (error ? reject(error) : resolve()))
    }),
}

export async function connectRedis(servers: Servers): Promise<RedisContestant> {
  return new ConnectRedis(await singleNodeRedisOf(servers), PLAIN)
}

export async function connectRedisOfExpress(servers: Servers): Promise<RedisContestant> {
  return new ConnectRedis(await singleNodeRedisOf(servers), OF_EXPRESS)
}

class ConnectRedis implements RedisContestant {
  readonly #store: RedisStore
  readonly #client: Client
  readonly #manner: Manner
  readonly #ids: string[] = []
  readonly #known: Content[] = []
  #created = 0

  constructor(client: Client, manner: Manner) {
    this.#client = client
    this.#manner = manner
    this.#store = new RedisStore({ client })
  }

  fill(count: number): Promise<void> {
    return atOnce(count, FILL_CONCURRENCY, async (index) => {
      const content = this.#next(`user-${index}`)
      this.#ids[index] = await this.#add(content)
      this.#known[index] = content
    })
  }

  fillUser(userId: string, sessions: number): Promise<void> {
    return atOnce(sessions, FILL_CONCURRENCY, async () => {
      await this.#add(this.#next(userId))
    })
  }

  async read(index: number): Promise<void> {
    await this.#found(this.#ids[index] ?? '')
  }

  async rewrite(index: number): Promise<void> {
    const content = this.#known[index]
    if (content === undefined) throw new Error('The session is not known.')
    change(content)
    await this.#save(this.#ids[index] ?? '', content)
  }

  async update(index: number): Promise<void> {
    const id = this.#ids[index] ?? ''
    const content = await this.#found(id)
    change(content)
    await this.#save(id, content)
  }

  async create(): Promise<void> {
    await this.#add(this.#next(`user-${this.#created}`))
  }

  /** There is no index: all sessions of everybody are read. */
  async list(userId: string): Promise<number> {
    return (await this.#idsOf(userId)).length
  }

  async revokeUser(userId: string): Promise<number> {
    const ids = await this.#idsOf(userId)
    await Promise.all(ids.map((id) => this.#store.destroy(id)))
    return ids.length
  }

  async close(): Promise<void> {
    this.#client.destroy()
  }

  async #found(id: string): Promise<Content> {
    const content = await this.#manner.find(this.#store, id)
    if (content?.theme !== 'dark') throw new Error('The session was not read.')
    return content
  }

  async #save(id: string, content: Content): Promise<void> {
    await this.#manner.save(this.#store, id, content)
  }

  async #idsOf(userId: string): Promise<string[]> {
    const all = await this.#store.all<Content & { id: string }>()
    return all.filter((content) => content.userId === userId).map(({ id }) => id)
  }

  async #add(content: Content): Promise<string> {
    const id = randomBytes(ID_BYTES).toString('base64url')
    await this.#save(id, content)
    return id
  }

  #next(userId: string): Content {
    const cookie = new session.Cookie({ maxAge: MAX_AGE_MS })
    const content = { cookie, userId, ...smallPayloadOf(this.#created) }
    this.#created += 1
    return content
  }
}
