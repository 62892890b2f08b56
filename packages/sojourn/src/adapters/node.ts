import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SessionStore } from '../core/index.ts'
import { answerError, type HttpOptions, type RequestSession, SessionGate } from '../http/index.ts'

/** Answers a request, with its session at hand. A promise that it returns is awaited. */
export type SessionHandler<Data> = (
  request: IncomingMessage,
  response: ServerResponse,
  session: RequestSession<Data>,
) => unknown

export interface NodeOptions extends HttpOptions {
  /** Hears of what the handler threw and sojourn does not answer. Default: a process warning. */
  readonly onError?: (error: unknown) => void
}

/**
 * A listener for `http.createServer` that opens the session of each request first. Failures of sojourn are
 * answered as problem+json; whatever else the handler throws is a 500 without detail.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function withSession<Data>(
  store: SessionStore<Data>,
  options: NodeOptions,
  handler: SessionHandler<Data>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { onError = warn, ...http } = options
  const gate = new SessionGate(store, http)
  return async (request, response) => {
    try {
      await handler(request, response, await gate.open(request, response))
    } catch (error) {
      if (answerError(error, response)) return
      onError(error)
      giveUp(response)
    }
  }
}

function giveUp(response: ServerResponse): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(500, { 'Content-Length': 0 }).end()
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}
