import { SessionError } from '../core/errors.ts'
import { isJsonObject, jsonCopy } from '../core/foreign-data.ts'
import type { ForeignSessions } from '../core/foreign-sessions.ts'
import type { ForeignView } from '../core/foreign-view.ts'
import type { OldForm } from '../core/old-store.ts'
import { usedBy } from './express-cookie.ts'
import { dressed, marked, Read, readOf, stripped } from './fastify-cookie.ts'
import { usedUntil } from './old-forms.ts'
import { Views } from './views.ts'

/**
 * What @fastify/session asks of a store, as promises. A write is a change to what its request has read. The plugin makes
 * an object of its own of what it gets, and of all that is no data only the options of the cookie go along into it; so
 * they tell what was read, whatever happens to the context of the request in between (CONTRACTS, section 1.2).
 */
export class FastifyDesk<StoreData> {
  readonly #foreign: ForeignSessions<StoreData>
  readonly #views = new Views()

  constructor(foreign: ForeignSessions<StoreData>) {
    this.#foreign = foreign
  }

  /** Null when absent. */
  async get(id: string): Promise<object | null> {
    const found = await this.#foreign.read(id)
    if (found === null) return null
    const { data, seenAt, expiresAt, view } = found
    const { cookie, ...fields } = data
    return { ...fields, cookie: marked(dressed(cookie, expiresAt), new Read(id, view, seenAt)) }
  }

  /**
   * What `reload` makes an empty session of, under the same id, when its read has failed: saved, that would empty the
   * one which is stored.
   */
  unread(id: string, error: unknown): object {
    const why = error instanceof Error ? error : new SessionError('ENGINE_UNAVAILABLE')
    return { cookie: marked({}, new Read(id, why)) }
  }

  /** Refused or not, the plugin is told that it is done. */
  async set(id: string, session: object): Promise<void> {
    refuseMethods(session)
    // The plugin keeps its own things under symbols.
    const { cookie, ...fields } = jsonCopy(Object.fromEntries(Object.entries(session)))
    const times = isJsonObject(cookie) ? cookie : {}
    const read = readOf(session)
    const use = usedBy(times)
    await this.#foreign.write(id, {
      data: { ...fields, cookie: stripped(times) },
      use: use && (read?.counted(use) ?? use),
      view: this.#viewOf(id, session, read),
    })
  }

  async destroy(id: string): Promise<void> {
    await this.#foreign.revoke(id)
  }

  #viewOf(id: string, session: object, read: Read | null): ForeignView {
    return read?.viewOf(id) ?? this.#views.of(session)
  }
}

/** Sessions as @fastify/session writes them into any store. */
export const FASTIFY_FORM: OldForm = {
  adopt: (_id, { data: { cookie, ...fields }, expiresAt }) => {
    if (!isJsonObject(cookie)) return null
    return { data: { ...fields, cookie: stripped(cookie) }, use: usedUntil(cookie, expiresAt) }
  },
  restore: (_id, { cookie, ...fields }, { expiresAt }) => ({ ...fields, cookie: dressed(cookie, expiresAt) }),
}

/** Loaded again, a field of such a name would hide the method, and each request of this session would fail. */
function refuseMethods(session: object): void {
  const methods: unknown = Object.getPrototypeOf(session)
  if (typeof methods !== 'object' || methods === null) return
  const hiding = Object.keys(session).find((key) => typeof Reflect.get(methods, key, session) === 'function')
  if (hiding === undefined) return
  throw new SessionError('DATA_REFUSED', `data.${hiding} has the name of a method of the session.`)
}
