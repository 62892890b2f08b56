import type { Activity } from '../core/activity.ts'
import { isPlainObject, type JsonObject } from '../core/foreign-data.ts'
import type { ForeignView } from '../core/foreign-view.ts'
import { usedBy } from './express-cookie.ts'

/** Later than any clock: counts as of now. */
const NOW = Number.MAX_SAFE_INTEGER

/** Where a cookie that is handed over tells what its session was read from. */
const READ = Symbol('sojourn.read')

/** What a read of a session came to. */
export class Read {
  readonly #id: string
  readonly #seenAt: number
  readonly #outcome: ForeignView | Error

  constructor(id: string, outcome: ForeignView | Error, seenAt = NOW) {
    this.#id = id
    this.#seenAt = seenAt
    this.#outcome = outcome
  }

  /** Null when it was a read of another id; throws what it failed with. */
  viewOf(id: string): ForeignView | null {
    if (this.#id !== id) return null
    if (this.#outcome instanceof Error) throw this.#outcome
    return this.#outcome
  }

  /**
   * The plugin counts the date of a cookie from when it was read. One that is earlier was set by the application, and
   * holds from now on.
   */
  counted(use: Activity): Activity {
    return use.seenAt < this.#seenAt ? { ...use, seenAt: NOW } : use
  }
}

/** A cookie as it is stored: without its dates, which are the record's (CONTRACTS L5). */
export function stripped({ expires, originalExpires, ...attributes }: JsonObject): JsonObject {
  // Without a date it says so, because any other session gets one.
  return usedBy({ expires }) === null ? { ...attributes, expires: null } : attributes
}

/** The same as the plugin takes it. */
export function dressed(stored: unknown, expiresAt: number): object {
  const cookie = isPlainObject(stored) ? stored : { expires: null, originalMaxAge: null }
  return 'expires' in cookie ? cookie : { ...cookie, expires: new Date(expiresAt) }
}

/** A cookie that takes along what its session was read from. */
export function marked(cookie: object, read: Read): object {
  return { ...cookie, [READ]: read }
}

/** What a session was read from: the plugin keeps the options of its cookie under a symbol of its own. */
export function readOf(session: object): Read | null {
  for (const key of Object.getOwnPropertySymbols(session)) {
    const options: unknown = Reflect.get(session, key)
    const read: unknown = typeof options === 'object' && options !== null && Reflect.get(options, READ)
    if (read instanceof Read) return read
  }
  return null
}
