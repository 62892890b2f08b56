import type { IncomingMessage } from 'node:http'
import type { ForeignSessions } from '../core/foreign-sessions.ts'
import { type Issued, SessionError, type SessionStore } from '../core/index.ts'
import { allowsCookie, type Credential, credentialOf } from './credential.ts'
import { Exchange, type Opened } from './exchange.ts'
import { tell } from './http-events.ts'
import { configOf, type HttpConfig, type HttpOptions } from './http-options.ts'
import type { Incoming } from './incoming.ts'
import { type OldPresented, presentedIn } from './old-sessions.ts'
import { isAllowedOrigin, isUnsafe, opensSocket, provenanceOf } from './origin-check.ts'
import { statusOf } from './problem.ts'
import { RequestSession } from './request-session.ts'
import type { ResponseHead } from './response-head.ts'

const VARY_ON = {
  cookie: ['Cookie'],
  bearer: ['Authorization'],
  both: ['Cookie', 'Authorization'],
} as const

/**
 * Opens the session of each request that passes. One gate for each set of options. What it opens is bound to
 * that request, and to nothing that requests share (SECURITY T30, N21).
 */
export class SessionGate<Data, Request = IncomingMessage> {
  readonly #store: SessionStore<Data>
  readonly #config: HttpConfig<Request>
  /** Null where there were no sessions before. */
  readonly #before: ForeignSessions<Data> | null

  /** @throws SessionError `INVALID_ARGUMENT` for an option that is unknown, malformed or unsafe */
  constructor(store: SessionStore<Data>, options: HttpOptions<Request> = {}) {
    this.#store = store
    this.#config = configOf(options, store)
    const { migrateFrom } = this.#config
    this.#before = migrateFrom && store.foreign({ label: migrateFrom.label, adopts: true })
  }

  /** The request headers that a session is found by. */
  get varyOn(): readonly string[] {
    return VARY_ON[this.#config.transport]
  }

  /** What our cookie is called. */
  get cookieName(): string {
    return this.#config.cookie.name
  }

  /**
   * The session of a request, or a handle on none. At most one read of the engine, and none when no
   * credential was sent. A store that cannot be read fails whoever asks the handle, not the request (T75).
   * `request` is the framework's own, for the options that are asked about it.
   * @throws SessionError `ORIGIN_REFUSED`, `AMBIGUOUS_CREDENTIALS`
   */
  async open(request: Request, incoming: Incoming, head: ResponseHead): Promise<RequestSession<Data>> {
    const config = this.#config
    const credential = credentialOf(incoming, config)
    this.#checkOrigin(incoming, credential)
    const touch = config.touch(request)
    const read = await this.#read(credential, touch)
    const old = this.#oldOf(incoming, credential, head)
    const moved = old === null ? null : await this.#moved(old, read)
    const opened = moved !== null && 'failure' in moved ? moved : read
    const exchange = new Exchange<Data>(
      {
        store: this.#store,
        config,
        request: incoming,
        head,
        credential,
        writesOnGet: () => config.writeOnGet(request),
        address: () => (config.address === null ? incoming.remoteAddress : config.address(request)),
        oldCookies: old?.cookies ?? [],
      },
      opened,
    )
    if (moved !== null && 'token' in moved) exchange.reissue(moved)
    if ('session' in opened && opened.session?.superseded === true) {
      await this.#renew(exchange, credential, opened.token)
    }
    return new RequestSession(exchange)
  }

  /** Also without a session: a log-in form is worth a forged request too (SECURITY T36). */
  #checkOrigin(request: Incoming, credential: Credential): void {
    if (credential.via === 'bearer' || !(isUnsafe(request.method) || opensSocket(request))) return
    if (isAllowedOrigin(provenanceOf(request), this.#config.origins)) return
    tell(this.#config.listener, { name: 'malicious_csrf', method: request.method, check: 'origin' })
    throw new SessionError('ORIGIN_REFUSED')
  }

  async #read({ token }: Credential, touch: boolean): Promise<Opened<Data>> {
    if (token === null) return { token: null, session: null }
    try {
      const session = await this.#store.read(token, { touch })
      return { token: session === null ? null : token, session }
    } catch (failure) {
      return { failure }
    }
  }

  /** A cookie of before, where ours may take its place. */
  #oldOf(incoming: Incoming, { via }: Credential, head: ResponseHead): OldPresented | null {
    const config = this.#config
    if (via !== 'cookie' || head.isSent || !allowsCookie(incoming, config)) return null
    return presentedIn(config.migrateFrom, incoming)
  }

  /** The session of before, as one of ours; null when there is one of ours already, or none of before. */
  async #moved(old: OldPresented, read: Opened<Data>): Promise<Issued<Data> | { failure: unknown } | null> {
    if (this.#before === null || 'failure' in read || read.session !== null) return null
    try {
      const find = () => old.find(this.#store.clock.now())
      return await this.#before.adopt(old.credential, { find, remove: old.remove })
    } catch (failure) {
      return { failure }
    }
  }

  /** In a grace the client gets the one successor again (SECURITY T42); when that fails, the next time. */
  async #renew(exchange: Exchange<Data>, { via }: Credential, token: string | null): Promise<void> {
    if (token === null || via !== 'cookie' || exchange.parts.head.isSent) return
    try {
      const issued = await this.#store.rotate(token)
      if (issued !== null) exchange.reissue(issued)
    } catch (error) {
      // By code, not by class: a bundler may have given the store another copy of it.
      if (statusOf(error) === null) throw error
    }
  }
}
