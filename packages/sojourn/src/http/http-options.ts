import type { IncomingMessage } from 'node:http'
import { type Clock, type Policy, SessionError } from '../core/index.ts'
import { AnonymousLimit, type AnonymousOptions } from './anonymous-limit.ts'
import type { Cookie } from './cookie.ts'
import { type CookieOptions, cookieOf } from './cookie-options.ts'
import type { HttpEventListener } from './http-events.ts'
import type { OldSessions } from './old-sessions.ts'
import { isOrigin, type OriginRule } from './origin-check.ts'

const TRANSPORTS = ['cookie', 'bearer', 'both'] as const
export type Transport = (typeof TRANSPORTS)[number]

/** How sessions travel over HTTP. `Request` is the framework's request. */
export interface HttpOptions<Request = IncomingMessage> {
  /** Default `cookie`. `bearer`: `Authorization: Bearer <token>` only. `both`: either, never together. */
  readonly transport?: Transport
  /**
   * True on a developer's own machine: the cookie has its plain name and no `Secure`, and works only over
   * plain HTTP for `localhost`, `127.0.0.1` and `[::1]`. Default false.
   */
  readonly development?: boolean
  readonly cookie?: CookieOptions
  /**
   * Origins whose pages may make requests that change something, such as `https://bank.example`; your own
   * among them. Left out, only requests that a browser marks as same-origin may.
   */
  readonly origins?: readonly string[]
  /** Lets requests pass that have neither `Origin` nor `Sec-Fetch-Site`, from very old browsers. */
  readonly allowNoOrigin?: boolean
  /**
   * The requests of method GET or HEAD that may change a session, such as the return from a sign-in service.
   * They need a check of their own, such as OAuth's `state`. Default: none.
   */
  readonly writeOnGet?: (request: Request) => boolean
  /** False for requests that are no activity of the user, such as polling. Default: all are. */
  readonly touch?: (request: Request) => boolean
  /** The client's address, for `anonymous`. Behind a proxy it must be told. Default: the socket's, where there is one. */
  readonly address?: (request: Request) => string | undefined
  readonly anonymous?: AnonymousOptions
  /**
   * Where sessions were before, such as `fromExpressSession()` of `sojourn/migrate`: who comes without a session of ours
   * and with a cookie of before gets ours in its place, and stays logged in.
   */
  readonly migrateFrom?: OldSessions
  /** Hears of refused requests. Its failures are ignored. */
  readonly onEvent?: HttpEventListener
}

/** Options that were checked, with every default in place. */
export interface HttpConfig<Request = IncomingMessage> {
  readonly transport: Transport
  readonly development: boolean
  readonly cookie: Cookie
  readonly origins: OriginRule
  readonly writeOnGet: (request: Request) => boolean
  readonly touch: (request: Request) => boolean
  /** Null where the connection itself is asked. */
  readonly address: ((request: Request) => string | undefined) | null
  readonly anonymous: AnonymousLimit
  readonly migrateFrom: OldSessions | null
  readonly listener: HttpEventListener | null
}

const FLAGS = ['development', 'allowNoOrigin'] as const
const FUNCTIONS = ['writeOnGet', 'touch', 'address', 'onEvent'] as const
const OBJECTS = ['cookie', 'anonymous', 'migrateFrom'] as const
const KNOWN: readonly string[] = [...FLAGS, ...FUNCTIONS, ...OBJECTS, 'transport', 'origins']

/** @throws SessionError `INVALID_ARGUMENT` for an option that is unknown, malformed or unsafe */
export function configOf<Request>(
  options: HttpOptions<Request>,
  store: { readonly policy: Policy; readonly clock: Clock },
): HttpConfig<Request> {
  checkShape(options)
  const { transport = 'cookie', development = false, onEvent: listener = null } = options
  if (!TRANSPORTS.includes(transport)) throw refusal(`transport must be one of ${TRANSPORTS.join(', ')}`)
  return {
    transport,
    development,
    cookie: cookieOf(options.cookie ?? {}, store.policy, development),
    origins: { trusted: trustedOf(options.origins), allowNoOrigin: options.allowNoOrigin ?? false },
    writeOnGet: options.writeOnGet ?? (() => false),
    touch: options.touch ?? (() => true),
    address: options.address ?? null,
    anonymous: new AnonymousLimit(options.anonymous ?? {}, store.clock, listener),
    migrateFrom: beforeOf(options.migrateFrom),
    listener,
  }
}

function checkShape(options: object): void {
  checkFields(options, KNOWN, 'http')
  const fields = new Map<string, unknown>(Object.entries(options))
  const wrong = (names: readonly string[], type: string) =>
    names.find((name) => fields.get(name) !== undefined && typeof fields.get(name) !== type)
  const flag = wrong(FLAGS, 'boolean')
  if (flag !== undefined) throw refusal(`${flag} must be true or false`)
  const fun = wrong(FUNCTIONS, 'function')
  if (fun !== undefined) throw refusal(`${fun} must be a function`)
  const object = wrong(OBJECTS, 'object')
  if (object !== undefined) throw refusal(`${object} must be an object`)
}

function beforeOf(old: OldSessions | undefined): OldSessions | null {
  if (old === undefined) return null
  if (typeof old.presented === 'function' && typeof old.label === 'string') return old
  throw refusal('migrateFrom takes what fromExpressSession or another function of sojourn/migrate makes')
}

function trustedOf(origins: unknown): ReadonlySet<string> | null {
  if (origins === undefined) return null
  if (!Array.isArray(origins) || origins.length === 0) throw refusal('origins must be a list of origins')
  const wrong = origins.findIndex((origin: unknown) => typeof origin !== 'string' || !isOrigin(origin))
  if (wrong !== -1) {
    throw refusal(`origins[${wrong}] must be a whole origin such as 'https://bank.example', without a path`)
  }
  return new Set(origins)
}

/** @throws SessionError `INVALID_ARGUMENT` for a field that is not known: most likely a typing error */
export function checkFields(options: unknown, known: readonly string[], where: string): void {
  if (typeof options !== 'object' || options === null) throw refusal(`${where}: options must be an object`)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw refusal(`${where}: there is no option '${unknown}'`)
}

function refusal(why: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `${why}.`)
}
