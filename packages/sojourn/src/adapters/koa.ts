import type { DefaultState, ExtendableContext, Middleware } from 'koa'
import type { SessionStore } from '../core/index.ts'
import {
  answerError,
  type HttpOptions,
  isOurs,
  openNode,
  type RequestSession,
  SessionGate,
} from '../http/index.ts'

/** What `sojourn` adds to Koa's context. */
export interface SessionContext<Data> {
  readonly session: RequestSession<Data>
}

/**
 * Opens the session of each request and puts it at `ctx.session`, typed for all that is chained behind it:
 * `const app = new Koa().use(sojourn(store))`. Failures of sojourn are answered as problem+json; everything else goes
 * to Koa, and so to `app.on('error')`. Of several on one path the first counts.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function sojourn<Data>(
  store: SessionStore<Data>,
  options: HttpOptions<ExtendableContext> = {},
): Middleware<DefaultState, SessionContext<Data>> {
  const gate = new SessionGate<Data, ExtendableContext>(store, options)
  return async (ctx, next) => {
    try {
      if (!isOpen(ctx)) {
        const value = await openNode(gate, { request: ctx.req, response: ctx.res, asked: ctx })
        Object.defineProperty(ctx, 'session', { value, enumerable: true })
      }
      await next()
    } catch (error) {
      if (!answer(error, ctx)) throw error
    }
  }
}

function isOpen(ctx: object): boolean {
  return 'session' in ctx && isOurs(ctx.session, 'ctx.session')
}

/** Through Koa's own setters, so that what stands before us sees the answer and may add to it. */
function answer(error: unknown, ctx: ExtendableContext): boolean {
  return answerError(error, {
    headersSent: ctx.headerSent,
    setHeader: (name, value) => ctx.set(name, [value].flat()),
    removeHeader: (name) => ctx.remove(name),
    writeHead: (status) => {
      ctx.status = status
    },
    end: (body) => {
      ctx.body = body
      // A handler that wanted to answer by itself failed before it did.
      ctx.respond = true
    },
  })
}
