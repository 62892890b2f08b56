import { SessionError } from '../core/errors.ts'
import type { SessionStore } from '../core/session-store.ts'
import { type Callback, callBack } from './callback.ts'
import { type AnySession, type DropInOptions, openForeign } from './drop-in-options.ts'
import { ExpressDesk, type ExpressSession } from './express-desk.ts'
import { EXPRESS_FORM } from './old-forms.ts'

/** What express-session's class `Store` brings: `session.Store`. */
type StoreClass = abstract new () => { createSession(request: object, session: object): object }

/** `SessionData` of `@types/express-session`, as the application has extended it, without the cookie. */
type DataOf<Store extends StoreClass> =
  InstanceType<Store> extends { createSession(request: never, session: infer Data): unknown }
    ? Partial<Omit<Data, 'cookie'>>
    : never

/**
 * A store for express-session: `session({ store: expressSessionStore(session.Store, sessions) })`. Each `session()`
 * takes one of its own; all of them may be over the same `sessions`.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function expressSessionStore<Store extends StoreClass, Data>(
  Store: Store,
  sessions: SessionStore<Data>,
  options?: DropInOptions<DataOf<Store>>,
): InstanceType<Store>
export function expressSessionStore(
  Store: StoreClass,
  sessions: SessionStore<unknown>,
  options: DropInOptions<AnySession> = {},
): object {
  if (typeof Store !== 'function') {
    throw new SessionError(
      'INVALID_ARGUMENT',
      'expressSessionStore takes session.Store of express-session first.',
    )
  }
  const foreign = openForeign(sessions, options, 'express-session', EXPRESS_FORM)
  return new (storeOver(Store, new ExpressDesk(foreign)))()
}

function storeOver(Store: StoreClass, desk: ExpressDesk<unknown>) {
  return class ExpressSessionStore extends Store {
    #generate: unknown

    /** The middleware puts its own function here. A second one would give its cookie's options to both. */
    get generate(): unknown {
      return this.#generate
    }

    set generate(generate: unknown) {
      if (this.#generate !== undefined) throw shared()
      this.#generate = generate
    }

    get(id: string, callback: Callback<unknown>): void {
      callBack(desk.get(id), callback, (follow) => desk.afterFailure(id, follow))
    }

    set(id: string, session: ExpressSession, callback?: Callback<void>): void {
      callBack(desk.set(id, session), callback)
    }

    touch(id: string, session: ExpressSession, callback?: Callback<void>): void {
      callBack(desk.touch(id, session), callback)
    }

    destroy(id: string, callback?: Callback<void>): void {
      callBack(desk.destroy(id), callback)
    }

    all(callback: Callback<unknown>): void {
      callBack(desk.all(), callback)
    }

    length(callback: Callback<number>): void {
      callBack(desk.length(), callback)
    }

    clear(callback?: Callback<void>): void {
      callBack(desk.clear(), callback)
    }

    override createSession(request: object, data: object): object {
      const session = super.createSession(request, data)
      desk.adopt(session, data)
      return session
    }
  }
}

function shared(): SessionError {
  return new SessionError(
    'INVALID_ARGUMENT',
    'One store belongs to one session(): call expressSessionStore for each, over the same sessions.',
  )
}
