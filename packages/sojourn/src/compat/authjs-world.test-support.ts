import { Auth, type AuthConfig } from '@auth/core'
import type { Adapter, AdapterUser, VerificationToken } from '@auth/core/adapters'
import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { onTestFinished } from 'vitest'

const ORIGIN = 'http://localhost:3000'

/** Users and links by mail, in memory: what an application's own adapter keeps. */
export function usersInMemory() {
  const users = new Map<string, AdapterUser>()
  const links = new Map<string, VerificationToken>()
  return {
    createUser: async (user: AdapterUser) => {
      users.set(user.id, user)
      return user
    },
    updateUser: async (user: Partial<AdapterUser> & Pick<AdapterUser, 'id'>) => {
      const updated = { email: '', emailVerified: null, ...users.get(user.id), ...user }
      users.set(user.id, updated)
      return updated
    },
    getUser: async (id: string) => users.get(id) ?? null,
    getUserByEmail: async (email: string) => [...users.values()].find((user) => user.email === email) ?? null,
    getUserByAccount: async () => null,
    linkAccount: async () => undefined,
    createVerificationToken: async (link: VerificationToken) => {
      links.set(link.token, link)
      return link
    },
    useVerificationToken: async ({ token }: { identifier: string; token: string }) => {
      const link = links.get(token) ?? null
      links.delete(token)
      return link
    },
  } satisfies Adapter
}

let server: Promise<RedisServer> | null = null
let stores = 0

/** Straight on Redis, as adapters for it do: what was read is written back. `pause` comes in between. */
export async function naiveSessions(users: ReturnType<typeof usersInMemory>, pause: () => Promise<void>) {
  server ??= startRedis()
  const { host, port } = await server
  stores += 1
  const redis = new Redis({ host, port, keyPrefix: `authjs:${stores}:` })
  onTestFinished(() => redis.disconnect())
  const read = async (token: string) => {
    const session = JSON.parse((await redis.get(token)) ?? 'null')
    return session && { ...session, expires: new Date(session.expires) }
  }
  return {
    createSession: async (session) => {
      await redis.set(session.sessionToken, JSON.stringify(session))
      return session
    },
    getSessionAndUser: async (token) => {
      const session = await read(token)
      const user = session && (await users.getUser(session.userId))
      return user && { session, user }
    },
    updateSession: async (change) => {
      const found = await read(change.sessionToken)
      if (found === null) return null
      await pause()
      const session = { ...found, ...change }
      await redis.set(change.sessionToken, JSON.stringify(session))
      return session
    },
    deleteSession: async (token) => void (await redis.del(token)),
  } satisfies Adapter
}

/** A place at which a call can be made to wait. */
export interface Held {
  readonly reached: Promise<void>
  readonly release: () => void
}

/** A pause that lasts until it is told to be over. */
export function pausing(): Held & { readonly pause: () => Promise<void> } {
  let [arrive, release] = [(): void => undefined, (): void => undefined]
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const pause = (): Promise<void> => {
    arrive()
    return released
  }
  return { reached, release, pause }
}

/** An application with Auth.js itself, which logs its users in by mail and keeps sessions in its adapter. */
export class Site {
  readonly errors: Error[] = []
  readonly #config: AuthConfig
  #mail = ''

  constructor(adapter: Adapter, session: AuthConfig['session'] = {}) {
    this.#config = {
      adapter,
      secret: 'a secret of at least 32 characters',
      trustHost: true,
      basePath: '/auth',
      session: { strategy: 'database', ...session },
      logger: {
        error: (error) => void this.errors.push(error),
        warn: () => undefined,
        debug: () => undefined,
      },
      providers: [
        {
          ...{ id: 'mail', type: 'email', name: 'Mail', from: 'site@example.com', maxAge: 600 },
          sendVerificationRequest: async ({ url }: { url: string }) => {
            this.#mail = url
          },
          options: {},
        },
      ],
    }
  }

  async call(path: string, cookie = '', form?: Record<string, string>): Promise<Response> {
    const init = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
    return Auth(new Request(new URL(path, ORIGIN), { headers: { cookie }, ...init }), this.#config)
  }

  /** The cookie of a new session. */
  async logIn(email = 'ada@example.com'): Promise<string> {
    await this.post('/auth/signin/mail', '', { email })
    const answer = await this.call(this.#mail)
    const cookie = sessionCookieIn(answer)
    if (cookie === null) throw new Error(`no session was begun: ${answer.status}`)
    return cookie
  }

  /** With the token against forgery that Auth.js asks for. */
  async post(path: string, cookie: string, form: Record<string, string> = {}): Promise<Response> {
    const csrf = await this.call('/auth/csrf', cookie)
    const own = cookiesIn(csrf).map((line) => line.split(';')[0] ?? '')
    const { csrfToken } = await csrf.json()
    return this.call(path, [cookie, ...own].join('; '), { ...form, csrfToken: String(csrfToken) })
  }

  /** The address of the user; null for nobody. */
  async who(cookie: string): Promise<string | null> {
    const session = await (await this.call('/auth/session', cookie)).json()
    return session?.user?.email ?? null
  }
}

/** The session's cookie in an answer; empty when it is cleared, null when it is left alone. */
export function sessionCookieIn(answer: Response): string | null {
  const line = cookiesIn(answer).find((cookie) => cookie.startsWith('authjs.session-token='))
  const pair = line?.split(';')[0]
  return pair === undefined ? null : pair === 'authjs.session-token=' ? '' : pair
}

function cookiesIn(answer: Response): string[] {
  return answer.headers.getSetCookie()
}
