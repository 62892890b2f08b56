import type { Context, MiddlewareHandler } from 'hono'
import type { SessionStore } from '../core/index.ts'
import {
  errorResponse,
  type HttpOptions,
  isOurs,
  type RequestSession,
  SessionGate,
  WebHead,
  WebIncoming,
} from '../http/index.ts'

/** What `sojourn` adds to the environment of an application: `c.var.session`, with its type of data. */
export interface SessionEnv<Data> {
  Variables: { session: RequestSession<Data> }
}

/**
 * Opens the session of each request and puts it at `c.var.session`. Failures of sojourn are answered as problem+json,
 * unless the application's `onError` answers them with another status than 500. Of several on one path the first counts,
 * so that a part of the application can have its own transport. Once the handler has returned it is too late for a
 * cookie, also while its body goes on.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function sojourn<Data>(
  store: SessionStore<Data>,
  options: HttpOptions<Context> = {},
): MiddlewareHandler<SessionEnv<Data>> {
  const gate = new SessionGate<Data, Context>(store, options)
  return async (c, next) => {
    if (isOpen(c.get('session'))) return next()
    const head = new WebHead(gate.varyOn)
    try {
      c.set('session', await gate.open(c, new WebIncoming(c.req.raw, addressIn(c.env)), head))
    } catch (error) {
      const refusal = errorResponse(error, c.res)
      if (refusal === null) throw error
      return answer(c, refusal)
    }
    // What is no Error passes by `onError`, and us.
    await next().finally(() => head.close())
    answer(c, head.sealed(failureIn(c) ?? c.res))
  }
}

/** Hono hands what a handler threw to `onError`, and tells of it here: `next` does not reject. */
function failureIn({ error, res }: Context): Response | null {
  return error !== undefined && res.status === UNHANDLED ? errorResponse(error, res) : null
}

const UNHANDLED = 500

/** Takes the place of what is there; set alone, it would get the headers of that one over its own. */
function answer(c: Context, response: Response): void {
  if (response === c.res) return
  c.res = undefined
  c.res = response
}

function isOpen(session: unknown): boolean {
  return session !== undefined && isOurs(session, 'c.var.session')
}

/** Where @hono/node-server tells what Node received: `env.incoming.socket.remoteAddress`. */
function addressIn(env: unknown): string | undefined {
  const address = fieldOf(fieldOf(fieldOf(env, 'incoming'), 'socket'), 'remoteAddress')
  return typeof address === 'string' ? address : undefined
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
