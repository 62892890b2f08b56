import type { IncomingMessage } from 'node:http'
import type { Session, SessionStore } from '../core/index.ts'
import { readHandshake } from './handshake.ts'
import { configOf, type HttpOptions } from './http-options.ts'
import { statusOf, waitAfter } from './problem.ts'
import { warn } from './warn.ts'

/** What is needed of the socket that Node's `upgrade` event brings. */
export interface UpgradeSocket {
  readonly destroyed: boolean
  once(event: 'close' | 'finish', listener: () => void): unknown
  on(event: 'error', listener: () => void): unknown
  end(text: string): unknown
  destroy(): unknown
}

/**
 * Lets a request to upgrade pass: resolves with its live session, and calls `onEnded` when that session ends,
 * here or in another process. Resolves with null when it has refused the request and closed the socket.
 * Never rejects: what an option of the application throws becomes a process warning and a 500.
 */
export type Admit<Data, Request extends IncomingMessage> = (
  request: Request,
  socket: UpgradeSocket,
  /** Default: destroys the socket. */
  onEnded?: () => void,
) => Promise<Session<Data> | null>

const REASONS = new Map([
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [503, 'Service Unavailable'],
])
const SERVER_ERROR = 500

/**
 * Guards WebSocket upgrades, which pass no middleware (SECURITY T29). A browser lets any page open a
 * WebSocket and sends the cookie along, so the origin is checked although the method is GET. A request
 * without a session is refused with 401; whether an anonymous session is enough is for the caller to say.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function admitUpgrades<Data, Request extends IncomingMessage = IncomingMessage>(
  store: SessionStore<Data>,
  options: HttpOptions<Request> = {},
): Admit<Data, Request> {
  const config = configOf(options, store)
  return async (request, socket, onEnded = () => void socket.destroy()) => {
    // Without a listener, a client that goes away meanwhile would end the process.
    socket.on('error', () => undefined)
    try {
      const session = await readHandshake(store, config, request)
      if (session === null) return refuse(socket, 401)
      if (socket.destroyed) return null
      socket.once('close', store.watch(session, onEnded))
      return session
    } catch (error) {
      return refuse(socket, statusOf(error) ?? warned(error))
    }
  }
}

/** A listener of `upgrade` has nobody to reject to: the process would end. */
function warned(error: unknown): number {
  warn(error)
  return SERVER_ERROR
}

/** Answers a request to upgrade that does not pass, and closes its socket. */
export function refuse(socket: UpgradeSocket, status: number): null {
  const wait = waitAfter(status)
  const lines = [
    `HTTP/1.1 ${status} ${REASONS.get(status) ?? 'Error'}`,
    'Connection: close',
    'Cache-Control: no-store',
    'Content-Length: 0',
    ...(wait === null ? [] : [`Retry-After: ${wait}`]),
  ]
  // The server reads nothing more from it, and so would never hear that the client has gone.
  socket.once('finish', () => void socket.destroy())
  socket.end(`${lines.join('\r\n')}\r\n\r\n`)
  return null
}
