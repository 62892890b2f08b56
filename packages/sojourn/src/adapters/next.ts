import type { NextFetchEvent, NextRequest } from 'next/server.js'
import type { SessionStore } from '../core/index.ts'
import { type HttpOptions, type RequestSession, SessionGate, warn } from '../http/index.ts'
import { proxyIn, routeIn } from './next-handler.ts'
import type { NextAsked } from './next-jar.ts'
import { misplaced, readIn, type Writable, writeIn } from './next-page.ts'

export interface NextOptions extends HttpOptions<NextAsked> {
  /**
   * Hears of what a Route Handler or the proxy threw after its session had got a new cookie: Next would answer
   * without it, so the 500 is answered here. Default: a process warning. Whatever else is thrown goes to Next.
   */
  readonly onError?: (error: unknown) => void
}

/** What reads of a session, wherever Next runs on the server. */
export type ReadonlySession<Data> = Pick<
  RequestSession<Data>,
  | ('current' | 'data' | 'id' | 'userId' | 'list')
  | ('csrfToken' | 'requireCsrf' | 'requireRecentAuth' | 'hasRecentAuth')
>

export type RouteHandler<Data, Context> = (
  request: NextRequest,
  session: RequestSession<Data>,
  context: Context,
) => Response | Promise<Response>

/** Without an answer the request goes on to its page or Route Handler. */
export type ProxyHandler<Data> = (
  request: NextRequest,
  session: RequestSession<Data>,
  event: NextFetchEvent,
) => Response | undefined | Promise<Response | undefined>

/** Sessions in the places of Next's App Router. None of the functions needs its `this`. */
export interface NextSessions<Data> {
  /**
   * The session, to be read: in Server Components, Server Actions and inside `withSession`. Pages that ask often read
   * the store once, and never set a cookie.
   * @throws SessionError `INVALID_ARGUMENT` in a Route Handler without `withSession`: nothing would keep its answer out
   * of caches
   */
  getSession(): Promise<ReadonlySession<Data>>
  /**
   * The session, to be changed: in a Server Action, and inside `withSession`.
   * @throws SessionError `INVALID_ARGUMENT` elsewhere; `ORIGIN_REFUSED`, `AMBIGUOUS_CREDENTIALS`
   */
  getMutableSession(): Promise<RequestSession<Data>>
  /** A Route Handler with its session at hand. Failures of sojourn are answered as problem+json. */
  withSession<Context = unknown>(
    handler: RouteHandler<Data, Context>,
  ): (request: NextRequest, context: Context) => Promise<Response>
  /** The `proxy` of `proxy.ts`. A new cookie is seen in this very request, by the page that it goes on to. */
  sessionProxy(
    handler?: ProxyHandler<Data>,
  ): (request: NextRequest, event: NextFetchEvent) => Promise<Response>
}

/**
 * Joins a store and Next's App Router. Once per application, in a module of its own.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function nextSessions<Data>(store: SessionStore<Data>, options: NextOptions = {}): NextSessions<Data> {
  const { onError = warn, ...http } = options
  const gate = new SessionGate<Data, NextAsked>(store, http)
  const reader = new SessionGate<Data, NextAsked>(store, { ...http, writeOnGet: misplaced })
  const writable: Writable<Data> = new WeakMap()
  return {
    getSession: readIn(reader, writable),
    getMutableSession: writeIn(gate, writable),
    withSession: (handler) => routeIn({ gate, writable, hear: onError }, handler),
    sessionProxy: (handler) => proxyIn(gate, handler, onError),
  }
}
