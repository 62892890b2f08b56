import { SessionError } from '../core/errors.ts'
import { isJsonObject, type JsonObject, jsonCopy } from '../core/foreign-data.ts'
import { type OldSession, type OldStore, type OldStoreMode, printOf } from '../core/old-store.ts'
import type { Instant } from '../core/port.ts'
import { modeIn } from './mode.ts'

type Called = (error?: unknown, answer?: unknown) => void

/** What is asked of a store of express-session. */
export interface ExpressStoreLike {
  get(id: string, callback: Called): unknown
  set(id: string, session: never, callback: Called): unknown
  destroy(id: string, callback: Called): unknown
  /** Only for `migrate`. */
  readonly all?: ((callback: Called) => unknown) | undefined
}

/**
 * Sessions of any store of express-session, such as memorystore. What lives in the memory of a process is gone when
 * that ends: fetch it before.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function expressStore(
  store: ExpressStoreLike,
  options: { readonly mode?: OldStoreMode } = {},
): OldStore {
  const mode = modeIn(options)
  return {
    mode,
    read: async (id, now) => sessionOf(await called((done) => store.get(id, done)), now),
    remove: async (id) => void (await called((done) => store.destroy(id, done))),
    encode: (data) => JSON.stringify(data),
    write: async (id, text) => {
      // `never`, because each store declares a type of its own for what all of them take.
      const set: unknown = Reflect.get(store, 'set')
      if (typeof set !== 'function') throw new SessionError('INVALID_ARGUMENT', 'The store has no set.')
      await called((done) => Reflect.apply(set, store, [id, revived(text), done]))
    },
    page: async () => {
      const all = await called((done) => {
        if (store.all === undefined) throw new SessionError('INVALID_ARGUMENT', 'The store has no all.')
        return store.all(done)
      })
      return { ids: idsIn(all), next: null, done: 1 }
    },
  }
}

function called(ask: (done: Called) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    ask((error, answer) => (error ? reject(error) : resolve(answer)))
  })
}

function sessionOf(session: unknown, now: Instant): OldSession | 'unreadable' | null {
  if (session === null || session === undefined) return null
  const data = copyOf(session)
  if (data === null) return 'unreadable'
  const expiresAt = expiryIn(data)
  if (expiresAt !== null && expiresAt <= now) return null
  return { data, expiresAt, print: printOf(JSON.stringify(data)) }
}

function copyOf(session: unknown): JsonObject | null {
  try {
    return jsonCopy(session)
  } catch {
    return null
  }
}

function expiryIn({ cookie }: JsonObject): Instant | null {
  const { expires = null } = isJsonObject(cookie) ? cookie : {}
  const at = typeof expires === 'string' ? Date.parse(expires) : Number.NaN
  return Number.isNaN(at) ? null : at
}

/** Stores that compare dates ask for a date. */
function revived(text: string): unknown {
  return JSON.parse(text, (key: string, value: unknown) =>
    key === 'expires' && typeof value === 'string' ? new Date(value) : value,
  )
}

/** Some stores give an object by id, others a list of sessions with an id. */
function idsIn(all: unknown): string[] {
  if (Array.isArray(all)) return all.flatMap(idOf)
  return typeof all === 'object' && all !== null ? Object.keys(all) : []
}

function idOf(session: unknown): string[] {
  const id: unknown = typeof session === 'object' && session !== null ? Reflect.get(session, 'id') : null
  return typeof id === 'string' ? [id] : []
}
