import { type SessionData, SessionError, type SessionStore } from '../core/index.ts'
import { SocketGate, type SocketOptions } from '../http/socket-gate.ts'
import { refusalOf } from '../http/socket-refusal.ts'
import type { SocketSession } from '../http/socket-session.ts'
import { connectionOf, guardNamespaces, type IoClient, type IoServer, type IoSocket } from './io-server.ts'

export type { Refusal } from '../http/socket-refusal.ts'
export type { IoServer, SocketOptions, SocketSession }

/** What `socket.data` holds: the fourth type of `Server`, alone or with what is yours. */
export interface WithSession<Data = SessionData> {
  session: SocketSession<Data>
}

/**
 * Lets only those connect, to any namespace, who come from an allowed origin with a live session, and disconnects them
 * when it ends. The session is read once for each connection, from the headers of its handshake, and is found at
 * `socket.data.session`. Call it before you add middleware. Who is refused gets a `connect_error` with a `Refusal`.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function bindSessions<Data>(
  store: SessionStore<Data>,
  io: IoServer<Data>,
  options: SocketOptions = {},
): void {
  if (io._opts.connectionStateRecovery) throw unsafeRecovery()
  const gate = new SocketGate<Data>(store, options)
  const sessions = new WeakMap<IoClient, Promise<SocketSession<Data> | null>>()
  const open = ({ client, request }: IoSocket<Data>): Promise<SocketSession<Data> | null> => {
    const opened = request === null ? Promise.resolve(null) : gate.open(request, connectionOf(client))
    sessions.set(client, opened)
    return opened
  }
  const admit = async (socket: IoSocket<Data>): Promise<Error | undefined> => {
    try {
      const session = await (sessions.get(socket.client) ?? open(socket))
      if (session === null || session.current === null) return refusalOf(401)
      socket.data.session = session
      gate.countMessages(session, (listener) => socket.onAny(listener))
      return undefined
    } catch (error) {
      // The next try on this connection may find the store again.
      sessions.delete(socket.client)
      return refusalOf(gate.statusOf(error))
    }
  }
  guardNamespaces(io, (socket, next) => void admit(socket).then(next))
}

function unsafeRecovery(): SessionError {
  return new SessionError(
    'INVALID_ARGUMENT',
    'connectionStateRecovery must be off: it sends what was missed before anybody looks at the session.',
  )
}
