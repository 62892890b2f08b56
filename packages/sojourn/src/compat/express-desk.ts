import { AsyncLocalStorage } from 'node:async_hooks'
import { jsonCopy } from '../core/foreign-data.ts'
import type { ForeignSessions } from '../core/foreign-sessions.ts'
import { type CookieTimes, dressed, stripped, usedBy } from './express-cookie.ts'
import { Views } from './views.ts'

/** A session as express-session hands it over. */
export interface ExpressSession {
  readonly cookie?: CookieTimes | null
}

type Data = Record<string, unknown>

/**
 * What express-session asks of a store, as promises. A write is a change to what its request has read: which that is
 * is known by the object that the request got (CONTRACTS, section 1.1).
 */
export class ExpressDesk<StoreData> {
  readonly #foreign: ForeignSessions<StoreData>
  readonly #views = new Views()
  /** The id whose read has failed, for what follows from that in the same request. */
  readonly #failed = new AsyncLocalStorage<string>()

  constructor(foreign: ForeignSessions<StoreData>) {
    this.#foreign = foreign
  }

  async get(id: string): Promise<Data | null> {
    const found = await this.#foreign.read(id)
    if (found === null) return null
    const session = dressed(found.data, found)
    this.#views.note(session, found.view)
    return session
  }

  /** Has a session be known as what was made of data that was read. */
  adopt(session: object, data: object): void {
    const view = this.#views.find(data)
    if (view !== null) this.#views.note(session, view)
  }

  /** Refused or not, the middleware is told that it is done. */
  async set(id: string, session: ExpressSession): Promise<void> {
    const json = jsonCopy(session)
    const use = usedBy(cookieOf(json))
    await this.#foreign.write(id, { data: stripped(json), use, view: this.#views.of(session) })
  }

  /** Only the cookie of the session is looked at: its data may be older than what is stored. */
  async touch(id: string, session: ExpressSession): Promise<void> {
    await this.#foreign.touch(id, {
      use: usedBy(session.cookie ?? {}),
      view: this.#views.find(session),
    })
  }

  /** Takes an id of the middleware's, or a handle of `all`; never the public id of a session, which is no secret. */
  async destroy(id: string): Promise<void> {
    // With `unset: 'destroy'` the middleware would end a session because it could not be read.
    if (this.#failed.getStore() === id) return
    if (!(await this.#foreign.revoke(id))) await this.#foreign.revokeHandle(id)
  }

  /** By handle: what opens a session is stored as a hash only, and the public ids of sessions may be known to others. */
  async all(): Promise<Record<string, Data>> {
    const found: Record<string, Data> = {}
    for await (const page of this.#foreign.all()) {
      for (const entry of page) found[entry.handle] = dressed(entry.data, entry)
    }
    return found
  }

  length(): Promise<number> {
    return this.#foreign.count()
  }

  async clear(): Promise<void> {
    await this.#foreign.clear()
  }

  /** Runs what follows from a read that failed. */
  afterFailure(id: string, follow: () => void): void {
    this.#failed.run(id, follow)
  }
}

function cookieOf({ cookie }: Data): CookieTimes {
  return typeof cookie === 'object' && cookie !== null ? cookie : {}
}
