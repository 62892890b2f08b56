import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { Server } from 'socket.io'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { SessionStore } from '../core/session-store.ts'
import { SocketSession } from '../http/socket-session.ts'
import { StreamConnection } from '../http/stream-connection.ts'
import { clientOf, heard, type Io, refusalOf, serveIo } from './io.test-support.ts'
import { bindSessions } from './socket.io.ts'
import {
  type Cart,
  headersOf,
  openPlace,
  type Place,
  pass,
  serveWebSockets,
  Visitor,
  visit,
} from './sockets.test-support.ts'

const MINUTE = 60_000
afterEach(() => void vi.restoreAllMocks())

/** A promise: what happens is a list of what is wrong with it. */
interface Promised {
  readonly promise: string
  readonly wrongWith: (place: Place) => Promise<string[]>
  /** Makes a part wrong, so that the promise is broken. */
  readonly break: (place: Place) => unknown
}

/** Serves sockets that answer `ping`, and on `read` what they read. */
function serveAnswering(place: Place): void {
  serveWebSockets(place, {}, (socket, _request, session) => {
    socket.send('hello')
    socket.on('message', async (text) =>
      socket.send(String(text) === 'read' ? `${(await session.read())?.id}` : 'pong'),
    )
  })
}

/** A socket that was told to close answers nothing any more, so that one of the two comes for certain. */
async function isOpen(visitor: Visitor): Promise<boolean> {
  return Promise.race([visitor.closed.then(() => false), visitor.ask('ping').then(() => true)])
}

async function stillOpenAfter(place: Place, end: () => Promise<unknown>): Promise<string[]> {
  serveAnswering(place)
  const visitor = await visit(place.port, place.token)
  await end()
  await pass(place, 1_000)
  return (await isOpen(visitor)) ? ['it is open'] : []
}

/** What many build first: it closes on events alone. */
function watchEventsOnly(): void {
  vi.spyOn(SessionStore.prototype, 'watch').mockImplementation(function (
    this: SessionStore<unknown>,
    session,
    onEnded,
  ) {
    return this.on('ended', ({ id }) => id === session.id && onEnded())
  })
}

const PROMISES: readonly Promised[] = [
  {
    promise: 'WS2: a socket closes without an event',
    wrongWith: (place) => stillOpenAfter(place, () => place.elsewhere.revoke(place.token)),
    break: watchEventsOnly,
  },
  {
    promise: 'WS5: a socket closes when its session expires',
    wrongWith: (place) => stillOpenAfter(place, () => pass(place, 30 * MINUTE)),
    break: watchEventsOnly,
  },
  {
    promise: 'WS3: a socket that reads anew stays after a rotation',
    async wrongWith(place) {
      serveAnswering(place)
      const visitor = await visit(place.port, place.token)
      const rotated = await place.elsewhere.rotate(place.token)
      await place.elsewhere.read(rotated?.token ?? '')
      await pass(place, 5 * MINUTE)
      visitor.socket.send('read')
      const read = await Promise.race([visitor.hears(), visitor.closed])
      return read === place.session.id ? [] : ['it was closed']
    },
    // The token of the handshake is retired when its grace is over: to present it then ends the session.
    break: ({ store, token }) =>
      vi.spyOn(SocketSession.prototype, 'read').mockImplementation(() => store.read(token)),
  },
  {
    promise: 'WS4: a socket that has closed is not watched any more',
    async wrongWith(place) {
      const sockets = serveWebSockets(place)
      const visitor = await visit(place.port, place.token)
      visitor.socket.close()
      await expect.poll(() => sockets.clients.size).toBe(0)
      await pass(place, 1_000)
      return place.clock.armed === 0 ? [] : ['a timer is armed']
    },
    break: () => vi.spyOn(StreamConnection.prototype, 'onClosed').mockReturnValue(),
  },
  {
    promise: 'T46: who only connects again is not active',
    async wrongWith(place) {
      serveWebSockets(place)
      await pass(place, 29 * MINUTE)
      await visit(place.port, place.token)
      await pass(place, MINUTE)
      return (await place.elsewhere.read(place.token)) === null ? [] : ['the session lives on']
    },
    break: ({ options }) => Object.assign(options, { touch: () => true }),
  },
  {
    promise: 'T62: what comes after the end is not handled',
    async wrongWith(place) {
      const handled: string[] = []
      serveWebSockets(place, {}, (socket, _request, session) => {
        socket.send('hello')
        socket.on('message', (text) => handled.push(`${text} as ${session.current?.userId ?? 'nobody'}`))
      })
      const visitor = await visit(place.port, place.token)
      const ended = place.store.revoke(place.session)
      // It has not read yet that it is out.
      visitor.socket.send('pay')
      await ended
      visitor.socket.send('pay')
      await visitor.closed
      return handled.filter((text) => text.includes('nobody'))
    },
    break: () => vi.spyOn(WebSocket.prototype, 'removeAllListeners').mockReturnThis(),
  },
  {
    promise: 'T29: a namespace that is made later is guarded',
    async wrongWith(place) {
      serveIo(place).of('/later')
      const client = clientOf(place, { extraHeaders: headersOf('') }, '/later')
      const connected = heard(client, 'connect').then(() => ['a stranger is in'])
      return Promise.race([connected, refusalOf(client).then(() => [])])
    },
    break: () => vi.spyOn(Server.prototype, 'on').mockReturnThis(),
  },
  {
    promise: 'polling reads once',
    async wrongWith(place) {
      serveIo(place)
      const client = clientOf(place, { transports: ['polling'] })
      await heard(client, 'hello')
      for (let turn = 0; turn < 5; turn += 1) await client.emitWithAck('data')
      return place.engine.calls.slice(1)
    },
    // As session middleware is attached, by the book: it runs for each poll.
    break(place) {
      const { attach } = Server.prototype
      vi.spyOn(Server.prototype, 'attach').mockImplementation(function (this: Server, ...args) {
        const io = attach.apply(this, args)
        io.engine.use((_request: IncomingMessage, _response: unknown, next: () => void) =>
          place.store.read(place.token).then(() => next()),
        )
        return io
      })
    },
  },
]

describe.each(PROMISES)('$promise', ({ wrongWith, break: breakIt }) => {
  test('holds', async () => {
    expect(await wrongWith(await openPlace())).toEqual([])
  })

  test('and a part that breaks it is caught', async () => {
    const place = await openPlace()
    breakIt(place)
    expect(await wrongWith(place)).not.toEqual([])
  })
})

describe('what is refused when it is set up', () => {
  test('T29: a listener that does not look at the origin would let another site in', async () => {
    const place = await openPlace()
    const sockets = new WebSocketServer({ noServer: true })
    onTestFinished(() => {
      for (const socket of sockets.clients) socket.terminate()
    })
    place.server.on('upgrade', async (request: IncomingMessage, stream: Duplex, head: Buffer) => {
      const token = request.headers.cookie?.split('=')[1] ?? ''
      if ((await place.store.read(token)) !== null) {
        sockets.handleUpgrade(request, stream, head, (socket) => socket.send('hello'))
      }
    })
    const visitor = new Visitor(place.port, headersOf(place.token, { Origin: 'https://evil.example' }))
    expect(await Promise.race([visitor.hears(), visitor.refused])).toBe('hello')
  })

  test('T62: a server that recovers connections would send what was missed to who has logged out', async () => {
    const place = await openPlace()
    const io: Io = new Server<never, never, never, { session: SocketSession<Cart> }>(place.server, {
      connectionStateRecovery: {},
    })
    onTestFinished(() => io.close())
    // As if it were not set.
    bindSessions(
      place.store,
      { _opts: {}, _nsps: io._nsps, on: (event, listener) => io.on(event, listener) },
      place.options,
    )
    const cut = new Promise((resolve) => {
      io.on('connection', (socket) => {
        socket.join('room')
        socket.on('disconnect', resolve)
      })
    })
    const client = clientOf(place, { transports: ['websocket'], reconnection: false })
    const first = heard(client, 'news')
    await heard(client, 'connect')
    io.emit('news', 'all is well')
    await first
    client.io.engine.close()
    await cut
    await place.store.revoke(place.session)
    io.to('room').emit('news', 'a secret')
    const leaked = heard(client, 'news')
    client.connect()
    expect(await leaked).toBe('a secret')
  })
})
