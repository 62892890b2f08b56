import type { Activity } from '../core/activity.ts'
import { jsonCopy } from '../core/foreign-data.ts'
import type { OldForm } from '../core/old-store.ts'
import type { Milliseconds } from '../core/port.ts'
import type { SessionStore } from '../core/session-store.ts'
import { type AnySession, type DropInOptions, openForeign } from './drop-in-options.ts'
import { Views } from './views.ts'

/** So much longer than its cookie koa-session has a store keep a session. */
const MARGIN_MS: Milliseconds = 10_000

/** What koa-session says beside a call. Its `changed` is also false for data that did change, and is not looked at. */
export interface KoaCall {
  readonly ctx?: object
}

/** A store as koa-session takes it, with functions that need no `this`. */
export interface KoaSessionStore {
  /** Null when absent. */
  get: (key: string, maxAge?: unknown, call?: KoaCall) => Promise<Record<string, unknown> | null>
  /** `maxAge` in milliseconds from now; anything else means the store's idle timeout. */
  set: (key: string, session: object, maxAge?: unknown, call?: KoaCall) => Promise<void>
  destroy: (key: string, call?: KoaCall) => Promise<void>
}

/** A class as koa-session takes it for `ContextStore`. */
export type KoaContextStore = new (ctx: object) => KoaSessionStore

/**
 * A store for koa-session: `session({ store: koaSessionStore(sessions) }, app)`. A write is a change to what its request
 * has read (CONTRACTS, section 1.3).
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function koaSessionStore<Data, Session = AnySession>(
  sessions: SessionStore<Data>,
  options?: DropInOptions<Session>,
): KoaSessionStore
export function koaSessionStore(
  sessions: SessionStore<unknown>,
  options: DropInOptions<AnySession> = {},
): KoaSessionStore {
  const foreign = openForeign(sessions, options, 'koa-session', KOA_FORM)
  const views = new Views()
  return {
    get: async (key, _maxAge, { ctx } = {}) => {
      const found = await foreign.read(key)
      if (found === null) return null
      if (ctx !== undefined) views.note(ctx, found.view)
      return dated(found.data, found.expiresAt)
    },
    set: async (key, session, maxAge, { ctx } = {}) => {
      // Until when it lives is told by the record (CONTRACTS L5).
      const { _expire, ...data } = jsonCopy(session)
      const use = usedFor(maxAge, sessions.clock.now())
      await foreign.write(key, { data, use, view: ctx === undefined ? null : views.of(ctx) })
    },
    destroy: async (key) => void (await foreign.revoke(key)),
  }
}

/**
 * The same as a class, of which koa-session makes an instance for each request; to be extended by what needs more of it:
 * `session({ ContextStore: koaContextStore(sessions) }, app)`.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function koaContextStore<Data, Session = AnySession>(
  sessions: SessionStore<Data>,
  options?: DropInOptions<Session>,
): KoaContextStore
export function koaContextStore(
  sessions: SessionStore<unknown>,
  options: DropInOptions<AnySession> = {},
): KoaContextStore {
  const store = koaSessionStore(sessions, options)
  // On the prototype, because koa-session looks for its methods there.
  return class ContextStore {
    readonly ctx: object

    constructor(ctx: object) {
      this.ctx = ctx
    }

    get(key: string, maxAge?: unknown): Promise<Record<string, unknown> | null> {
      return store.get(key, maxAge, this)
    }

    set(key: string, session: object, maxAge?: unknown): Promise<void> {
      return store.set(key, session, maxAge, this)
    }

    destroy(key: string): Promise<void> {
      return store.destroy(key)
    }
  }
}

/** As koa-session takes it: with the date at which it drops the session. One that dies with the browser has none. */
function dated(data: Record<string, unknown>, expiresAt: number): Record<string, unknown> {
  return '_session' in data ? data : { ...data, _expire: expiresAt - MARGIN_MS }
}

/** Sessions as koa-session writes them into any store. What has neither a date nor `_session` is none. */
export const KOA_FORM: OldForm = {
  adopt: (_id, { data: { _expire, ...data }, expiresAt }) => {
    if (typeof _expire !== 'number' && !('_session' in data)) return null
    const { _maxAge: maxAge } = data
    const until = expiresAt ?? (typeof _expire === 'number' ? _expire + MARGIN_MS : null)
    if (until === null) return { data, use: null }
    const seenAt = typeof maxAge === 'number' ? Math.round(until - MARGIN_MS - maxAge) : until
    return { data, use: { seenAt, expiresAt: until } }
  },
  restore: (_id, data, { expiresAt }) => dated(data, expiresAt),
}

function usedFor(maxAge: unknown, now: number): Activity | null {
  if (typeof maxAge !== 'number' || !Number.isFinite(maxAge)) return null
  return { seenAt: now, expiresAt: Math.round(now + maxAge) }
}
