import { type Issued, type Session, SessionError, type SessionStore } from '../core/index.ts'
import { clearCookie, issueCookie, type OldCookie, type SetCookie } from './cookie.ts'
import { allowsCookie, type Credential } from './credential.ts'
import type { HttpConfig } from './http-options.ts'
import type { Incoming } from './incoming.ts'
import { isUnsafe } from './origin-check.ts'
import type { ResponseHead } from './response-head.ts'

const NOTHING_BEFORE = Promise.resolve()

/** One request, what it presented, and what it is answered with. */
export interface ExchangeParts<Data> {
  readonly store: SessionStore<Data>
  readonly config: Pick<HttpConfig, 'cookie' | 'development' | 'anonymous' | 'listener'>
  readonly request: Incoming
  readonly head: ResponseHead
  readonly credential: Credential
  /** Whether a request of a safe method may change the session all the same. */
  readonly writesOnGet: () => boolean
  /** The client's address. */
  readonly address: () => string | undefined
  /** Cookies of before sojourn that the client still holds. */
  readonly oldCookies: readonly OldCookie[]
}

/** What the session of a request turned out to be before its handler ran. */
export type Opened<Data> =
  | { readonly token: string | null; readonly session: Session<Data> | null }
  /** It could not be read. Only a handler that asks for it hears of that (SECURITY T75). */
  | { readonly failure: unknown }

/** The session of one request while it is answered: which one it is, and what the client must be told. */
export class Exchange<Data> {
  readonly parts: ExchangeParts<Data>
  #opened: Opened<Data>
  #clientHasCookie: boolean
  #isLost = false
  #reissued: string | null = null
  #turn: Promise<unknown> = NOTHING_BEFORE

  constructor(parts: ExchangeParts<Data>, opened: Opened<Data>) {
    this.parts = parts
    this.#opened = opened
    this.#clientHasCookie = parts.credential.hasCookie
  }

  /**
   * The live session; null when there is none. Looking is enough to make the answer private.
   * @throws what made it impossible to read it
   */
  get session(): Session<Data> | null {
    return this.#found().session
  }

  /** The token that goes with the session; null when there is none. */
  get token(): string | null {
    return this.#found().token
  }

  /** Whether the session ended elsewhere while this request was using it: nothing may take its place. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** Whether the client just got this token in place of an old one: a rotation that need not be repeated. */
  get isReissued(): boolean {
    return this.token !== null && this.token === this.#reissued
  }

  /** Whether the client holds our cookie, so that a log-out must take it back. */
  get clientHasCookie(): boolean {
    return this.#clientHasCookie
  }

  /**
   * Runs the changes of one request one after the other, so that two of them never each create a session.
   * Refused before anything is stored: a change in a safe method (SECURITY T33), and one that sets a cookie
   * when the head is gone (T21) or in a place where our cookie must not be (T16).
   * @throws SessionError `INVALID_ARGUMENT`, `HEADERS_SENT`
   */
  change<T>(setsCookie: () => boolean, run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => {
      this.#found()
      this.#refuseSafeMethod()
      if (this.#isCookieBorne && setsCookie()) this.#refuseWithoutCookie()
      return this.#watched(run)
    })
    this.#turn = result.catch(() => undefined)
    return result
  }

  /**
   * Goes on with a new session. Resolves with its token when the client gets it in a body, else with null.
   * @throws SessionError `HEADERS_SENT` when the answer began meanwhile; the session is ended then
   */
  async begin(issued: Issued<Data>): Promise<string | null> {
    if (this.#deliver(issued)) return this.#isCookieBorne ? null : issued.token
    // Nobody will ever hold this token, so its session must not stay.
    this.#opened = { token: null, session: null }
    await this.parts.store.revoke(issued.session, { reason: 'revoked' })
    throw new SessionError('HEADERS_SENT', 'Await the change before you answer. The new session was ended.')
  }

  /**
   * Goes on with a new token of the same session. Returns what `begin` resolves with.
   * @throws SessionError `HEADERS_SENT` when the answer began meanwhile; the client keeps its old token then
   */
  renew(issued: Issued<Data>): string | null {
    if (this.#deliver(issued)) return this.#isCookieBorne ? null : issued.token
    throw new SessionError('HEADERS_SENT', 'Await the change before you answer. The new token is lost.')
  }

  /** Hands a client that still uses an old token the new one; skipped when the answer has begun (T44). */
  reissue(issued: Issued<Data>): void {
    if (this.#deliver(issued)) this.#reissued = issued.token
  }

  /** Goes on with the same session as it is now; null when it has ended. */
  became(session: Session<Data> | null): void {
    const { token } = this.#found()
    this.#opened = { token: session === null ? null : token, session }
    this.#isLost = session === null
  }

  /** Goes on without a session, and takes the cookie back from a client that has one. */
  forget(): void {
    this.#opened = { token: null, session: null }
    if (!this.#clientHasCookie || this.parts.head.isSent) return
    this.#setCookie(clearCookie(this.parts.config.cookie))
    this.#clientHasCookie = false
  }

  #setCookie(cookie: SetCookie): void {
    const { head, oldCookies } = this.parts
    head.setCookie(oldCookies.length === 0 ? cookie : { ...cookie, takenBack: oldCookies })
  }

  get #isCookieBorne(): boolean {
    return this.parts.credential.via === 'cookie'
  }

  #found(): { readonly token: string | null; readonly session: Session<Data> | null } {
    this.parts.head.look()
    if (!('failure' in this.#opened)) return this.#opened
    this.parts.head.fail()
    throw this.#opened.failure
  }

  async #watched<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      this.parts.head.fail()
      throw error
    }
  }

  /** False when the cookie cannot be set any more. */
  #deliver({ token, session }: Issued<Data>): boolean {
    const { head, config, store } = this.parts
    if (this.#isCookieBorne) {
      if (head.isSent) return false
      this.#setCookie(issueCookie(config.cookie, token, session.absoluteAt - store.clock.now()))
      this.#clientHasCookie = true
    }
    this.#opened = { token, session }
    this.#isLost = false
    return true
  }

  #refuseSafeMethod(): void {
    const { method } = this.parts.request
    if (isUnsafe(method) || this.parts.writesOnGet()) return
    throw new SessionError(
      'INVALID_ARGUMENT',
      `A ${method} request must not change a session: any page can make a browser send one. Use POST, or allow it with writeOnGet.`,
    )
  }

  #refuseWithoutCookie(): void {
    const { request, config, head } = this.parts
    if (head.isSent) throw new SessionError('HEADERS_SENT')
    if (allowsCookie(request, config)) return
    throw new SessionError(
      'INVALID_ARGUMENT',
      'In development mode sessions work only over http://localhost, http://127.0.0.1 and http://[::1].',
    )
  }
}
