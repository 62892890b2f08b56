import { isDeepStrictEqual } from 'node:util'
import { createSession, type Session as RouterSession } from 'react-router'
import type { Fields } from '../core/foreign-merge.ts'
import {
  type CreateOptions,
  type Issued,
  type RotateOptions,
  SessionError,
  type SessionStore,
} from '../core/index.ts'
import { type Cookie, clearCookie, issueCookie, lineOf } from '../http/cookie.ts'
import { readCookie } from '../http/cookie-header.ts'
import { type CookieOptions, cookieOf } from '../http/cookie-options.ts'
import { checkFields } from '../http/http-options.ts'
import { changesBetween, dataOf, fieldsOf, recipeFor } from './react-router-data.ts'

export interface StorageOptions<Data> {
  readonly cookie?: CookieOptions
  /** As for the middleware; but the host is not told here, so that it must never be true in production. */
  readonly development?: boolean
  /** Whose session it is, by its data. When the answer changes, a new session takes its place. Default: nobody's. */
  readonly userId?: (data: Data) => string | null | undefined
}

/** When the cookie goes. Left out: as `cookie.persistent` says. */
export interface CommitOptions {
  /** In seconds. A session that is stored by this commit ends with its cookie. */
  readonly maxAge?: number
  readonly expires?: Date
}

/** What a request has read, and what has become of it. */
interface Known<Data> {
  base: Fields
  /** Null while it is not stored. */
  issued: Issued<Data> | null
  /** Whether it ended while the request was using it: nothing may take its place. */
  isLost: boolean
  turn: Promise<unknown>
}

/** For a browser no cookie at all: it passes over a line without a name (RFC 6265, section 5.2). */
const NO_COOKIE = ''
const SECOND = 1_000

/** Keeps what React Router calls sessions. */
export class RouterSessions<Data, Flash> {
  readonly #store: SessionStore<Data>
  readonly #cookie: Cookie
  readonly #userId: ((data: Data) => string | null | undefined) | null
  readonly #known = new WeakMap<RouterSession<Data, Flash>, Known<Data>>()

  constructor(store: SessionStore<Data>, options: StorageOptions<Data>) {
    checkFields(options, ['cookie', 'development', 'userId'], 'sessionStorage')
    this.#store = store
    this.#cookie = cookieOf(options.cookie ?? {}, store.policy, options.development === true)
    this.#userId = options.userId ?? null
  }

  /** One that is absent, expired or ended has the id `''`, so that a commit begins anew. */
  async open(header: string | null | undefined): Promise<RouterSession<Data, Flash>> {
    const reading = readCookie(header ?? undefined, this.#cookie.name)
    const token = reading.found === 'one' ? reading.value : ''
    const found = token === '' ? null : await this.#store.read(token)
    const data = found === null ? this.#store.draft() : dataOf(this.#store, fieldsOf(found.data))
    const session = createSession<Data, Flash>(data, found?.id ?? '')
    this.#knownOf(session).issued = found === null ? null : { token, session: found }
    return session
  }

  /** The `Set-Cookie` line. Changes are laid over what is stored by now, field by field. */
  async commit(session: RouterSession<Data, Flash>, options: CommitOptions = {}): Promise<string> {
    // Before anything is awaited: the application may go on changing it.
    const data = fieldsOf(session.data)
    const seconds = this.#secondsOf(options)
    return this.#inTurn(session, async (known) => {
      if (!known.isLost) await this.#keep(known, data, seconds)
      return this.#lineOf(known, seconds)
    })
  }

  /** Ends it, and takes the cookie back. */
  destroy(session: RouterSession<Data, Flash>): Promise<string> {
    return this.#inTurn(session, async (known) => {
      if (known.issued !== null) await this.#store.revoke(known.issued.session, { reason: 'logout' })
      known.isLost = true
      return lineOf(clearCookie(this.#cookie))
    })
  }

  /** A new token for the same session. */
  rotate(session: RouterSession<Data, Flash>, options: RotateOptions = {}): Promise<string> {
    return this.#inTurn(session, async (known) => {
      if (known.issued === null || known.isLost) return NO_COOKIE
      became(known, await this.#store.rotate(known.issued.token, options))
      return this.#lineOf(known, null)
    })
  }

  async #keep(known: Known<Data>, fields: Fields, seconds: number | null): Promise<void> {
    const { issued, base } = known
    const data = dataOf(this.#store, fields)
    const userId = this.#userId === null ? (issued?.session.userId ?? null) : (this.#userId(data) ?? null)
    const create: CreateOptions<Data> = {
      data,
      ...(userId === null ? {} : { userId }),
      ...(seconds === null ? {} : { absolute: seconds * SECOND }),
    }
    if (issued === null) {
      // A visitor who only looks around leaves nothing behind (SECURITY T56).
      if (userId !== null || !isDeepStrictEqual(fields, base)) known.issued = await this.#store.create(create)
    } else if (userId !== issued.session.userId) await this.#replace(known, issued, create)
    else await this.#update(known, issued, fields)
    known.base = fields
  }

  /** Who logs in or out gets a new id and token (SECURITY T37). Nobody becomes a session that has ended. */
  async #replace(known: Known<Data>, { token }: Issued<Data>, create: CreateOptions<Data>): Promise<void> {
    const isLive = create.userId !== undefined || (await this.#store.read(token, { touch: false })) !== null
    became(known, isLive ? await this.#store.create({ ...create, replaces: token }) : null)
  }

  async #update(known: Known<Data>, { token, session }: Issued<Data>, fields: Fields): Promise<void> {
    const changes = changesBetween(known.base, fields)
    if (changes !== null) {
      const updated = await this.#store.update(session, recipeFor(changes))
      became(known, updated === null ? null : { token, session: updated })
    }
    // In its grace an old token is exchanged for its successor (SECURITY T42).
    if (session.superseded && !known.isLost) became(known, await this.#store.rotate(token))
  }

  #lineOf({ issued, isLost }: Known<Data>, seconds: number | null): string {
    if (issued === null || isLost) return NO_COOKIE
    const left = issued.session.absoluteAt - this.#store.clock.now()
    const cookie = issueCookie(this.#cookie, issued.token, left)
    return lineOf(
      seconds === null ? cookie : { ...cookie, maxAge: Math.min(seconds, Math.floor(left / SECOND)) },
    )
  }

  #secondsOf(options: CommitOptions): number | null {
    checkFields(options, ['maxAge', 'expires'], 'commitSession')
    const { maxAge, expires } = options
    if (maxAge === undefined && expires === undefined) return null
    const seconds = maxAge ?? Math.floor((Number(expires) - this.#store.clock.now()) / SECOND)
    if (!(seconds >= 1)) throw refusal('the cookie must have a second or more; destroySession takes it back')
    if (this.#store.policy.persistentCookie) return Math.floor(seconds)
    throw refusal(`a cookie with an age is refused under the lifetime preset '${this.#store.policy.name}'`)
  }

  #knownOf(session: RouterSession<Data, Flash>): Known<Data> {
    const fresh = () => ({
      base: fieldsOf(session.data),
      issued: null,
      isLost: false,
      turn: Promise.resolve(),
    })
    const known = this.#known.get(session) ?? fresh()
    this.#known.set(session, known)
    return known
  }

  /** One after the other, so that two commits of a new session make one record. */
  #inTurn<T>(session: RouterSession<Data, Flash>, run: (known: Known<Data>) => Promise<T>): Promise<T> {
    const known = this.#knownOf(session)
    const result = known.turn.then(() => run(known))
    known.turn = result.catch(() => undefined)
    return result
  }
}

function became<Data>(known: Known<Data>, issued: Issued<Data> | null): void {
  known.issued = issued
  known.isLost = issued === null
}

function refusal(why: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `commitSession: ${why}.`)
}
