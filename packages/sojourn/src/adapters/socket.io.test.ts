import { type DefaultEventsMap, Server } from 'socket.io'
import { describe, expect, onTestFinished, test } from 'vitest'
import { answerIn, clientOf, heard, type Io, refusalOf, serveIo, type Transport } from './io.test-support.ts'
import { bindSessions, type WithSession } from './socket.io.ts'
import { type Cart, headersOf, openPlace, type Place, pass } from './sockets.test-support.ts'

const MINUTE = 60_000
const TRANSPORTS: readonly Transport[] = ['polling', 'websocket']
const KICKED = 'io server disconnect'

/** Connects, and waits for the greeting. */
async function visit(place: Place, transport: Transport, namespace = '') {
  const client = clientOf(place, { transports: [transport] }, namespace)
  await heard(client, 'hello')
  return client
}

describe.each(TRANSPORTS)('Socket.IO over %s', (transport) => {
  test('T29: connects with a session, and messages read and write nothing', async () => {
    const place = await openPlace()
    serveIo(place)
    const client = clientOf(place, { transports: [transport] })
    expect(await heard(client, 'hello')).toBe('u_1')
    for (let turn = 0; turn < 20; turn += 1) expect(await client.emitWithAck('data')).toEqual([])
    expect(place.engine.calls).toEqual(['read'])
  })

  test.each([
    ['another origin', { Origin: 'https://evil.example' }, 403, 0],
    ['a subdomain', { Origin: 'https://evil.bank.example', 'Sec-Fetch-Site': 'same-site' }, 403, 0],
    ['no session', { Cookie: '' }, 401, 0],
    ['a dead session', { Cookie: `__Host-id=${'A'.repeat(48)}` }, 401, 1],
  ])('T29: %s gets a connect_error', async (_what, headers, status, reads) => {
    const place = await openPlace()
    const io = serveIo(place)
    const extraHeaders = headersOf(place.token, { ...headers })
    const client = clientOf(place, { transports: [transport], extraHeaders })
    const { message, data } = await refusalOf(client)
    expect(data).toEqual({ status, retryAfter: null })
    expect(message).toMatch(status === 401 ? /log in/ : /origin/)
    expect([io.of('/').sockets.size, place.engine.calls.length]).toEqual([0, reads])
  })

  test('T29: who is refused connects with the cookie of a later log-in', async () => {
    const place = await openPlace()
    serveIo(place)
    const client = clientOf(place, { transports: [transport], extraHeaders: headersOf('') })
    await refusalOf(client)
    Object.assign(client.io.opts, { extraHeaders: headersOf(place.token) })
    client.connect()
    expect(await heard(client, 'hello')).toBe('u_1')
  })

  test('T75: with the engine down it gets a connect_error, and connects afterwards', async () => {
    const place = await openPlace()
    serveIo(place)
    place.engine.cut('fails')
    const client = clientOf(place, { transports: [transport] })
    expect(await refusalOf(client)).toEqual({
      message: 'Sessions cannot be read now.',
      data: { status: 503, retryAfter: expect.any(Number) },
    })
    place.engine.cut('none')
    client.connect()
    expect(await heard(client, 'hello')).toBe('u_1')
  })

  test('T62: is disconnected when the session ends in this process, and does not come back', async () => {
    const place = await openPlace()
    const io = serveIo(place)
    const client = await visit(place, transport)
    const disconnected = heard(client, 'disconnect')
    await place.store.revoke(place.session)
    expect(await disconnected).toBe(KICKED)
    expect([client.active, io.of('/').sockets.size]).toEqual([false, 0])
    const refused = refusalOf(client)
    client.connect()
    expect((await refused).data).toEqual({ status: 401, retryAfter: null })
  })

  test.each([
    ['revoke', ({ elsewhere, token }: Place) => elsewhere.revoke(token)],
    ['revokeUser', ({ elsewhere }: Place) => elsewhere.revokeUser('u_1')],
    ['revokeAll', ({ elsewhere }: Place) => elsewhere.revokeAll()],
  ] as const)('T62: is disconnected within a second of %s in another process', async (_verb, end) => {
    const place = await openPlace()
    serveIo(place)
    const disconnected = heard(await visit(place, transport), 'disconnect')
    await end(place)
    place.clock.advance(1_000)
    expect(await disconnected).toBe(KICKED)
  })

  test('WS5: expiry disconnects it within half a second, and not before', async () => {
    const place = await openPlace()
    serveIo(place)
    const client = await visit(place, transport)
    const disconnected = heard(client, 'disconnect')
    await pass(place, 30 * MINUTE - 100)
    expect(await client.emitWithAck('data')).toEqual([])
    await pass(place, 600)
    expect(await disconnected).toBe(KICKED)
  })

  test.each([true, false])('WS3: a rotation with grace %s keeps it, and it can still read', async (grace) => {
    const place = await openPlace()
    serveIo(place)
    const client = await visit(place, transport)
    const rotated = await place.elsewhere.rotate(place.token, { grace })
    await place.elsewhere.update(rotated?.token ?? '', (draft) => draft.cart.push('milk'))
    await pass(place, 5 * MINUTE)
    expect(await client.emitWithAck('data')).toEqual([])
    expect(await client.emitWithAck('read')).toEqual(['milk'])
    const disconnected = heard(client, 'disconnect')
    await place.elsewhere.revoke(rotated?.token ?? '')
    place.clock.advance(1_000)
    expect(await disconnected).toBe(KICKED)
  })

  test('T46, T47: messages keep the session alive only with touchOnMessage', async () => {
    for (const touchOnMessage of [false, true]) {
      const place = await openPlace()
      serveIo(place, { touchOnMessage })
      const client = await visit(place, transport)
      for (let minute = 0; minute < 29; minute += 1) {
        await pass(place, MINUTE)
        await client.emitWithAck('data')
      }
      await pass(place, 2 * MINUTE)
      const touches = place.engine.calls.filter((verb) => verb === 'touch').length
      expect(touches).toBe(touchOnMessage ? 29 : 0)
      expect((await place.elsewhere.read(place.token)) !== null).toBe(touchOnMessage)
    }
  })

  test('WS4: leaves no watch and no timer behind, a hundred times', async () => {
    const place = await openPlace()
    const io = serveIo(place)
    for (let round = 0; round < 100; round += 1) {
      const client = await visit(place, transport)
      client.close()
    }
    await expect.poll(() => io.engine.clientsCount).toBe(0)
    // What was decoded for the handshakes is kept for some seconds.
    await pass(place, 60_000)
    place.engine.forgetCalls()
    await pass(place, 1_000)
    expect([place.clock.armed, place.engine.calls]).toEqual([0, []])
  })
})

describe('namespaces of Socket.IO', () => {
  test('T29: all are guarded, whenever and however they were made', async () => {
    const place = await openPlace()
    const io: Io = new Server(place.server)
    onTestFinished(() => io.close())
    answerIn(io.of('/before'))
    bindSessions(place.store, io, place.options)
    answerIn(io.of('/after'))
    answerIn(io.of(/^\/room-\d+$/))
    for (const namespace of ['/before', '/after', '/room-1', '/room-2']) {
      const stranger = clientOf(place, { extraHeaders: headersOf('') }, namespace)
      expect((await refusalOf(stranger)).data).toEqual({ status: 401, retryAfter: null })
      expect(await heard(clientOf(place, {}, namespace), 'hello')).toBe('u_1')
    }
  })

  test('T29: no stranger reaches the middleware of one, also where it is made for a pattern', async () => {
    const place = await openPlace()
    const io: Io = new Server(place.server)
    onTestFinished(() => io.close())
    const seen: unknown[] = []
    const look = (namespace: ReturnType<Io['of']>) => {
      namespace.use(({ data }, next) => {
        seen.push(data.session?.userId)
        next()
      })
      answerIn(namespace)
    }
    look(io.of('/before'))
    bindSessions(place.store, io, place.options)
    look(io.of(/^\/room-\d+$/))
    for (const namespace of ['/before', '/room-1', '/room-2']) {
      await refusalOf(clientOf(place, { extraHeaders: headersOf('') }, namespace))
      expect(seen).toEqual([])
      await heard(clientOf(place, {}, namespace), 'hello')
      expect(seen.splice(0)).toEqual(['u_1'])
    }
  })

  test('of one connection share one session, one read and one end', async () => {
    const place = await openPlace()
    const io = serveIo(place)
    answerIn(io.of('/admin'))
    const client = await visit(place, 'websocket')
    const admin = client.io.socket('/admin')
    await heard(admin, 'hello')
    const [one, two] = [...io.of('/').sockets.values(), ...io.of('/admin').sockets.values()]
    expect(one?.data.session).toBe(two?.data.session)
    expect(place.engine.calls).toEqual(['read'])
    const disconnected = Promise.all([heard(client, 'disconnect'), heard(admin, 'disconnect')])
    await place.store.revoke(place.session)
    expect(await disconnected).toEqual([KICKED, KICKED])
  })

  test('T62: one that was left does not keep the others from being disconnected', async () => {
    const place = await openPlace()
    const io = serveIo(place)
    answerIn(io.of('/admin'))
    const client = await visit(place, 'websocket')
    const admin = client.io.socket('/admin')
    await heard(admin, 'hello')
    const left = heard(client, 'disconnect')
    client.disconnect()
    await left
    const disconnected = heard(admin, 'disconnect')
    await place.store.revoke(place.session)
    expect(await disconnected).toBe(KICKED)
  })

  test('T82: a listener of one that throws does not keep the others connected', async () => {
    const place = await openPlace()
    const io = serveIo(place)
    answerIn(io.of('/admin'))
    io.on('connection', (socket) => {
      socket.on('disconnect', () => {
        throw new Error('a mistake of the application')
      })
    })
    const client = await visit(place, 'websocket')
    const admin = client.io.socket('/admin')
    await heard(admin, 'hello')
    const disconnected = heard(admin, 'disconnect')
    await place.store.revoke(place.session)
    await disconnected
    expect([io.of('/admin').sockets.size, place.store.counters().listenerFailures]).toEqual([0, 1])
  })

  test('T62: one that is still connecting when the session ends does not connect', async () => {
    const place = await openPlace()
    const io = serveIo(place)
    const connected: unknown[] = []
    io.on('connection', (socket) => connected.push(socket))
    io.use((_socket, next) => void place.store.revoke(place.session).then(() => next()))
    const client = clientOf(place, { transports: ['websocket'] })
    expect((await refusalOf(client)).data).toEqual({ status: 401, retryAfter: null })
    expect(connected).toEqual([])
  })
})

describe('a connection of Socket.IO', () => {
  test('T31: a browser that polls its own origin says so without Origin, and connects', async () => {
    const place = await openPlace()
    serveIo(place)
    const { Cookie = '' } = headersOf(place.token)
    const connectWith = (site: string) => {
      const extraHeaders = { Cookie, 'Sec-Fetch-Site': site }
      return clientOf(place, { transports: ['polling'], extraHeaders })
    }
    expect(await heard(connectWith('same-origin'), 'hello')).toBe('u_1')
    expect((await refusalOf(connectWith('cross-site'))).data).toMatchObject({ status: 403 })
  })

  test('T62: keeps its session when it changes from polling to WebSocket', async () => {
    const place = await openPlace()
    serveIo(place)
    const client = clientOf(place)
    await heard(client, 'hello')
    if (client.io.engine.transport.name !== 'websocket') {
      await new Promise((resolve) => client.io.engine.once('upgrade', resolve))
    }
    expect(place.engine.calls).toEqual(['read'])
    const disconnected = heard(client, 'disconnect')
    await place.store.revoke(place.session)
    expect(await disconnected).toBe(KICKED)
  })

  test('T75: may try again without a new handshake when the engine is back', async () => {
    const place = await openPlace()
    serveIo(place)
    place.engine.cut('fails')
    const headers = headersOf(place.token)
    const url = `http://127.0.0.1:${place.port}/socket.io/?EIO=4&transport=polling`
    const poll = async (path: string) => (await fetch(path, { headers })).text()
    const { sid }: { readonly sid: string } = JSON.parse((await poll(url)).slice(1))
    const connect = async () => {
      await fetch(`${url}&sid=${sid}`, { method: 'POST', headers, body: '40' })
      return poll(`${url}&sid=${sid}`)
    }
    expect(await connect()).toMatch(/^44\{.*"status":503/)
    place.engine.cut('none')
    expect(await connect()).toMatch(/^40\{/)
  })

  test('T62: is not recovered, because what it missed is sent before anybody looks at the session', async () => {
    const place = await openPlace()
    for (const connectionStateRecovery of [{}, { skipMiddlewares: false }]) {
      const io: Io = new Server({ connectionStateRecovery })
      expect(() => bindSessions(place.store, io)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining('connectionStateRecovery'),
        }),
      )
    }
  })

  test('T14: tells other servers who it belongs to, and no more', async () => {
    const place = await openPlace()
    const io = serveIo(place)
    await visit(place, 'websocket')
    const [socket] = await io.fetchSockets()
    expect(JSON.parse(JSON.stringify(socket?.data))).toEqual({
      session: { id: place.session.id, userId: 'u_1' },
    })
  })

  test('the types know the data, and refuse a server of another session', async () => {
    const { store } = await openPlace()
    const io: Io = new Server()
    io.on('connection', ({ data: { session } }) => {
      const items: readonly string[] = session.data.cart
      // @ts-expect-error what was read cannot be assigned
      session.data.cart = [...items]
      // @ts-expect-error there is no such field
      return session.data.basket
    })
    const other = new Server<
      DefaultEventsMap,
      DefaultEventsMap,
      DefaultEventsMap,
      WithSession<{ name: string }>
    >()
    // @ts-expect-error the store holds other data than the sockets say
    bindSessions(store, other)
    const mixed = new Server<
      DefaultEventsMap,
      DefaultEventsMap,
      DefaultEventsMap,
      WithSession<Cart> & { room: string }
    >()
    bindSessions(store, mixed)
    bindSessions(store, new Server())
  })
})
