import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  RawServerBase,
  RawServerDefault,
  RouteGenericInterface,
} from 'fastify'
import { type SessionData, SessionError, type SessionStore } from '../core/index.ts'
import { type HttpOptions, openNode, type RequestSession, SessionGate } from '../http/index.ts'
import { answerReply } from './fastify-reply.ts'

/**
 * Tells TypeScript what `request.session.data` holds, once per application:
 * `declare module 'sojourn/fastify' { interface Register { data: BankSession } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled by the application.
export interface Register {}

/** The registered type of session data; `SessionData` when none is registered. */
export type RegisteredData = Register extends { readonly data: infer Data } ? Data : SessionData

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `sojourn`. */
    readonly session: RequestSession<RegisteredData>
  }
}

export interface SojournOptions extends HttpOptions<FastifyRequest> {
  readonly store: SessionStore<RegisteredData>
}

const SESSION = Symbol('sojourn.session')

async function plugin(app: FastifyInstance, { store, ...http }: SojournOptions): Promise<void> {
  if (app.hasRequestDecorator('session')) throw new SessionError('INVALID_ARGUMENT', TWICE)
  const gate = new SessionGate<RegisteredData, FastifyRequest>(store, http)
  app.decorateRequest(SESSION, null)
  app.decorateRequest('session', {
    getter() {
      const session = this.getDecorator<RequestSession<RegisteredData> | null>(SESSION)
      if (session === null) throw new SessionError('INVALID_ARGUMENT', TOO_EARLY)
      return session
    },
  })
  app.addHook('onRequest', async (request, reply) => {
    const turn = { request: request.raw, response: reply.raw, asked: request }
    request.setDecorator(SESSION, await openNode(gate, turn))
  })
}

const TWICE =
  'request.session is set already in this scope, or around it. Register sojourn once, or once in each of several scopes side by side.'
const TOO_EARLY = 'request.session was read before it was opened. Register sojourn before what reads it.'

/**
 * The plugin that opens the session of each request, in `onRequest`, and puts it at `request.session`: for the scope it
 * is registered in and all scopes within. Give `sessionErrors` to `setErrorHandler` beside it. Registering rejects with
 * `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe.
 */
export const sojourn: FastifyPluginAsync<SojournOptions> = Object.assign(plugin, {
  // What fastify-plugin would set: the plugin is for the scope that registers it, not for one of its own.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'sojourn',
  [Symbol.for('plugin-meta')]: { name: 'sojourn', fastify: '>=5.3' },
})

type ErrorHandler<Server extends RawServerBase> = (
  this: FastifyInstance<Server>,
  error: unknown,
  request: FastifyRequest<RouteGenericInterface, Server>,
  reply: FastifyReply<RouteGenericInterface, Server>,
) => unknown

/**
 * For `setErrorHandler`: answers failures of sojourn as problem+json, and logs them as Fastify would. Everything else
 * goes to the handler that you give; without one to the next, as Fastify has it.
 */
export function sessionErrors<Server extends RawServerBase = RawServerDefault>(
  own: ErrorHandler<Server> = rethrow,
): ErrorHandler<Server> {
  return function (error, request, reply) {
    if (!(error instanceof Error) || !answerReply(error, reply)) return own.call(this, error, request, reply)
    request.log[reply.statusCode < 500 ? 'info' : 'error']({ err: error }, error.message)
    return undefined
  }
}

function rethrow(error: unknown): never {
  throw error
}
