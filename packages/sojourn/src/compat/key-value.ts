import type { Activity } from '../core/activity.ts'
import { SessionError } from '../core/errors.ts'
import { jsonCopy } from '../core/foreign-data.ts'
import { FOREIGN_ID_LENGTH } from '../core/foreign-link.ts'
import type { ForeignOptions } from '../core/foreign-options.ts'
import type { ForeignSession, ForeignSessions } from '../core/foreign-sessions.ts'
import { type Milliseconds, NEVER } from '../core/port.ts'
import type { SessionStore } from '../core/session-store.ts'

/** At the end of a key, because drivers put the base in front of it. */
const HANDLE = /(?:^|:)(~[A-Za-z0-9_-]{28})$/
/** Keys that end so hold what unstorage says of others. */
const META = '$'

/** A value that a walk came by: its key is hashed, so that only a handle can be told (CONTRACTS L15). */
interface KeptValue {
  readonly handle: string
  readonly value: unknown
  readonly isMeta: boolean
}

/** Values under keys of the application's own, each stored as a session is. */
export class KeyValue<Data> {
  readonly #sessions: SessionStore<Data>
  readonly #foreign: ForeignSessions<Data>

  /** @throws SessionError `INVALID_ARGUMENT` */
  constructor(sessions: SessionStore<Data>, options: ForeignOptions) {
    this.#sessions = sessions
    this.#foreign = sessions.foreign(options)
  }

  /** Undefined when absent. */
  async get(key: string): Promise<unknown> {
    return valueIn(await this.#foreign.read(key))
  }

  async has(key: string): Promise<boolean> {
    return (await this.#foreign.read(key)) !== null
  }

  /** The same as `get`, and counts as use, for the idle timeout of the store. */
  async use(key: string): Promise<unknown> {
    const found = await this.#foreign.read(key)
    if (found !== null) await this.#foreign.touch(key, { use: null, view: found.view })
    return valueIn(found)
  }

  /**
   * Stores a value whole; null counts as use now, for the idle timeout of the store.
   * @throws SessionError `DATA_REFUSED`, `DATA_TOO_LARGE`, `CONFLICT`
   */
  async set(key: string, value: unknown, use: Activity | null): Promise<void> {
    const data = jsonCopy({ value, ...this.#placeOf(key) })
    await this.#foreign.write(key, { data, use, view: null })
  }

  /** Takes a key, or a handle of `pages`, also behind a base. True only for the call that removed it. */
  async remove(key: string): Promise<boolean> {
    if (await this.#foreign.revoke(key)) return true
    const [, handle] = HANDLE.exec(key) ?? []
    return handle !== undefined && this.#foreign.revokeHandle(handle)
  }

  /** All that is stored under a base, such as `users:`; everything without one. Goes through the whole store. */
  async *pages(base: string): AsyncGenerator<readonly KeptValue[], void, undefined> {
    for await (const page of this.#under(base)) {
      yield page.map(({ handle, data: { value, meta } }) => ({ handle, value, isMeta: meta === true }))
    }
  }

  /** Removes all that is stored under a base; everything without one. Goes through the whole store. */
  async clear(base: string): Promise<void> {
    if (base === '') return void (await this.#foreign.clear())
    for await (const page of this.#under(base)) {
      await Promise.all(page.map(({ handle }) => this.#foreign.revokeHandle(handle)))
    }
  }

  /** From now on for so long; null for as long as the store lets anything live. */
  lasting(ms: Milliseconds | null): Activity {
    const seenAt = this.#sessions.clock.now()
    return { seenAt, expiresAt: ms === null ? NEVER : Math.min(NEVER, Math.round(seenAt + ms)) }
  }

  async *#under(base: string) {
    const mark = base === '' ? null : this.#foreign.mark(base)
    for await (const page of this.#foreign.all()) {
      yield page.filter(
        ({ data: { under } }) => mark === null || (Array.isArray(under) && under.includes(mark)),
      )
    }
  }

  /** A hashed key tells no base: marks of all that it lies under do. */
  #placeOf(key: string): { readonly under?: readonly string[]; readonly meta?: true } {
    // It is refused anyway, and hashing all its bases would take long.
    if (String(key).length > FOREIGN_ID_LENGTH) return {}
    const bases = [...String(key).matchAll(/:/g)].map(({ index }) => key.slice(0, index + 1))
    return {
      ...(bases.length === 0 ? {} : { under: bases.map((base) => this.#foreign.mark(base)) }),
      ...(String(key).endsWith(META) ? { meta: true } : {}),
    }
  }
}

function valueIn(found: ForeignSession | null): unknown {
  const { value } = found?.data ?? {}
  return value
}

/** How long to live, in milliseconds, from what a driver is told in another unit; null for nothing or 0, which mean for ever. */
export function ttlOf(ttl: unknown, unit: Milliseconds): Milliseconds | null {
  if (ttl === undefined || ttl === null || ttl === 0) return null
  if (typeof ttl === 'number' && Number.isFinite(ttl)) return ttl * unit
  throw new SessionError('INVALID_ARGUMENT', 'ttl must be a number.')
}

/** @throws SessionError `INVALID_ARGUMENT` when there is anything left of the options */
export function refuseOthers(others: object): void {
  const [unknown] = Object.keys(others)
  if (unknown === undefined) return
  throw new SessionError('INVALID_ARGUMENT', `There is no option ${JSON.stringify(unknown)}.`)
}
