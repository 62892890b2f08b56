import { createServer, type IncomingMessage, request } from 'node:http'
import type { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore, type SessionData } from '../core/index.ts'
import { TestClock } from '../core/test-clock.test-support.ts'
import { memory } from '../engines/memory/index.ts'
import { FaultyEngine } from './faulty-engine.test-support.ts'
import type { HttpEvent, HttpOptions } from './index.ts'
import { listen } from './listen.test-support.ts'
import { admitUpgrades } from './upgrade.ts'

const OWN = 'https://bank.example'
const HELLO = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

/** A server whose sockets say who they belong to, and two processes that share its store. */
async function start(http: HttpOptions = {}) {
  const engine = new FaultyEngine(memory())
  const clock = new TestClock()
  const options = { sweep: false, clock } as const
  const store = await createSessionStore<SessionData>({ ...options, engine })
  const elsewhere = await createSessionStore<SessionData>({ ...options, engine })
  const { token, session } = await store.create({ userId: 'u_1' })
  const events: HttpEvent[] = []
  const onEvent = (event: HttpEvent) => events.push(event)
  const admit = admitUpgrades(store, { origins: [OWN], onEvent, ...http })
  const served: (Promise<void> | undefined)[] = []
  const server = createServer()
  const sockets = new Set<Duplex>()
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex) => {
    // As a WebSocket library does: it reads, and closes when the other side has.
    sockets.add(socket.resume().on('end', () => socket.end()))
    served.push(
      admit(incoming, socket).then((found) => {
        if (found !== null) socket.write(`${HELLO}${found.userId}`)
      }),
    )
  })
  const port = await listen(server)
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    engine.cut('none')
    await store.close()
  })
  engine.forgetCalls()
  return { port, store, elsewhere, engine, clock, token, session, events, served, sockets }
}

interface Opened {
  readonly status: number
  readonly retryAfter: string | undefined
  /** What the server wrote first, and when it closed. */
  readonly first: string
  readonly closed: Promise<void>
  readonly end: () => void
}

/** Asks for a WebSocket as a browser does. */
function open(port: number, headers: Record<string, string>): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      agent: false,
      headers: { Connection: 'Upgrade', Upgrade: 'websocket', ...headers },
    })
    outgoing.on('error', reject)
    outgoing.on('response', (answer) => {
      const { statusCode: status = 0, headers: sent } = answer
      answer.resume()
      const closed = new Promise<void>((done) => answer.on('close', done))
      resolve({ status, retryAfter: sent['retry-after'], first: '', closed, end: () => outgoing.destroy() })
    })
    outgoing.on('upgrade', (_answer, socket, head) => {
      const closed = new Promise<void>((done) => socket.on('close', () => done()))
      const done = (first: string) =>
        resolve({ status: 101, retryAfter: undefined, first, closed, end: () => socket.destroy() })
      if (head.length > 0) done(head.toString())
      else socket.once('data', (chunk: Buffer) => done(chunk.toString()))
    })
    outgoing.end()
  })
}

const cookie = (token: string, more: Record<string, string> = {}) => ({
  Cookie: `__Host-id=${token}`,
  ...more,
})

describe('an upgrade', () => {
  test('T29: passes with a session and an origin of the list', async () => {
    const { port, token } = await start()
    const { status, first, end } = await open(
      port,
      cookie(token, { Origin: OWN, 'Sec-Fetch-Site': 'same-origin' }),
    )
    expect([status, first]).toEqual([101, 'u_1'])
    end()
  })

  test.each([
    ['another origin', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
    ['another origin, from a browser without fetch metadata', { Origin: 'https://evil.example' }],
    ['a subdomain', { Origin: 'https://evil.bank.example', 'Sec-Fetch-Site': 'same-site' }],
    ['the origin null', { Origin: 'null' }],
    ['no origin', {}],
  ])('T29: %s is refused with 403, and the engine is not asked', async (_what, headers) => {
    const { port, token, engine, events } = await start()
    const { status, closed } = await open(port, cookie(token, { ...headers }))
    await closed
    expect([status, engine.calls]).toEqual([403, []])
    expect(events).toEqual([{ name: 'malicious_csrf', method: 'GET', check: 'origin' }])
  })

  test('T29: a native client comes with a bearer token and without an origin', async () => {
    const { port, token } = await start({ transport: 'bearer' })
    const { first, end } = await open(port, { Authorization: `Bearer ${token}` })
    expect(first).toBe('u_1')
    end()
    expect((await open(port, cookie(token, { Origin: OWN }))).status).toBe(401)
  })

  test.each(['', 'A'.repeat(48), 'short'])(
    'T29: without a live session it is refused with 401: %j',
    async (token) => {
      const { port } = await start()
      const { status, closed } = await open(port, cookie(token, { Origin: OWN }))
      await closed
      expect(status).toBe(401)
    },
  )

  test('T29, T62: the socket closes when the session ends in this process', async () => {
    const { port, token, store, session } = await start()
    const { closed } = await open(port, cookie(token, { Origin: OWN }))
    await store.revoke(session)
    await closed
  })

  test('T29, T62: the socket closes within a second when the session ends in another process', async () => {
    const { port, token, elsewhere, clock } = await start()
    const { closed } = await open(port, cookie(token, { Origin: OWN }))
    await elsewhere.revokeUser('u_1')
    clock.advance(1_000)
    await closed
  })

  test('T29: the socket closes when the session expires', async () => {
    const { port, token, store, clock } = await start()
    const { closed } = await open(port, cookie(token, { Origin: OWN }))
    clock.advance(30 * 60_000 - 1)
    await store.drain()
    clock.advance(500)
    await closed
  })

  test('a rotation keeps the socket', async () => {
    const { port, token, store, clock, session } = await start()
    const { closed, end } = await open(port, cookie(token, { Origin: OWN }))
    let isClosed = false
    void closed.then(() => (isClosed = true))
    const rotated = await store.rotate(token, { grace: false })
    clock.advance(1_000)
    await store.drain()
    expect([rotated?.session.id, isClosed]).toEqual([session.id, false])
    end()
  })

  test('a socket that is gone is not watched any more', async () => {
    const { port, token, store, engine, clock } = await start()
    for (let round = 0; round < 50; round += 1) {
      const { closed, end } = await open(port, cookie(token, { Origin: OWN }))
      end()
      await closed
    }
    await expect
      .poll(async () => {
        await store.drain()
        engine.forgetCalls()
        clock.advance(1_000)
        await store.drain()
        return engine.calls
      })
      .toEqual([])
  })

  test('T75: with the engine down it is refused with 503, and passes again afterwards', async () => {
    const { port, token, engine } = await start()
    engine.cut('fails')
    const { status, retryAfter, closed } = await open(port, cookie(token, { Origin: OWN }))
    await closed
    expect([status, retryAfter]).toEqual([503, expect.stringMatching(/^[1-5]$/)])
    engine.cut('none')
    expect((await open(port, cookie(token, { Origin: OWN }))).status).toBe(101)
  })

  test('T83: a client that goes away meanwhile leaves no watch and no failure behind', async () => {
    const { port, token, engine, served, sockets } = await start()
    let release: () => void = () => undefined
    const reached = new Promise<void>((resolve) => {
      engine.before(async () => {
        resolve()
        await new Promise<void>((go) => {
          release = go
        })
      })
    })
    const outgoing = request({
      host: '127.0.0.1',
      port,
      agent: false,
      headers: cookie(token, { Connection: 'Upgrade', Upgrade: 'websocket', Origin: OWN }),
    })
    outgoing.on('error', () => undefined)
    outgoing.end()
    await reached
    const closed = [...sockets].map((socket) => new Promise((resolve) => socket.on('close', resolve)))
    outgoing.socket?.resetAndDestroy()
    await Promise.all(closed)
    release()
    await Promise.all(served)
    expect(closed).toHaveLength(1)
    expect(engine.calls).toEqual(['read'])
  })

  test('a mistake of the application becomes a warning, and the client gets no detail', async () => {
    const warning = new Promise<Error>((resolve) => process.once('warning', resolve))
    const touch = () => JSON.parse('{')
    const { port, token } = await start({ touch })
    expect((await open(port, cookie(token, { Origin: OWN }))).status).toBe(500)
    expect(await warning).toBeInstanceOf(SyntaxError)
  })

  test('T26: two Authorization lines are refused with 400', async () => {
    const { port, token } = await start({ transport: 'both' })
    const both = cookie(token, { Origin: OWN, Authorization: `Bearer ${token}` })
    expect((await open(port, both)).status).toBe(400)
  })
})
