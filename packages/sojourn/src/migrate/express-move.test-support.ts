import { createClient } from 'redis'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { onTestFinished } from 'vitest'
import { type ExpressStore, RedisStore, session } from '../compat/express-module.test-support.ts'
import { expressSessionStore } from '../compat/express-session.ts'
import { type ExpressSite, expressSite } from '../compat/express-site.test-support.ts'
import { userIn } from '../compat/express-world.test-support.ts'
import { dataOf, type Site } from '../compat/site.test-support.ts'
import { createSessionStore } from '../core/create-session-store.ts'
import type { EngineUnderTest, Storage } from '../core/engines.test-support.ts'
import type { OldStore, OldStoreMode } from '../core/old-store.ts'
import type { SessionStore } from '../core/session-store.ts'
import { freshPrefix } from '../engines/redis/redis.test-support.ts'
import type { Browser } from '../http/client.test-support.ts'
import { connectRedis } from './connect-redis.ts'

export const HOUR = 3_600_000

/** Of this process, started when the first test asks for it. It ends with the process. */
let server: Promise<RedisServer> | null = null

export type OldClient = Awaited<ReturnType<typeof openClient>>

/** The server of all old stores of this process. */
export function oldServer(): Promise<RedisServer> {
  server ??= startRedis()
  return server
}

async function openClient() {
  const { host, port } = await oldServer()
  const client = createClient({ socket: { host, port } })
  await client.connect()
  onTestFinished(() => client.destroy())
  return client
}

/** One old Redis database under a prefix of its own, and a storage of ours. */
export class Moving {
  readonly client: OldClient
  readonly prefix: string
  readonly #storage: Storage

  static async over(engine: EngineUnderTest): Promise<Moving> {
    const storage = await engine.prepare()
    onTestFinished(() => storage.dispose())
    return new Moving(await openClient(), storage)
  }

  constructor(client: OldClient, storage: Storage) {
    this.client = client
    this.prefix = `${freshPrefix()}:`
    this.#storage = storage
  }

  /** The old store itself. */
  oldStore(): ExpressStore {
    return new RedisStore({ client: this.client, prefix: this.prefix })
  }

  oldSite(options: object = {}): Promise<ExpressSite> {
    return expressSite(this.oldStore(), { cookie: { maxAge: HOUR }, rolling: false, ...options })
  }

  reader(mode: OldStoreMode = 'move'): OldStore {
    return connectRedis({ client: this.client, prefix: this.prefix, mode })
  }

  async newStore(migrateFrom: OldStore): Promise<{ store: ExpressStore; sessions: SessionStore<Data> }> {
    const sessions = await createSessionStore<Data>({ sweep: false, engine: await this.#storage.open() })
    onTestFinished(() => sessions.close())
    const store = expressSessionStore(session.Store, sessions, { userId: userIn, migrateFrom })
    return { store, sessions }
  }

  async newSite(migrateFrom: OldStore = this.reader(), options: object = {}) {
    const { store, sessions } = await this.newStore(migrateFrom)
    const site = await expressSite(store, { cookie: { maxAge: HOUR }, rolling: false, ...options })
    return { ...site, store, sessions }
  }

  /** The old keys that are there. */
  async keys(): Promise<string[]> {
    return this.client.keys(`${this.prefix}*`)
  }
}

type Data = Record<string, unknown>

/** An old store that tells which ids it was asked for. */
export function listening(store: OldStore): { readonly line: OldStore; readonly asked: readonly string[] } {
  const asked: string[] = []
  const read: OldStore['read'] = (id, now) => {
    asked.push(id)
    return store.read(id, now)
  }
  return { line: { ...store, read }, asked }
}

/** The same person at another application of the same host: a browser does not tell ports apart. */
export function takeTo(site: Site, from: Browser): Browser {
  const browser = site.browser()
  for (const [name, value] of from.cookies) browser.cookies.set(name, value)
  return browser
}

/** What the session of a browser holds, without its cookie. */
export async function shown(browser: Browser): Promise<Data> {
  const { cookie: _cookie, ...data } = dataOf((await browser.get('/data')).body)
  return data
}

/** The id in the cookie of express-session. */
export function idIn(browser: Browser): string {
  const [, id = ''] = /^s%3A([^.]+)\./.exec(browser.cookies.get('connect.sid') ?? '') ?? []
  return id
}
