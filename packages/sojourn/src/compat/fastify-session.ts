import type { SessionStore } from '../core/session-store.ts'
import { type Callback, callBack } from './callback.ts'
import { type AnySession, type DropInOptions, openForeign } from './drop-in-options.ts'
import { FASTIFY_FORM, FastifyDesk } from './fastify-desk.ts'

/** A store as @fastify/session takes it, with functions that need no `this`. */
export interface FastifySessionStore {
  /** Null when absent. `Session` is what the application has declared. */
  get<Session extends object>(sessionId: string, callback: Callback<Session | null>): void
  set(sessionId: string, session: object, callback?: Callback<void>): void
  destroy(sessionId: string, callback?: Callback<void>): void
}

/**
 * A store for @fastify/session: `app.register(fastifySession, { secret, store: fastifySessionStore(sessions) })`.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function fastifySessionStore<Data, Session = AnySession>(
  sessions: SessionStore<Data>,
  options?: DropInOptions<Session>,
): FastifySessionStore
export function fastifySessionStore(
  sessions: SessionStore<unknown>,
  options: DropInOptions<AnySession> = {},
): object {
  const desk = new FastifyDesk(openForeign(sessions, options, 'fastify-session', FASTIFY_FORM))
  return {
    get: (id: string, callback: Callback<object | null>) => {
      const answer: Callback<object | null> = (error, session) =>
        error ? callback(error, desk.unread(id, error)) : callback(null, session)
      callBack(desk.get(id), answer)
    },
    set: (id: string, session: object, callback?: Callback<void>) =>
      callBack(desk.set(id, session), callback),
    destroy: (id: string, callback?: Callback<void>) => callBack(desk.destroy(id), callback),
  }
}
