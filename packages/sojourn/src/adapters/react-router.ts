import {
  createContext,
  type MiddlewareFunction,
  type RouterContext,
  type Session,
  type SessionStorage,
} from 'react-router'
import type { RotateOptions, SessionStore } from '../core/index.ts'
import {
  errorResponse,
  type HttpOptions,
  type RequestSession,
  SessionGate,
  WebHead,
  WebIncoming,
} from '../http/index.ts'
import { overheard } from './react-router-ear.ts'
import { type CommitOptions, RouterSessions, type StorageOptions } from './react-router-storage.ts'
import { type SessionStrategy, strategyOver } from './react-router-strategy.ts'

export interface Sojourn<Data> {
  /** For `export const middleware` of the outermost route that needs sessions. */
  readonly middleware: MiddlewareFunction<Response>[]
  /** Where loaders, actions and other middleware find the session: `context.get(sojournContext)`. */
  readonly sojournContext: RouterContext<RequestSession<Data>>
}

interface Turn {
  readonly head: WebHead
  isOpen: boolean
}

/**
 * Opens the session of each request, for routes with middleware. Failures of sojourn that nobody caught are thrown on
 * as a response, so that an `ErrorBoundary` knows the status and a resource route answers problem+json.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function sojourn<Data>(store: SessionStore<Data>, options: HttpOptions<Request> = {}): Sojourn<Data> {
  const gate = new SessionGate<Data, Request>(store, options)
  const sojournContext = createContext<RequestSession<Data>>()
  const turnContext = createContext<Turn | null>(null)

  /** Also what the other one throws comes back as a response. On several routes of one request the first counts. */
  const seal: MiddlewareFunction<Response> = async ({ context }, next) => {
    if (context.get(turnContext) !== null) return next()
    const head = new WebHead(gate.varyOn)
    context.set(turnContext, { head, isOpen: false })
    return head.sealed(await next())
  }

  const open: MiddlewareFunction<Response> = async ({ request, context }, next) => {
    const turn = context.get(turnContext)
    if (turn === null || turn.isOpen) return next()
    turn.isOpen = true
    let failure: unknown = null
    const session = await gate.open(request, new WebIncoming(request), turn.head).catch(refuse)
    context.set(
      sojournContext,
      overheard(session, (error) => (failure = error)),
    )
    const response = await next()
    const answer = response.status === 500 ? errorResponse(failure) : null
    if (answer !== null) throw answer
    return response
  }

  return { middleware: [seal, open], sojournContext }
}

/** React Router's `SessionStorage`, and what it lacks. */
export interface SojournStorage<Data, Flash> extends SessionStorage<Data, Flash> {
  /** Stores what has changed. Resolves with the `Set-Cookie` line; with `''` when there is nothing to set. */
  commitSession(session: Session<Data, Flash>, options?: CommitOptions): Promise<string>
  /** A new token for the same session; its `Set-Cookie` line. With `grace: false` when rights change. */
  rotate(session: Session<Data, Flash>, options?: RotateOptions): Promise<string>
}

/**
 * What `createSessionStorage` of React Router gives, over a store, with sojourn's cookie. It sees no request: the check
 * of origins, caching headers and status codes are the middleware's.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function sessionStorage<Data, Flash = Data>(
  store: SessionStore<Data>,
  options: StorageOptions<Data> = {},
): SojournStorage<Data, Flash> {
  const sessions = new RouterSessions<Data, Flash>(store, options)
  return {
    getSession: (header) => sessions.open(header),
    commitSession: (session, commit) => sessions.commit(session, commit),
    destroySession: (session) => sessions.destroy(session),
    rotate: (session, rotation) => sessions.rotate(session, rotation),
  }
}

/** The parts for a `createSessionStorage` of one's own; `sessionStorage` knows more. The ids are tokens. */
export function sessionStrategy<Data>(store: SessionStore<Data>): SessionStrategy {
  return strategyOver(store)
}

function refuse(error: unknown): never {
  throw errorResponse(error) ?? error
}
