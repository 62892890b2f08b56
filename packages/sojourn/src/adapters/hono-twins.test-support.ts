import type { Context, MiddlewareHandler } from 'hono'
import type { SessionData, SessionStore } from '../core/index.ts'
import { errorResponse, type HttpOptions, SessionGate, WebHead, WebIncoming } from '../http/index.ts'
import { type SessionEnv, sojourn } from './hono.ts'

export type Adapter = (
  store: SessionStore<SessionData>,
  options?: HttpOptions<Context>,
) => MiddlewareHandler<SessionEnv<SessionData>>

/** What one writes first: everything but Hono's own ways. */
export const naive: Adapter = (store, options = {}) => {
  const gate = new SessionGate<SessionData, Context>(store, options)
  return async (c, next) => {
    const head = new WebHead(gate.varyOn)
    c.set('session', await gate.open(c, new WebIncoming(c.req.raw), head))
    await next()
    c.res = head.sealed(c.res)
  }
}

/** The answer to a failure of sojourn is always ours, whatever `onError` said. */
export const overbearing: Adapter = (store, options) => async (c, next) => {
  await sojourn(store, options)(c, next)
  const problem = errorResponse(c.error)
  if (problem !== null) c.res = problem
}

/** Whatever was thrown is answered here, and never reaches `onError`. */
export const swallowing: Adapter = (store, options) => async (c, next) => {
  await sojourn(store, options)(c, next)
  if (c.error !== undefined) c.res = new Response(null, { status: 500 })
}

/** What `onError` answered goes out with all its headers, and another body. */
export const careless: Adapter = (store, options) => async (c, next) => {
  await sojourn(store, options)(c, next)
  if (c.res.headers.get('content-type') === 'application/problem+json') {
    c.res = undefined
    c.res = new Response('{}', { status: 503, headers: { 'Content-Encoding': 'gzip' } })
  }
}
