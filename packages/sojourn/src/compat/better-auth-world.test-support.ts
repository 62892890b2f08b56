import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { onTestFinished } from 'vitest'
import type { EngineUnderTest } from '../core/engines.test-support.ts'
import { systemClock } from '../core/system-clock.ts'
import type { Place, World } from '../core/world.test-support.ts'
import { type BetterAuthStorage, betterAuthStorage } from './better-auth.ts'
import { worldOver } from './key-value.test-support.ts'

export const SECRET = 'a secret of at least 32 characters'
const ORIGIN = 'http://localhost:3000'
const PASSWORD = 'correct horse battery'

/** A storage for the application, and the name of what it is. */
export interface StorageUnderTest {
  readonly name: string
  readonly open: () => Promise<BetterAuthStorage>
}

/** A storage of ours as one process has it. */
export async function openOurs(world: World): Promise<{ storage: BetterAuthStorage; place: Place }> {
  const place = await world.place()
  return { storage: betterAuthStorage(place.store, { secret: SECRET }), place }
}

/** Ours, over an engine, by the clock that better-auth reads. */
export function ours(engine: EngineUnderTest): StorageUnderTest {
  return {
    name: `sojourn over ${engine.name}`,
    open: async () => {
      const world = await worldOver(engine, { clock: systemClock, lifetime: 'aal1' })
      return (await openOurs(world)).storage
    },
  }
}

let server: Promise<RedisServer> | null = null
let storages = 0

/** Straight on Redis, as the documentation of better-auth shows it: each method is one command. */
export const NAIVE: StorageUnderTest = {
  name: 'commands of Redis',
  open: async () => {
    server ??= startRedis()
    const { host, port } = await server
    storages += 1
    const redis = new Redis({ host, port, keyPrefix: `naive:${storages}:` })
    onTestFinished(() => redis.disconnect())
    return {
      get: (key) => redis.get(key),
      set: async (key, value, ttl) => {
        if (ttl) await redis.set(key, value, 'EX', ttl)
        else await redis.set(key, value)
      },
      delete: async (key) => void (await redis.del(key)),
      getAndDelete: (key) => redis.getdel(key),
      increment: async (key, ttl) => {
        const count = await redis.incr(key)
        if (count === 1) await redis.expire(key, ttl)
        return count
      },
    }
  },
}

/** A place in a storage at which a call can be made to wait. */
export class Gate {
  readonly storage: BetterAuthStorage
  #trap: { readonly matches: (key: string) => boolean; readonly spring: () => Promise<void> } | null = null

  constructor(storage: BetterAuthStorage) {
    this.storage = {
      ...storage,
      set: async (key, value, ttl) => {
        const trap = this.#trap
        if (trap?.matches(key)) {
          this.#trap = null
          await trap.spring()
        }
        return storage.set(key, value, ttl)
      },
    }
  }

  /** Holds the next `set` of such a key. */
  hold(matches: (key: string) => boolean): { readonly reached: Promise<void>; readonly release: () => void } {
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const reached = new Promise<void>((resolve) => {
      const spring = (): Promise<void> => {
        resolve()
        return released
      }
      this.#trap = { matches, spring }
    })
    return { reached, release: () => release() }
  }
}

/** Whether it is a token of a session. */
export function isToken(key: string): boolean {
  return /^[A-Za-z0-9]{32}$/.test(key)
}

type Options = Parameters<typeof betterAuth>[0]

/** An application with better-auth itself, with its users in memory. */
export class App {
  readonly storage: BetterAuthStorage
  readonly #handle: (request: Request) => Promise<Response>

  constructor(storage: BetterAuthStorage, options: Options = {}) {
    this.storage = storage
    const auth = betterAuth({
      baseURL: ORIGIN,
      secret: SECRET,
      secondaryStorage: storage,
      database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
      // Real hashes take longer than all the rest.
      emailAndPassword: {
        enabled: true,
        password: {
          hash: async (password) => password,
          verify: async ({ hash, password }) => hash === password,
        },
      },
      rateLimit: { enabled: false },
      logger: { disabled: true },
      telemetry: { enabled: false },
      ...options,
    })
    this.#handle = (request) => auth.handler(request)
  }

  async call(
    path: string,
    { body, cookie = '' }: { body?: object; cookie?: string } = {},
  ): Promise<Response> {
    const headers = { origin: ORIGIN, cookie, 'content-type': 'application/json' }
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
    return this.#handle(new Request(`${ORIGIN}/api/auth${path}`, init))
  }

  /** The cookie of a new user. */
  async signUp(email = 'ada@example.com'): Promise<string> {
    return cookieIn(await this.call('/sign-up/email', { body: { email, name: 'Ada', password: PASSWORD } }))
  }

  /** The cookie of a user's new session. */
  async signIn(email = 'ada@example.com'): Promise<string> {
    return cookieIn(await this.signInAnswer(email))
  }

  signInAnswer(email = 'ada@example.com'): Promise<Response> {
    return this.call('/sign-in/email', { body: { email, password: PASSWORD } })
  }

  /** The name of the user, or null for nobody. */
  async who(cookie: string): Promise<string | null> {
    const found = await json(await this.call('/get-session', { cookie }))
    const name = fieldOf(fieldOf(found, 'user'), 'name')
    return typeof name === 'string' ? name : null
  }

  /** The tokens that the user is shown as sessions. */
  async listed(cookie: string): Promise<string[]> {
    const list = await json(await this.call('/list-sessions', { cookie }))
    return Array.isArray(list) ? list.map((session) => String(fieldOf(session, 'token'))) : []
  }
}

/** The token in a cookie, which better-auth has signed. */
export function tokenIn(cookie: string): string {
  return decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1)).split('.')[0] ?? ''
}

function cookieIn(answer: Response): string {
  const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '')
  const found = cookies.find((cookie) => cookie.includes('session_token='))
  if (found === undefined) throw new Error(`no session was begun: ${answer.status}`)
  return found
}

async function json(answer: Response): Promise<unknown> {
  const text = await answer.text()
  return text === '' ? null : JSON.parse(text)
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
