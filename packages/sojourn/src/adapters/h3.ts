import { type H3Event, type Middleware, toResponse } from 'h3'
import { SessionError, type SessionStore } from '../core/index.ts'
import {
  errorResponse,
  type HttpOptions,
  openNode,
  type RequestSession,
  SessionGate,
  WebHead,
  WebIncoming,
} from '../http/index.ts'
import { type H3Session, h3Session } from './h3-session.ts'

interface Opened<Store, Session> {
  readonly store: Store
  readonly session: Session
}

/** By event, because `event.context` may be shared by requests (SECURITY T30). */
const OPENED = new WeakMap<H3Event, Opened<unknown, unknown>>()
/** Node's responses that have a session. What the application asks of itself meanwhile points to the same one. */
const TAKEN = new WeakSet<object>()

/**
 * Opens the session of each request, for `sessionOf` and `useSojournSession`. Failures of sojourn are answered as
 * problem+json; everything else goes to h3, and so to `onError`. Of several on one path the first counts.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function sojourn<Data>(store: SessionStore<Data>, options: HttpOptions<H3Event> = {}): Middleware {
  const gate = new SessionGate<Data, H3Event>(store, options)
  return async (event, next) => {
    if (OPENED.has(event)) return next()
    const { req: request, res: response } = event.runtime?.node ?? {}
    const answer = async (opening: Promise<RequestSession<Data>>) => {
      try {
        OPENED.set(event, { store, session: await opening })
        return await next()
      } catch (error) {
        const problem = response?.headersSent ? null : errorResponse(error)
        if (problem === null) throw error
        return problem
      }
    }
    if (request !== undefined && response !== undefined && !TAKEN.has(response)) {
      TAKEN.add(response)
      return answer(openNode(gate, { request, response, asked: event }))
    }
    const head = new WebHead(gate.varyOn)
    const answered = answer(gate.open(event, new WebIncoming(event.req), head))
    // Rendered here, because h3 adds no headers to a response that `onError` returns.
    const { onResponse, ...config } = event.app?.config ?? {}
    return head.sealed(await toResponse(answered, event, config))
  }
}

/**
 * The session of a request.
 * @throws SessionError `INVALID_ARGUMENT` where `sojourn` of this store did not come first
 */
export function sessionOf<Data>(event: H3Event, store: SessionStore<Data>): RequestSession<Data> {
  const opened = OPENED.get(event)
  if (isOf(opened, store)) return opened.session
  throw new SessionError('INVALID_ARGUMENT', 'Put app.use(sojourn(store)) of this store before the handler.')
}

/** The same in the shape of h3's `useSession`. */
export function useSojournSession<Data extends object>(
  event: H3Event,
  store: SessionStore<Data>,
): H3Session<Data> {
  return h3Session(sessionOf(event, store))
}

function isOf<Data>(
  opened: Opened<unknown, unknown> | undefined,
  store: SessionStore<Data>,
): opened is Opened<SessionStore<Data>, RequestSession<Data>> {
  return opened?.store === store
}
