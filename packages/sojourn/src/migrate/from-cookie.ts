import { SessionError } from '../core/errors.ts'
import type { JsonObject } from '../core/foreign-data.ts'
import type { OldStore } from '../core/old-store.ts'
import { withoutMessage } from '../core/schema.ts'
import type { OldCookie } from '../http/cookie.ts'
import type { OldFound, OldPresented, OldSessions } from '../http/old-sessions.ts'
import { cookieIn, isKeygripSigned, type SigningSecrets, secretsIn, unsigned } from './signed-cookie.ts'

/** How the sessions of before become sessions of ours. */
export interface Taking {
  /** Who is logged in, by the old data; nothing for nobody. */
  readonly userId: (old: JsonObject) => string | null | undefined
  /** What is kept of the old data: top-level fields laid over `initial()`. Default: nothing. */
  readonly data?: (old: JsonObject) => object
  /** As the old application has set its cookie. Default `/`. */
  readonly path?: string
  /** As the old application has set its cookie. Default: none. */
  readonly domain?: string
}

export interface CookieOptions extends Taking {
  /** Where the old application keeps its sessions. */
  readonly store: OldStore
  /** As the old application has it. */
  readonly cookieName?: string
  /** With which the old application signs its cookie. */
  readonly secret: SigningSecrets
}

/**
 * Sessions of express-session: `sojourn(sessions, { migrateFrom: fromExpressSession({ … }) })`. Default cookie
 * `connect.sid`.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function fromExpressSession({ cookieName = 'connect.sid', ...options }: CookieOptions): OldSessions {
  return signedIds({ ...options, cookieName, prefix: 's:' })
}

/**
 * Sessions of @fastify/session. Default cookie `sessionId`; `cookiePrefix` as the plugin has it, default none.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function fromFastifySession({
  cookieName = 'sessionId',
  cookiePrefix = '',
  ...options
}: CookieOptions & { readonly cookiePrefix?: string }): OldSessions {
  return signedIds({ ...options, cookieName, prefix: cookiePrefix })
}

export interface KoaCookieOptions extends Omit<CookieOptions, 'secret'> {
  /** `app.keys`; left out for `signed: false`. */
  readonly keys?: readonly string[]
}

/**
 * Sessions of koa-session that lie in a store. Default cookie `koa.sess`.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function fromKoaSession({ cookieName = 'koa.sess', keys, ...options }: KoaCookieOptions): OldSessions {
  const secrets = keys === undefined ? null : secretsIn(keys)
  const names = secrets === null ? [cookieName] : [cookieName, `${cookieName}.sig`]
  return idsIn(options, names, (header) => {
    const id = cookieIn(header, cookieName)
    if (id === null || secrets === null) return id
    const signature = cookieIn(header, `${cookieName}.sig`) ?? ''
    return isKeygripSigned(`${cookieName}=${id}`, signature, secrets) ? id : null
  })
}

function signedIds({
  secret,
  cookieName,
  prefix,
  ...options
}: CookieOptions & { readonly cookieName: string; readonly prefix: string }): OldSessions {
  const secrets = secretsIn(secret)
  return idsIn(options, [cookieName], (header) => {
    const text = cookieIn(header, cookieName)
    return text?.startsWith(prefix) ? unsigned(text.slice(prefix.length), secrets) : null
  })
}

type IdOptions = Omit<CookieOptions, 'secret' | 'cookieName'>

function idsIn(
  { store, ...options }: IdOptions,
  names: readonly string[],
  idIn: (header: string | undefined) => string | null,
): OldSessions {
  const take = taking(options)
  const cookies = cookiesOf(names, options)
  return {
    label: `migrate:${names[0]}`.replaceAll(/[^A-Za-z0-9:_.-]/g, '_').slice(0, 64),
    presented: (header): OldPresented | null => {
      const id = idIn(header)
      if (id === null || id === '') return null
      return {
        credential: id,
        find: async (now) => {
          const old = await store.read(id, now)
          return old === null || old === 'unreadable' ? old : take(old.data, old.expiresAt)
        },
        remove: () => store.remove(id),
        cookies,
      }
    },
  }
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function taking({
  userId,
  data,
  path: _path,
  domain: _domain,
  ...others
}: Taking): (old: JsonObject, expiresAt: number | null) => OldFound {
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) {
    throw new SessionError('INVALID_ARGUMENT', `There is no option ${JSON.stringify(unknown)}.`)
  }
  if (typeof userId !== 'function' || (data !== undefined && typeof data !== 'function')) {
    throw new SessionError('INVALID_ARGUMENT', 'userId and data must be functions that take the old data.')
  }
  return (old, expiresAt) => {
    try {
      return { userId: userId(old) ?? null, data: data?.(old) ?? {}, expiresAt }
    } catch (error) {
      throw threw(error)
    }
  }
}

function threw(error: unknown): SessionError {
  return new SessionError('INVALID_ARGUMENT', 'userId or data of migrateFrom threw.', {
    cause: withoutMessage(error),
  })
}

export function cookiesOf(names: readonly string[], { path = '/', domain }: Taking): readonly OldCookie[] {
  return names.map((name) => ({ name, path, domain: domain ?? null }))
}
