import type { ErrorRequestHandler, Request, RequestHandler } from 'express'
import type { SessionData, SessionStore } from '../core/index.ts'
import {
  answerError,
  type HttpOptions,
  isOurs,
  openNode,
  type RequestSession,
  SessionGate,
} from '../http/index.ts'

/**
 * Tells TypeScript what `req.session.data` holds, once per application:
 * `declare module 'sojourn/express' { interface Register { data: BankSession } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled by the application.
export interface Register {}

/** The registered type of session data; `SessionData` when none is registered. */
export type RegisteredData = Register extends { readonly data: infer Data } ? Data : SessionData

declare global {
  // biome-ignore lint/style/noNamespace: where Express's types let middleware add to a request, wherever they lie.
  namespace Express {
    interface Request {
      /** Set by `sojourn`. */
      readonly session: RequestSession<RegisteredData>
    }
  }
}

/** Refuses a store whose data is of another type than the registered one. */
type Fitting<Data> = Register extends { readonly data: infer Registered }
  ? [Data, Registered] extends [Registered, Data]
    ? unknown
    : { readonly 'the store holds other data than Register says': never }
  : unknown

/**
 * Opens the session of each request and puts it at `req.session`. Of several on one path the first counts,
 * so that a part of the application can have its own transport. Put `sessionErrors` behind the routes.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function sojourn<Data>(
  store: SessionStore<Data> & Fitting<Data>,
  options: HttpOptions<Request> = {},
): RequestHandler {
  const gate = new SessionGate<Data, Request>(store, options)
  return async (request, response, next) => {
    if (!isOpen(request)) {
      const value = await openNode(gate, { request, response, asked: request })
      Object.defineProperty(request, 'session', { value, enumerable: true })
    }
    next()
  }
}

/** Answers failures of sojourn as problem+json; passes everything else on. */
export function sessionErrors(): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (!answerError(error, response)) next(error)
  }
}

function isOpen(request: object): boolean {
  return 'session' in request && isOurs(request.session, 'req.session')
}
