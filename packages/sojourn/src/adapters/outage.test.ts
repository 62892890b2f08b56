import { Agent } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SessionError } from '../core/errors.ts'
import { memory } from '../engines/memory/index.ts'
import { Browser, send } from '../http/client.test-support.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import { APP } from './app.test-support.ts'
import { ADAPTERS, type Adapter, type Routes, start } from './servers.test-support.ts'

const SAME_ORIGIN = { 'Sec-Fetch-Site': 'same-origin' }
const READS = ['GET /me', 'GET /devices', 'GET /csrf']
const WRITES = [
  'POST /login',
  'POST /begin',
  'POST /add',
  'POST /rotate',
  'POST /prove',
  'POST /logout',
  'POST /revoke',
  'POST /revoke-others',
]

async function loggedIn(adapter: Adapter, routes: Routes = {}) {
  const running = await start(adapter, { ...APP, ...routes }, { store: { timeout: 50 } })
  const { token } = await running.store.create({ userId: 'u_1' })
  return { ...running, token, headers: { ...SAME_ORIGIN, Cookie: `__Host-id=${token}` } }
}

describe.each(ADAPTERS)('over $name', (adapter) => {
  test.each([...READS, ...WRITES])(
    'T75: with the engine down, %s answers 503, keeps the cookie and says nothing',
    async (route) => {
      const { port, engine, headers, token, store } = await loggedIn(adapter)
      const [method = '', path = ''] = route.split(' ')
      for (const fault of ['fails', 'hangs'] as const) {
        engine.cut(fault)
        const { status, setCookie, body, headers: sent } = await send(port, method, path, { headers })
        expect([status, setCookie]).toEqual([503, []])
        expect(sent['retry-after']).toMatch(/^[1-5]$/)
        expect(sent).toMatchObject({
          'cache-control': 'no-store',
          vary: 'Cookie',
          'content-type': 'application/problem+json',
        })
        expect(Object.keys(JSON.parse(body)).sort()).toEqual(['code', 'status', 'title', 'type'])
        expect(body).not.toMatch(/connection lost|read|50 ms/)
      }
      engine.cut('none')
      expect(await store.read(token)).toMatchObject({ userId: 'u_1', data: { cart: [] } })
    },
  )

  test('T75: routes that do not touch the session work on', async () => {
    const { port, engine, headers } = await loggedIn(adapter)
    for (const fault of ['fails', 'hangs'] as const) {
      engine.cut(fault)
      const { status, setCookie, headers: sent } = await send(port, 'GET', '/free', { headers })
      expect([status, setCookie, sent['retry-after']]).toEqual([200, [], undefined])
    }
  })

  test('T75: an outage is never an anonymous session: no change is begun in its place', async () => {
    const { port, engine, headers } = await loggedIn(adapter)
    engine.cut('fails', ['read'])
    for (const path of ['/add', '/login', '/begin']) {
      engine.forgetCalls()
      const { status, setCookie } = await send(port, 'POST', path, { headers })
      expect([status, setCookie, engine.calls]).toEqual([503, [], ['read']])
    }
  })

  test('T75: a write that fails after a good read is 503 too, and the session stays as it was', async () => {
    const { port, engine, headers, token, store } = await loggedIn(adapter)
    engine.cut('fails', ['create', 'replace', 'end', 'endUser', 'list'])
    for (const route of [...WRITES.filter((write) => write !== 'POST /revoke'), 'GET /devices']) {
      const [method = '', path = ''] = route.split(' ')
      const { status, setCookie, headers: sent } = await send(port, method, path, { headers })
      expect([route, status, setCookie]).toEqual([route, 503, []])
      expect(sent['retry-after']).toMatch(/^[1-5]$/)
    }
    engine.cut('none')
    expect(await store.read(token)).toMatchObject({ userId: 'u_1', data: { cart: [] } })
  })

  test.each(['ENGINE_REFUSED', 'STORE_FULL'] as const)(
    'T75, T85: %s is a 503 that asks to come again, keeps the cookie, and does not say what the engine said',
    async (code) => {
      const { port, engine, headers } = await loggedIn(adapter)
      engine.failWith(() => new SessionError(code, 'marked-detail of the server'))
      for (const [method, path] of [
        ['GET', '/me'],
        ['POST', '/add'],
      ] as const) {
        const { status, setCookie, body, headers: sent } = await send(port, method, path, { headers })
        expect([status, setCookie, JSON.parse(body).code]).toEqual([503, [], code])
        expect(sent['retry-after']).toMatch(/^[1-5]$/)
        expect(body).not.toContain('marked-detail')
      }
    },
  )

  test('T75: when the engine is back, so is the session', async () => {
    const { port, engine, headers } = await loggedIn(adapter)
    engine.cut('hangs')
    expect((await send(port, 'GET', '/me', { headers })).status).toBe(503)
    engine.cut('none')
    expect(JSON.parse((await send(port, 'GET', '/me', { headers })).body).userId).toBe('u_1')
  })

  test("T75: an application's own error page gets Retry-After and the caching headers as well", async () => {
    const { port, engine, headers } = await loggedIn(adapter, {
      'POST /own': async ({ session, response }) => {
        try {
          await session.update((draft) => Object.assign(draft, { seen: true }))
        } catch {
          response.writeHead(503, { 'Content-Type': 'text/html' }).end('<h1>Soon</h1>')
        }
      },
    })
    for (const verb of ['read', 'replace'] as const) {
      engine.cut('fails', [verb])
      const { status, headers: sent, body } = await send(port, 'POST', '/own', { headers })
      expect([status, body]).toEqual([503, '<h1>Soon</h1>'])
      expect(sent['retry-after']).toMatch(/^[1-5]$/)
      expect(sent).toMatchObject({ 'cache-control': 'private, no-store', vary: 'Cookie' })
    }
  })

  test.each(['ENOENT', 'ENOTFOUND', 'NotFoundError', 'NoSuchKey'])(
    'T76: an engine error %s is 503, never an absent session',
    async (code) => {
      const { port, engine, headers } = await loggedIn(adapter, {
        'GET /code': ({ session, response }) => {
          try {
            return session.userId
          } catch (error) {
            response.end(error instanceof Error && 'code' in error ? String(error.code) : 'none')
            return undefined
          }
        },
      })
      engine.failWith(() =>
        Object.assign(new Error(`${code}: no such file or directory`), { code, name: code }),
      )
      const { status, setCookie, body } = await send(port, 'GET', '/me', { headers })
      expect([status, setCookie, JSON.parse(body).code]).toEqual([503, [], 'ENGINE_UNAVAILABLE'])
      expect(body).not.toContain(code)
      expect((await send(port, 'GET', '/code', { headers })).body).toBe('ENGINE_UNAVAILABLE')
    },
  )

  test('T83: the process lives when the engine dies under load', async () => {
    const floating: unknown[] = []
    const note = (reason: unknown) => floating.push(reason)
    process.on('unhandledRejection', note)
    onTestFinished(() => void process.off('unhandledRejection', note))
    const { port, engine, headers, store } = await loggedIn(adapter)
    const agent = new Agent({ keepAlive: true, maxSockets: 50 })
    onTestFinished(() => agent.destroy())
    const routes = [...READS, ...WRITES, 'GET /free'].map((route) => route.split(' '))
    const statuses = new Map<number, number>()
    const faults = ['none', 'fails', 'hangs', 'none'] as const
    for (const fault of faults) {
      const answers = Array.from({ length: 250 }, (_, index) => {
        if (index === 50) engine.cut(fault)
        const [method = '', path = ''] = routes[index % routes.length] ?? []
        const isWrite = method === 'POST' && path !== '/add'
        return send(port, method, path, { headers: isWrite ? SAME_ORIGIN : headers, agent })
      })
      for (const { status } of await Promise.all(answers))
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    engine.cut('none')
    await store.drain()
    await new Promise((resolve) => setImmediate(resolve))
    expect(floating).toEqual([])
    expect(statuses.get(503)).toBeGreaterThan(100)
    expect((await send(port, 'GET', '/me', { headers })).status).toBe(200)
    expect([...statuses.keys()].every((status) => [200, 401, 429, 503].includes(status))).toBe(true)
  })

  test('a failure of the handler itself is 500 without detail, and no process ends', async () => {
    const { port, headers } = await loggedIn(adapter, {
      'GET /bug': async () => Promise.reject(new Error('SELECT secret FROM users')),
    })
    const { status, body } = await send(port, 'GET', '/bug', { headers })
    expect([status, body]).toEqual([500, ''])
  })

  test("a mistake in the code goes to the application's own error handler, not to the client", async () => {
    const { port, headers } = await loggedIn(adapter, {
      'POST /mistake': ({ session }) => session.login(JSON.parse('7')),
    })
    const { status, body } = await send(port, 'POST', '/mistake', { headers })
    expect([status, body]).toEqual([500, ''])
  })

  test('a failure after the answer has begun closes the connection', async () => {
    const { port, headers, engine } = await loggedIn(adapter, {
      'GET /half': async ({ session, response }) => {
        response.writeHead(200, { 'Content-Length': 100 })
        response.write('half')
        engine.cut('fails')
        await session.list()
      },
    })
    await expect(send(port, 'GET', '/half', { headers })).rejects.toThrow(/aborted|hang up/)
  })
})

test('the check of T75 catches a server that goes on as nobody', async () => {
  const engine = new FaultyEngine(memory())
  const forgiving: Adapter = {
    name: 'forgiving',
    listener: (store) => async (request, response) => {
      const token = request.headers.cookie?.split('=')[1] ?? ''
      const session = await store.read(token).catch(() => null)
      response.end(JSON.stringify({ userId: session?.userId ?? null }))
    },
  }
  const { port } = await start(forgiving, {}, { engine })
  engine.cut('fails')
  expect((await new Browser(port).get('/me')).status).not.toBe(503)
})
