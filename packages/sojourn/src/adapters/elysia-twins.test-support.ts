import { Elysia } from 'elysia'
import { type SessionData, SessionError, type SessionStore } from '../core/index.ts'
import {
  errorResponse,
  type HttpOptions,
  type RequestSession,
  SessionGate,
  WebHead,
  WebIncoming,
} from '../http/index.ts'
import { sojourn } from './elysia.ts'

export type Adapter = (
  store: SessionStore<SessionData>,
  options?: HttpOptions<Request>,
) => ReturnType<typeof sojourn<SessionData>>

/** What one writes first: with Elysia's own hooks alone, which do not see every answer. */
export const hooked: Adapter = (store, options = {}) => {
  const gate = new SessionGate<SessionData, Request>(store, options)
  const heads = new WeakMap<Request, WebHead>()
  const open = (request: Request): Promise<RequestSession<SessionData>> => {
    const head = new WebHead(gate.varyOn)
    heads.set(request, head)
    return gate.open(request, new WebIncoming(request), head)
  }
  return (app: Elysia) => {
    app.onError(({ error }) => errorResponse(error) ?? undefined)
    app.mapResponse(({ request, response }) => {
      const made = response instanceof Response ? response : new Response(String(response))
      return heads.get(request)?.sealed(made)
    })
    return app.derive(async ({ request }) => ({ session: await open(request) }))
  }
}

/** Whatever was thrown is answered here, and never reaches the `onError` of the application. */
export const swallowing: Adapter = (store, options) => (app) => {
  const own = sojourn(store, options)(app)
  own.onError(() => new Response('swallowed', { status: 500 }))
  return own
}

/** Failures are left to the application, which knows nothing of them. */
export const mute: Adapter = (store, options) => (app) => {
  app.onError(({ error }) => new Response(String(error), { status: 500 }))
  return sojourn(store, options)(app)
}

/** The answer to a failure is always a problem, whatever the application said. */
export const overbearing: Adapter = (store, options) => (app) => {
  app.wrap((handle: (request: Request) => unknown) => async (request: Request) => {
    const response = await handle(request)
    const isOwn = response instanceof Response && response.status === 303
    return isOwn ? errorResponse(new SessionError('REAUTHENTICATION_REQUIRED')) : response
  })
  return sojourn(store, options)(app)
}

/** What an instance of Elysia does in a group: what `wrap` says there is forgotten. */
export const forgotten: Adapter = (store, options) => (app) => {
  app.use(new Elysia().wrap((handle) => handle))
  return sojourn(store, options)(app)
}

/** The address is the same for everybody. */
export const addressless: Adapter = (store, options) =>
  sojourn(store, { ...options, address: () => '192.0.2.1' })
