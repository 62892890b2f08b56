import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { SessionStore } from '../core/index.ts'
import { SocketGate, type SocketOptions } from '../http/socket-gate.ts'
import type { SocketSession } from '../http/socket-session.ts'
import { StreamConnection } from '../http/stream-connection.ts'

export type { SocketOptions, SocketSession }

/** The close code when the session has ended: of the private ones (RFC 6455, section 7.4.2), like HTTP's 401. */
export const SESSION_ENDED = 4401
const INTERNAL_ERROR = 1011

/** What is needed of a `WebSocket` of ws. */
export interface OpenSocket {
  on(event: 'error' | 'message', listener: () => void): unknown
  removeAllListeners(event: 'message'): unknown
  close(code: number, reason: string): void
}

/** What is needed of a `WebSocketServer` of ws, made with `noServer`. */
export interface SocketServer<Socket> {
  handleUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer, done: (socket: Socket) => void): void
}

/** Gets each socket that was opened; listens to its messages before it awaits anything. */
export type SocketHandler<Socket, Data> = (
  socket: Socket,
  request: IncomingMessage,
  session: SocketSession<Data>,
) => unknown

/**
 * A listener for `upgrade` of an HTTP server: origin and session are checked before the handshake is answered, and
 * the socket closes with 4401 when the session ends. Refuses with 400, 401, 403 or 503. Never rejects.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function withSocketSession<Data, Socket extends OpenSocket>(
  store: SessionStore<Data>,
  server: SocketServer<Socket>,
  options: SocketOptions,
  handler: SocketHandler<Socket, Data>,
): (request: IncomingMessage, stream: Duplex, head: Buffer) => Promise<void> {
  const gate = new SocketGate<Data>(store, options)
  const serve = async (socket: Socket, request: IncomingMessage, session: SocketSession<Data>) => {
    // Whoever sends a broken frame would end the process of an application that does not listen to errors.
    socket.on('error', () => undefined)
    gate.countMessages(session, (listener) => socket.on('message', listener))
    try {
      await handler(socket, request, session)
    } catch (error) {
      gate.report(error)
      socket.close(INTERNAL_ERROR, '')
    }
  }
  return async (request, stream, head) => {
    const connection = new StreamConnection(stream)
    try {
      const session = await gate.open(request, connection)
      if (session === null) connection.refuse(401)
      else
        server.handleUpgrade(request, stream, head, (socket) => {
          connection.opened(() => end(socket))
          void serve(socket, request, session)
        })
    } catch (error) {
      connection.refuse(gate.statusOf(error))
    }
  }
}

/** Nothing that the client sends after this is handled: it may not have read yet that it is out. */
function end(socket: OpenSocket): void {
  socket.removeAllListeners('message')
  socket.close(SESSION_ENDED, 'The session has ended.')
}
