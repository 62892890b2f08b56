import { Signer } from '@fastify/cookie'
import { type FastifyRequest, fastifySession, type RequestSession } from '@fastify/session'
import { RedisStore } from 'connect-redis'
import { change, type Payload, smallPayloadOf } from '../../payload.ts'
import { atOnce } from './at-once.ts'
import { singleNodeRedisOf } from './clients.ts'
import type { RedisContestant, Servers } from './contestant.ts'
import { Unable } from './unable.ts'

const FILL_CONCURRENCY = 512
const MAX_AGE_MS = 8 * 3_600_000
const SECRET = 'a-secret-of-at-least-thirty-two-characters'

type Client = Awaited<ReturnType<typeof singleNodeRedisOf>>
type Content = RequestSession & Payload & { userId: string }
type Decrypt = (cookie: string, request: FastifyRequest, done: (error?: Error) => void) => void

/**
 * What @fastify/session does with its store in a request, without Fastify around it: the cookie's signature,
 * the store's `get`, a session object with a hash of its content; `save` at the end.
 */
export async function fastifySessionOnRedis(servers: Servers): Promise<RedisContestant> {
  const client = await singleNodeRedisOf(servers)
  const options = {
    secret: new Signer(SECRET, 'sha256'),
    store: new RedisStore({ client }),
    cookie: { maxAge: MAX_AGE_MS },
  }
  return new Promise((resolve, reject) => {
    let decrypt: Decrypt | null = null
    const host = {
      decorate(_name: 'decryptSession', value: Decrypt) {
        decrypt = value
      },
      decorateRequest() {},
      addHook() {},
    }
    fastifySession(host, options, (error) => {
      if (decrypt === null) reject(error ?? new Error('@fastify/session has no decryptSession.'))
      else resolve(new FastifySession(client, decrypt))
    })
  })
}

class FastifySession extends Unable {
  readonly #client: Client
  readonly #decrypt: Decrypt
  readonly #cookies: string[] = []
  readonly #known: Content[] = []
  #created = 0

  constructor(client: Client, decrypt: Decrypt) {
    super()
    this.#client = client
    this.#decrypt = decrypt
  }

  override fill(count: number): Promise<void> {
    return atOnce(count, FILL_CONCURRENCY, async (index) => {
      const content = await this.#create(`user-${index}`)
      this.#cookies[index] = content.encryptedSessionId
      this.#known[index] = content
    })
  }

  override async read(index: number): Promise<void> {
    await this.#found(index)
  }

  override async rewrite(index: number): Promise<void> {
    const content = this.#known[index]
    if (content === undefined) throw new Error('The session is not known.')
    await changed(content)
  }

  override async update(index: number): Promise<void> {
    await changed(await this.#found(index))
  }

  override async create(): Promise<void> {
    await this.#create(`user-${this.#created}`)
  }

  override async close(): Promise<void> {
    this.#client.destroy()
  }

  async #found(index: number): Promise<Content> {
    const content = await this.#sessionOf<Content>(this.#cookies[index] ?? '')
    if (content.theme !== 'dark') throw new Error('The session was not read.')
    return content
  }

  async #create(userId: string): Promise<Content> {
    const blank = await this.#sessionOf<RequestSession>('')
    const content = Object.assign(blank, { userId, ...smallPayloadOf(this.#created) })
    this.#created += 1
    await content.save()
    return content
  }

  /** An unknown cookie makes a new session. */
  #sessionOf<Kind extends RequestSession>(cookie: string): Promise<Kind> {
    const request: FastifyRequest<Kind> = { session: null }
    return new Promise((resolve, reject) => {
      this.#decrypt(cookie, request, (error) => {
        if (request.session === null) reject(error ?? new Error('There is no session.'))
        else resolve(request.session)
      })
    })
  }
}

/** As at the end of a request: only what has changed is stored. */
async function changed(content: Content): Promise<void> {
  change(content)
  if (!content.isModified()) throw new Error('The session did not change.')
  await content.save()
}
