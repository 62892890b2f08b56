import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SessionStore } from '../core/index.ts'
import {
  answerError,
  type HttpOptions,
  type NodeRequest,
  type NodeResponse,
  openNode,
  type RequestSession,
  SessionGate,
  warn,
} from '../http/index.ts'

/** Answers a request, with its session at hand. A promise that it returns is awaited. */
export type SessionHandler<Data, Request = IncomingMessage, Response = ServerResponse> = (
  request: Request,
  response: Response,
  session: RequestSession<Data>,
) => unknown

export interface NodeOptions<Request = IncomingMessage> extends HttpOptions<Request> {
  /** Hears of what the handler threw and sojourn does not answer. Default: a process warning. */
  readonly onError?: (error: unknown) => void
}

/**
 * A listener for the servers of `node:http` and `node:http2` that opens the session of each request first. Failures of sojourn are
 * answered as problem+json; whatever else the handler throws is a 500 without detail.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function withSession<
  Data,
  Request extends NodeRequest = IncomingMessage,
  Response extends NodeResponse & Destroyable = ServerResponse,
>(
  store: SessionStore<Data>,
  options: NodeOptions<Request>,
  handler: SessionHandler<Data, Request, Response>,
): (request: Request, response: Response) => Promise<void> {
  const { onError = warn, ...http } = options
  const gate = new SessionGate<Data, Request>(store, http)
  return async (request, response) => {
    try {
      const session = await openNode(gate, { request, response, asked: request })
      await handler(request, response, session)
    } catch (error) {
      if (answerError(error, response)) return
      onError(error)
      giveUp(response)
    }
  }
}

interface Destroyable {
  destroy(): unknown
}

function giveUp(response: NodeResponse & Destroyable): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(500, { 'Content-Length': 0 })
  response.end()
}
