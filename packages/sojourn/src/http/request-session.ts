import {
  type CreateOptions,
  type Duration,
  type ReadonlyData,
  type ReauthenticateOptions,
  type Recipe,
  type RotateOptions,
  type Session,
  SessionError,
  type SessionId,
  type SessionInfo,
} from '../core/index.ts'
import { parseDuration } from '../core/lifetime.ts'
import type { Exchange } from './exchange.ts'
import { firstData } from './first-data.ts'
import { tell } from './http-events.ts'
import { checkFields } from './http-options.ts'

export type LoginOptions<Data> = Pick<CreateOptions<Data>, 'data' | 'carry' | 'device' | 'assurance'>
export type BeginOptions<Data> = Pick<CreateOptions<Data>, 'data' | 'carry' | 'device' | 'absolute'>

/** One of the user's sessions, for the user's own eyes. */
export type OwnSession = SessionInfo & {
  /** Whether it is the one that this request belongs to. */
  readonly current: boolean
}

const LOGIN_FIELDS = ['data', 'carry', 'device', 'assurance']
const BEGIN_FIELDS = ['data', 'carry', 'device', 'absolute']
/** How long a log-in may stay half finished (SECURITY T57). */
const UNFINISHED_LIMIT = '10m'

/**
 * The session of one request. What reads it is synchronous, because it was read before the handler ran; what
 * changes it is awaited, and the cookie follows by itself. Reading throws, and changing rejects with, the
 * error that kept the session from being read, such as `ENGINE_UNAVAILABLE`.
 *
 * Changes reject with `HEADERS_SENT` when a cookie must be set and the answer has begun, and with
 * `INVALID_ARGUMENT` in a GET or HEAD request; nothing is stored then.
 */
export class RequestSession<Data> {
  readonly #exchange: Exchange<Data>
  #blank: ReadonlyData<Data> | null = null

  constructor(exchange: Exchange<Data>) {
    this.#exchange = exchange
  }

  /** The live session with all that is known of it; null when there is none. Holds no token. */
  get current(): Session<Data> | null {
    return this.#exchange.session
  }

  /** The session's data; without a session what `initial` says. Read-only: change it with `update`. */
  get data(): ReadonlyData<Data> {
    const { session, parts } = this.#exchange
    if (session !== null) return session.data
    this.#blank ??= parts.store.blank()
    return this.#blank
  }

  /** The public id; null without a session. */
  get id(): SessionId | null {
    return this.#exchange.session?.id ?? null
  }

  /** Who is logged in; null for nobody. */
  get userId(): string | null {
    return this.#exchange.session?.userId ?? null
  }

  /**
   * Logs a user in: a new session with a new id and token is stored, the one before ends at once, and only
   * the fields named in `carry` move (SECURITY T37, T38). Resolves with the token when it travels as bearer,
   * with null when a cookie carries it.
   * @throws SessionError `USER_LIMIT_REACHED`, `SCHEMA_REFUSED`, `DATA_REFUSED`, `DATA_TOO_LARGE`
   */
  async login(userId: string, options: LoginOptions<Data> = {}): Promise<string | null> {
    checkFields(options, LOGIN_FIELDS, 'login')
    if (typeof userId !== 'string') throw new SessionError('INVALID_ARGUMENT', 'login needs a user id.')
    return this.#exchange.change(always, () => this.#replace({ ...options, userId }))
  }

  /**
   * Begins a log-in that is not finished, such as one that waits for a second factor: an anonymous session,
   * in place of the one before, for at most 10 minutes (SECURITY T57). Resolves like `login`.
   * @throws SessionError `ANONYMOUS_LIMIT`, and for the data as `login` does
   */
  async begin(options: BeginOptions<Data> = {}): Promise<string | null> {
    checkFields(options, BEGIN_FIELDS, 'begin')
    const { absolute = UNFINISHED_LIMIT } = options
    if (parseDuration(absolute, 'begin: absolute') > parseDuration(UNFINISHED_LIMIT, '')) {
      throw new SessionError('INVALID_ARGUMENT', `begin: absolute must be at most ${UNFINISHED_LIMIT}.`)
    }
    return this.#exchange.change(always, () => {
      this.#countAnonymous()
      return this.#replace({ ...options, absolute })
    })
  }

  /**
   * Changes the data. Without a session the first change creates an anonymous one. False when the session
   * has ended meanwhile and the change was not stored.
   * @throws SessionError `CONFLICT`, `ANONYMOUS_LIMIT`, and for the data as `login` does; and whatever the
   * recipe throws
   */
  update(recipe: Recipe<Data>): Promise<boolean> {
    const exchange = this.#exchange
    return exchange.change(
      () => exchange.session === null && !exchange.isLost,
      async () => {
        if (exchange.isLost) return false
        if (exchange.session === null) return this.#createWith(recipe)
        exchange.became(await exchange.parts.store.update(exchange.session, recipe))
        return exchange.session !== null
      },
    )
  }

  /** Counts now as activity, such as "I am still there". False when there is no session, or it has ended. */
  touch(): Promise<boolean> {
    return this.#exchange.change(never, async () => {
      const { session, parts } = this.#exchange
      return session !== null && parts.store.touch(session)
    })
  }

  /**
   * A new token for the same session. With `grace: false` the old one is dead at once: use that whenever
   * rights change (SECURITY T39). Resolves like `login`; with null also when there is no session.
   */
  rotate(options: RotateOptions = {}): Promise<string | null> {
    return this.#exchange.change(always, async () => {
      const { token, isReissued, parts } = this.#exchange
      // Many requests that rotate one token at a time must end with one successor (SECURITY T44).
      if (token === null || (isReissued && options.grace !== false)) return null
      const issued = await parts.store.rotate(token, options)
      if (issued !== null) return this.#exchange.renew(issued)
      this.#exchange.became(null)
      return null
    })
  }

  /**
   * The user has proved again to be there: a new token, the old one dead at once, both deadlines reset
   * (SECURITY T40). Resolves like `login`.
   * @throws SessionError `USER_MISMATCH` for another user; `REAUTHENTICATION_REQUIRED` without a session
   */
  reauthenticate(options: ReauthenticateOptions): Promise<string | null> {
    return this.#exchange.change(always, async () => {
      const { token, parts } = this.#exchange
      const issued = token === null ? null : await parts.store.reauthenticate(token, options)
      if (issued !== null) return this.#exchange.renew(issued)
      this.#exchange.became(null)
      throw new SessionError('REAUTHENTICATION_REQUIRED')
    })
  }

  /** Logs out: ends the session for good and takes the cookie back. Without a session nothing is stored. */
  logout(): Promise<void> {
    return this.#exchange.change(
      () => this.#exchange.clientHasCookie,
      async () => void (await this.#end('logout')),
    )
  }

  /** The user's live sessions, the oldest first, 100 a page; none without a user. */
  async list(options: { readonly after?: SessionId } = {}): Promise<OwnSession[]> {
    const { id, userId } = this
    if (userId === null) return []
    const sessions = await this.#exchange.parts.store.list({ ...options, userId })
    return sessions.map((info) => ({ ...info, current: info.id === id }))
  }

  /** Ends one of the user's own sessions; false when it is not the user's or has ended before. */
  revoke(id: SessionId): Promise<boolean> {
    return this.#exchange.change(
      () => id === this.id && this.#exchange.clientHasCookie,
      async () => {
        const { userId } = this
        if (userId === null) return false
        if (id === this.id) return this.#end('revoked')
        return this.#exchange.parts.store.revoke({ id, userId }, { reason: 'revoked' })
      },
    )
  }

  /** Ends all of the user's sessions but this one, at once; their ids. */
  revokeOthers(): Promise<readonly SessionId[]> {
    return this.#exchange.change(never, async () => {
      const { id, userId } = this
      if (id === null || userId === null) return []
      return this.#exchange.parts.store.revokeUser(userId, { except: id, reason: 'revoked' })
    })
  }

  /** A value for the forms of this session's pages, masked anew each time; null without a session. */
  csrfToken(): string | null {
    const { token, parts } = this.#exchange
    return token === null ? null : parts.store.csrfToken(token)
  }

  /**
   * Goes on only if `submitted`, from a form field or a header, is a CSRF token of this session.
   * @throws SessionError `ORIGIN_REFUSED`
   */
  requireCsrf(submitted: unknown): void {
    const { session, token, parts } = this.#exchange
    if (session !== null && token !== null && parts.store.verifyCsrf(session, token, submitted)) return
    tell(parts.config.listener, {
      name: 'malicious_csrf',
      method: parts.request.method,
      check: 'token',
    })
    throw new SessionError('ORIGIN_REFUSED')
  }

  /**
   * Goes on only if the user logged in, or was authenticated again, within this time (SECURITY T55).
   * @throws SessionError `REAUTHENTICATION_REQUIRED`
   */
  requireRecentAuth(within: Duration): void {
    if (!this.hasRecentAuth(within)) throw new SessionError('REAUTHENTICATION_REQUIRED')
  }

  /** Whether the user logged in, or was authenticated again, within this time: to ask before it is needed. */
  hasRecentAuth(within: Duration): boolean {
    const limit = parseDuration(within, 'within')
    const at = this.#exchange.session?.authenticatedAt ?? null
    return at !== null && this.#exchange.parts.store.clock.now() - at <= limit
  }

  async #replace(options: CreateOptions<Data>): Promise<string | null> {
    const { token, parts } = this.#exchange
    // By token, so that what is carried is read anew: checking a password takes long enough for a cart to grow.
    const replaces = token === null ? {} : { replaces: token }
    return this.#exchange.begin(await parts.store.create({ ...options, ...replaces }))
  }

  async #createWith(recipe: Recipe<Data>): Promise<boolean> {
    const { store } = this.#exchange.parts
    const data = firstData(store, recipe)
    if (data === null) return true
    this.#countAnonymous()
    await this.#exchange.begin(await store.create({ data }))
    return true
  }

  #countAnonymous(): void {
    const { config, address } = this.#exchange.parts
    config.anonymous.take(address())
  }

  async #end(reason: 'logout' | 'revoked'): Promise<boolean> {
    const { session, parts } = this.#exchange
    const ended = session !== null && (await parts.store.revoke(session, { reason }))
    this.#exchange.forget()
    return ended
  }
}

const always = (): boolean => true
const never = (): boolean => false
