import { once } from 'node:events'
import { type ClientRequest, request } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { createSessionStore } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import {
  greet,
  type Handler,
  headersOf,
  openPlace,
  type Place,
  pass,
  serveWebSockets,
  Visitor,
  visit,
} from './sockets.test-support.ts'
import { SESSION_ENDED, withSocketSession } from './ws.ts'

const MINUTE = 60_000
const ENDED = { code: SESSION_ENDED, reason: 'The session has ended.' }

/** Answers what is asked of the session. */
const answer: Handler = (socket, request, session) => {
  greet(socket, request, session)
  const answers: Readonly<Record<string, () => Promise<unknown>>> = {
    data: async () => session.data.cart,
    read: async () => (await session.read())?.data.cart ?? null,
    add: () => session.update((draft) => draft.cart.push('tea')),
    touch: () => session.touch(),
  }
  socket.on('message', async (text) => {
    const ask = answers[String(text)]
    socket.send(JSON.stringify(ask === undefined ? 'what?' : await ask()))
  })
}

describe('a WebSocket', () => {
  test('T29: opens with a session and an origin of the list, in one read', async () => {
    const place = await openPlace()
    serveWebSockets(place)
    const visitor = new Visitor(place.port, headersOf(place.token, { 'Sec-Fetch-Site': 'same-origin' }))
    expect(await visitor.hears()).toBe('hello u_1')
    expect(place.engine.calls).toEqual(['read'])
  })

  test.each([
    ['another origin', { Origin: 'https://evil.example' }, 403, 0],
    ['a subdomain', { Origin: 'https://evil.bank.example', 'Sec-Fetch-Site': 'same-site' }, 403, 0],
    ['the origin null', { Origin: 'null' }, 403, 0],
    ['no session', { Cookie: '' }, 401, 0],
    ['a dead session', { Cookie: `__Host-id=${'A'.repeat(48)}` }, 401, 1],
  ])('T29: %s is refused before the handshake is answered', async (_what, headers, status, reads) => {
    const place = await openPlace()
    const handled: unknown[] = []
    serveWebSockets(place, {}, (socket) => handled.push(socket))
    const visitor = new Visitor(place.port, headersOf(place.token, { ...headers }))
    expect(await visitor.refused).toBe(status)
    expect(handled).toEqual([])
    expect(place.engine.calls).toHaveLength(reads)
  })

  test('T75: with the engine down it is refused with 503, and opens afterwards', async () => {
    const place = await openPlace()
    serveWebSockets(place)
    place.engine.cut('fails')
    expect(await new Visitor(place.port, headersOf(place.token)).refused).toBe(503)
    place.engine.cut('none')
    await visit(place.port, place.token)
  })

  test('T29, T62: closes with 4401 when the session ends in this process', async () => {
    const place = await openPlace()
    serveWebSockets(place)
    const visitors = [await visit(place.port, place.token), await visit(place.port, place.token)]
    await place.store.revoke(place.session)
    expect(await Promise.all(visitors.map(({ closed }) => closed))).toEqual([ENDED, ENDED])
  })

  test.each([
    ['revoke', ({ elsewhere, token }: Place) => elsewhere.revoke(token)],
    ['revokeUser', ({ elsewhere }: Place) => elsewhere.revokeUser('u_1')],
    ['revokeAll', ({ elsewhere }: Place) => elsewhere.revokeAll()],
    [
      'a log-in in its place',
      ({ elsewhere, token }: Place) => elsewhere.create({ userId: 'u_2', replaces: token }),
    ],
  ] as const)('T62: closes within a second of %s in another process', async (_verb, end) => {
    const place = await openPlace()
    serveWebSockets(place)
    const { closed } = await visit(place.port, place.token)
    await end(place)
    place.clock.advance(1_000)
    expect(await closed).toEqual(ENDED)
  })

  test('WS5: expiry closes it within half a second, and not before', async () => {
    const place = await openPlace()
    serveWebSockets(place, {}, answer)
    const visitor = await visit(place.port, place.token)
    await pass(place, 30 * MINUTE - 100)
    expect(await visitor.ask('data')).toBe('[]')
    await pass(place, 600)
    expect(await visitor.closed).toEqual(ENDED)
  })

  test.each([true, false])('WS3: a rotation with grace %s keeps it, and it can still read', async (grace) => {
    const place = await openPlace()
    serveWebSockets(place, {}, answer)
    const visitor = await visit(place.port, place.token)
    const rotated = await place.elsewhere.rotate(place.token, { grace })
    expect(rotated?.session.id).toBe(place.session.id)
    await place.elsewhere.update(rotated?.token ?? '', (draft) => draft.cart.push('milk'))
    // Beyond the grace the token of the handshake would end the session.
    await pass(place, 5 * MINUTE)
    expect(await visitor.ask('read')).toBe('["milk"]')
    await place.elsewhere.revoke(rotated?.token ?? '')
    place.clock.advance(1_000)
    expect(await visitor.closed).toEqual(ENDED)
  })

  test('WS3: a re-authentication keeps it', async () => {
    const place = await openPlace()
    serveWebSockets(place, {}, answer)
    const visitor = await visit(place.port, place.token)
    await place.elsewhere.reauthenticate(place.token, { userId: 'u_1' })
    await pass(place, 1_000)
    expect(await visitor.ask('touch')).toBe('true')
  })

  test('what it read grows old until it reads anew, and what it changes is stored', async () => {
    const place = await openPlace()
    serveWebSockets(place, {}, answer)
    const visitor = await visit(place.port, place.token)
    await place.elsewhere.update(place.token, (draft) => draft.cart.push('milk'))
    expect(await visitor.ask('data')).toBe('[]')
    expect(await visitor.ask('read')).toBe('["milk"]')
    expect(await visitor.ask('add')).toBe('true')
    expect(await visitor.ask('data')).toBe('["milk","tea"]')
    expect((await place.elsewhere.read(place.token))?.data.cart).toEqual(['milk', 'tea'])
  })

  test('a read that finds the session ended closes it at once', async () => {
    const place = await openPlace()
    serveWebSockets(place, {}, answer)
    const visitor = await visit(place.port, place.token)
    await place.elsewhere.revoke(place.token)
    visitor.socket.send('read')
    expect(await visitor.closed).toEqual(ENDED)
  })

  test('T46: neither a handshake nor messages keep the session alive by themselves', async () => {
    const place = await openPlace()
    serveWebSockets(place, {}, answer)
    const visitor = await visit(place.port, place.token)
    for (let minute = 0; minute < 29; minute += 1) {
      await pass(place, MINUTE)
      expect(await visitor.ask('data')).toBe('[]')
    }
    await visit(place.port, place.token)
    await pass(place, MINUTE + 500)
    expect(await visitor.closed).toEqual(ENDED)
    expect(place.engine.calls).not.toContain('touch')
  })

  test('T47: with touchOnMessage they do, and are recorded at most once in the throttle', async () => {
    const place = await openPlace()
    serveWebSockets(place, { touchOnMessage: true }, answer)
    const visitor = await visit(place.port, place.token)
    for (let step = 0; step < 200; step += 1) {
      await pass(place, 20_000)
      expect(await visitor.ask('data')).toBe('[]')
    }
    await place.store.drain()
    const touches = place.engine.calls.filter((verb) => verb === 'touch').length
    expect(touches).toBe(Math.floor((200 * 20_000) / MINUTE))
    expect(await place.elsewhere.read(place.token)).not.toBeNull()
  })

  test('T30: sockets that are open at the same time see their own sessions', async () => {
    const place = await openPlace()
    serveWebSockets(place, {}, (socket, request, session) => {
      greet(socket, request, session)
      socket.on('message', async () => socket.send(`${session.userId} ${(await session.read())?.userId}`))
    })
    const users = Array.from({ length: 40 }, (_, index) => `own_${index}`)
    const visitors = await Promise.all(
      users.map(async (userId) => {
        const { token } = await place.store.create({ userId })
        return { userId, visitor: await visit(place.port, token) }
      }),
    )
    for (let round = 0; round < 5; round += 1) {
      const said = await Promise.all(visitors.map(({ visitor }) => visitor.ask('who')))
      expect(said).toEqual(users.map((userId) => `${userId} ${userId}`))
    }
  })
})

/** A frame as a client sends it, masked with zeros. */
function frame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])
}

/** Asks for a WebSocket, as far as the handshake. */
function ask(port: number, headers: Record<string, string>): ClientRequest {
  const handshake = { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Version': '13' }
  const outgoing = request({
    host: '127.0.0.1',
    port,
    agent: false,
    headers: { Connection: 'Upgrade', Upgrade: 'websocket', ...handshake, ...headers },
  })
  return outgoing.end()
}

/** A client that answers no frame: it only writes what it is told to. */
function openDeaf(port: number, headers: Record<string, string>): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const outgoing = ask(port, headers)
    outgoing.on('error', reject)
    outgoing.on('upgrade', (_answer, stream) => resolve(stream.on('error', () => undefined)))
  })
}

describe('a client of a WebSocket', () => {
  test('WS1: that ignores being closed is not listened to, and is cut after a second', async () => {
    const place = await openPlace()
    const heard: string[] = []
    let tell: () => void = () => undefined
    const first = new Promise<void>((resolve) => {
      tell = resolve
    })
    serveWebSockets(place, {}, (socket) => {
      socket.on('message', (text) => {
        heard.push(String(text))
        tell()
      })
    })
    const stream = await openDeaf(place.port, headersOf(place.token))
    stream.write(frame('before'))
    await first
    const told = new Promise<Buffer>((resolve) => stream.once('data', resolve))
    await place.store.revoke(place.session)
    expect((await told).subarray(2, 4).readUInt16BE()).toBe(SESSION_ENDED)
    const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()))
    stream.write(frame('after'))
    place.clock.advance(999)
    expect(stream.destroyed).toBe(false)
    place.clock.advance(1)
    await closed
    expect(heard).toEqual(['before'])
  })

  test('T83: that sends a broken frame ends no process', async () => {
    const place = await openPlace()
    serveWebSockets(place)
    const stream = await openDeaf(place.port, headersOf(place.token))
    const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()))
    stream.resume().write(Buffer.from([0xff, 0xff, 0xff]))
    stream.end()
    await closed
    await visit(place.port, place.token)
  })

  test('T83: that goes away while its session is read leaves nothing behind', async () => {
    const place = await openPlace()
    const handled: unknown[] = []
    serveWebSockets(place, {}, (socket) => handled.push(socket))
    const gone = new Promise<void>((resolve) => {
      place.server.on('upgrade', (_request, stream: Duplex) => stream.on('close', resolve))
    })
    let release: () => void = () => undefined
    const reached = new Promise<void>((resolve) => {
      place.engine.before(() => {
        resolve()
        return new Promise((go) => {
          release = go
        })
      })
    })
    const outgoing = ask(place.port, headersOf(place.token))
    outgoing.on('error', () => undefined)
    await reached
    outgoing.socket?.resetAndDestroy()
    await gone
    release()
    await new Promise((resolve) => setImmediate(resolve))
    await pass(place, 1_000)
    expect([handled, place.engine.calls, place.clock.armed]).toEqual([[], ['read'], 0])
  })

  test('T83: that is refused and keeps its side open is cut all the same', async () => {
    const place = await openPlace()
    serveWebSockets(place)
    const gone = new Promise<void>((resolve) => {
      place.server.on('upgrade', (_request, stream: Duplex) => stream.on('close', resolve))
    })
    const stream = connect({ port: place.port, host: '127.0.0.1', allowHalfOpen: true })
    onTestFinished(() => void stream.destroy())
    stream.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    const [answer] = await once(stream, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 403 /)
    await gone
  })

  test('sees 1011 when the handler fails, and the application hears why', async () => {
    const place = await openPlace()
    const failed: unknown[] = []
    serveWebSockets(place, { onError: (error) => failed.push(error) }, async () => {
      throw new Error('no such room')
    })
    const { closed } = new Visitor(place.port, headersOf(place.token))
    expect((await closed).code).toBe(1011)
    expect(failed).toEqual([new Error('no such room')])
  })

  test('is refused with 500 when an option fails, and the application hears why', async () => {
    const place = await openPlace()
    const failed: unknown[] = []
    const touch = () => JSON.parse('{')
    serveWebSockets(place, { touch, onError: (error) => failed.push(error) })
    expect(await new Visitor(place.port, headersOf(place.token)).refused).toBe(500)
    expect(failed).toEqual([expect.any(SyntaxError)])
  })

  test('T83: is refused with 500 also when hearing why fails', async () => {
    const place = await openPlace()
    const warning = new Promise<Error>((resolve) => process.once('warning', resolve))
    const raise = (): never => {
      throw new RangeError('no disk for logs')
    }
    serveWebSockets(place, { touch: () => JSON.parse('{'), onError: raise })
    expect(await new Visitor(place.port, headersOf(place.token)).refused).toBe(500)
    expect(await warning).toBeInstanceOf(RangeError)
  })

  test('WS4: leaves no watch, no timer and no listener behind, three hundred times', async () => {
    const place = await openPlace()
    const sockets = serveWebSockets(place)
    const listeners = () => place.server.eventNames().map((name) => place.server.listenerCount(name))
    const before = listeners()
    for (let round = 0; round < 300; round += 1) {
      const visitor = await visit(place.port, place.token)
      visitor.socket.close()
      await visitor.closed
    }
    await expect.poll(() => sockets.clients.size).toBe(0)
    // What was decoded for the handshakes is kept for some seconds.
    await pass(place, 60_000)
    place.engine.forgetCalls()
    await pass(place, 1_000)
    expect([listeners(), place.clock.armed]).toEqual([before, 0])
    expect(place.engine.calls).toEqual([])
  })
})

describe('options of WebSockets', () => {
  test.each([
    ['touchOnMessage', { touchOnMessage: 'yes' }],
    ['onError', { onError: 'log' }],
    ['origin', { origin: 'https://bank.example' }],
    ['origins[0]', { origins: ['https://bank.example/'] }],
  ])('%s is checked when the listener is made', async (name, options) => {
    const store = await createSessionStore({ engine: memory() })
    const make = () =>
      Reflect.apply(withSocketSession, null, [store, new WebSocketServer({ noServer: true }), options, greet])
    expect(make).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(name) }),
    )
    await store.close()
  })

  test('the types know the socket and the data', async () => {
    const { store } = await openPlace()
    const sockets = new WebSocketServer({ noServer: true })
    withSocketSession(store, sockets, {}, (socket, incoming, session) => {
      const items: readonly string[] = session.data.cart
      socket.send(`${items.length} ${incoming.url}`)
      // @ts-expect-error what was read cannot be assigned
      session.data.cart = []
      // @ts-expect-error there is no such field
      socket.send(session.data.basket)
      // @ts-expect-error a socket of ws has no such method
      socket.emitAll()
      return session.update((draft) => draft.cart.push('tea'))
    })
    // @ts-expect-error it is no server of ws
    expect(() => withSocketSession(store, {}, {}, () => undefined)).not.toThrow()
  })
})
