import { type DefaultEventsMap, Server } from 'socket.io'
import {
  type Socket as Client,
  io as connect,
  type ManagerOptions,
  type SocketOptions,
} from 'socket.io-client'
import { onTestFinished } from 'vitest'
import { type SocketOptions as BindOptions, bindSessions, type WithSession } from './socket.io.ts'
import { type Cart, headersOf, type Place } from './sockets.test-support.ts'

export type Io = Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, WithSession<Cart>>

/** Serves Socket.IO at a place; a socket says who it belongs to, and answers what is asked of the session. */
export function serveIo(place: Place, options: BindOptions = {}): Io {
  const io: Io = new Server(place.server)
  bindSessions(place.store, io, { ...place.options, ...options })
  answerIn(io.of('/'))
  onTestFinished(() => io.close())
  return io
}

export function answerIn(namespace: ReturnType<Io['of']>): void {
  namespace.on('connection', (socket) => {
    const { session } = socket.data
    socket.emit('hello', session.userId)
    socket.on('data', (answer: (cart: readonly string[]) => void) => answer(session.data.cart))
    socket.on('read', async (answer: (cart: readonly string[] | null) => void) =>
      answer((await session.read())?.data.cart ?? null),
    )
  })
}

export type Transport = 'polling' | 'websocket'

export function clientOf(
  { port, token }: Pick<Place, 'port' | 'token'>,
  options: Partial<ManagerOptions & SocketOptions> = {},
  namespace = '',
): Client {
  const client = connect(`http://127.0.0.1:${port}${namespace}`, {
    extraHeaders: headersOf(token),
    forceNew: true,
    reconnectionDelay: 1,
    reconnectionDelayMax: 1,
    ...options,
  })
  onTestFinished(() => void client.close())
  return client
}

/** The first value that comes with an event of a client. */
export function heard(client: Client, event: string): Promise<unknown> {
  return new Promise((resolve) => client.once(event, resolve))
}

/** Why a client could not connect: the message and what came with it. */
export function refusalOf(client: Client): Promise<{ message: string; data: unknown }> {
  return new Promise((resolve) =>
    client.once('connect_error', (error) =>
      resolve({ message: error.message, data: 'data' in error ? error.data : undefined }),
    ),
  )
}
