import type { IncomingMessage } from 'node:http'
import type { SocketConnection, SocketSession } from '../http/socket-session.ts'

/** What is needed of a connection of Engine.IO. */
interface EngineSocket {
  readonly readyState: string
  once(event: 'close', listener: () => void): unknown
  close(discard: boolean): void
}

/** What is needed of a client of Socket.IO: one connection with its namespaces. */
export interface IoClient {
  readonly conn: EngineSocket
  /** What `disconnect(true)` of a socket does, also when no socket is connected yet. */
  _disconnect(): void
}

/** What is needed of a socket of Socket.IO: a client in one namespace. */
export interface IoSocket<Data> {
  readonly client: IoClient
  /** The request of the handshake; null over WebTransport, which has none. */
  readonly request: IncomingMessage | null
  data: { session: SocketSession<Data> }
  onAny(listener: () => void): unknown
}

type Guard<Data> = (socket: IoSocket<Data>, next: (refused?: Error) => void) => void

interface IoNamespace<Data> {
  use(guard: Guard<Data>): unknown
}

/** What is needed of a `Server` of Socket.IO. */
export interface IoServer<Data> {
  readonly _opts: { readonly connectionStateRecovery?: unknown }
  readonly _nsps: { values(): Iterable<IoNamespace<Data>> }
  on(event: 'new_namespace', listener: (namespace: IoNamespace<Data>) => void): unknown
}

/** Puts a guard before every namespace, those to come too. */
export function guardNamespaces<Data>(io: IoServer<Data>, guard: Guard<Data>): void {
  for (const namespace of io._nsps.values()) guardFirst(namespace, guard)
  io.on('new_namespace', (namespace) => guardFirst(namespace, guard))
}

/** A namespace that is made for a pattern has middleware from the start: strangers would come to it before the guard. */
function guardFirst<Data>(namespace: IoNamespace<Data>, guard: Guard<Data>): void {
  namespace.use(guard)
  const guards: unknown = Reflect.get(namespace, '_fns')
  if (Array.isArray(guards)) guards.unshift(guards.pop())
}

/** All namespaces of a client close together. */
export function connectionOf(client: IoClient): SocketConnection {
  const { conn } = client
  return {
    get isOpen() {
      return conn.readyState === 'open'
    },
    onClosed: (listener) => void conn.once('close', listener),
    close: () => {
      try {
        client._disconnect()
      } finally {
        // A listener of one namespace that throws must not leave the others connected.
        conn.close(false)
      }
    },
    destroy: () => conn.close(true),
  }
}
