import type { SessionStore } from '../core/index.ts'
import {
  errorResponse,
  type HttpOptions,
  type RequestSession,
  SessionGate,
  WebHead,
  WebIncoming,
  warn,
} from '../http/index.ts'

/** Answers a request of the Fetch standard, with its session at hand. `rest` is whatever the server hands on. */
export type SessionHandler<Data, Rest extends readonly unknown[] = []> = (
  request: Request,
  session: RequestSession<Data>,
  ...rest: Rest
) => Response | Promise<Response>

export interface WebOptions<Rest extends readonly unknown[] = []>
  extends Omit<HttpOptions<Request>, 'address'> {
  /** The client's address, for `anonymous`, from what the server hands on beside the request. Default: nobody knows it. */
  readonly address?: (request: Request, ...rest: Rest) => string | undefined
  /** Hears of what the handler threw and sojourn does not answer. Default: a process warning. */
  readonly onError?: (error: unknown) => void
}

/**
 * A handler from `Request` to `Response` that opens the session of each request first: for `Bun.serve`, `Deno.serve`
 * and whatever else speaks the Fetch standard. Failures of sojourn are answered as problem+json; whatever else the
 * handler throws is a 500 without detail. Once the `Response` is returned it is too late for a cookie, also while
 * its body goes on. A `Request` knows no client address: tell it with `address` where strangers may begin sessions.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function withSession<Data, Rest extends readonly unknown[] = []>(
  store: SessionStore<Data>,
  options: WebOptions<Rest>,
  handler: SessionHandler<Data, Rest>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const { onError = warn, address, ...http } = options
  const gate = new SessionGate<Data, Request>(store, http)
  return async (request, ...rest) => {
    const head = new WebHead(gate.varyOn)
    try {
      const incoming = new WebIncoming(request, address?.(request, ...rest))
      return head.sealed(await handler(request, await gate.open(request, incoming, head), ...rest))
    } catch (error) {
      return head.sealed(errorResponse(error) ?? giveUp(error, onError))
    }
  }
}

function giveUp(error: unknown, onError: (error: unknown) => void): Response {
  onError(error)
  return new Response(null, { status: 500 })
}
