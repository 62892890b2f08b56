import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { HTTPException } from 'hono/http-exception'
import { streamText } from 'hono/streaming'
import { afterEach, beforeEach, describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest'
import { createSessionStore, type ReadonlyData, type SessionData, SessionError } from '../core/index.ts'
import { TestClock } from '../core/test-clock.test-support.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import { listen } from '../http/listen.test-support.ts'
import { SAME_ORIGIN } from './app.test-support.ts'
import { latch } from './behaviour.test-support.ts'
import { behave } from './behaviours.test-support.ts'
import { type SessionEnv, sojourn } from './hono.ts'
import { HONO } from './hono-subject.test-support.ts'
import { type Adapter, careless, naive, overbearing, swallowing } from './hono-twins.test-support.ts'

behave(HONO)

async function setUp() {
  const engine = new FaultyEngine(memory())
  const store = await createSessionStore<SessionData>({ engine, sweep: false, clock: new TestClock() })
  onTestFinished(async () => {
    engine.cut('none')
    await store.close()
  })
  const { token } = await store.create({ userId: 'u_1' })
  const headers = { ...SAME_ORIGIN, Cookie: `__Host-id=${token}` }
  engine.forgetCalls()
  return { store, engine, token, headers }
}

const OURS = /^__Host-id=[A-Za-z0-9_-]{48}; Path=\/; Secure/

async function fill({ session }: SessionEnv<SessionData>['Variables']): Promise<boolean> {
  return session.update((draft) => {
    draft['cart'] = ['tea']
  })
}

interface Promised {
  readonly title: string
  check(adapter: Adapter): Promise<void>
  /** Breaks the promise. */
  readonly twin: Adapter
}

/** Hono's own ways, and for each an adapter that does not keep to it. */
const PROMISES: readonly Promised[] = [
  {
    title: 'HO4: an error of the application is answered by its onError alone, and the cookie goes along',
    async check(adapter) {
      const { store } = await setUp()
      const app = new Hono()
        .use(adapter(store))
        .onError((error, c) => c.text(`own: ${error.message}`, 418))
        .post('/', async (c) => {
          await c.var.session.login('u_2')
          throw new Error('mine')
        })
      const answer = await app.request('/', { method: 'POST', headers: SAME_ORIGIN })
      expect([answer.status, await answer.text()]).toEqual([418, 'own: mine'])
      expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(OURS)])
    },
    twin: swallowing,
  },
  {
    title: 'an HTTPException and a mistake in the use of sojourn reach onError as they are',
    async check(adapter) {
      const { store } = await setUp()
      const codes: unknown[] = []
      const app = new Hono()
        .use(adapter(store))
        .onError((error, c) => {
          if (error instanceof HTTPException) return error.getResponse()
          codes.push(error instanceof SessionError && error.code)
          return c.text('broken', 500)
        })
        .get('/teapot', () => {
          throw new HTTPException(418, { message: 'short and stout' })
        })
        .get('/write', async (c) => c.json(await c.var.session.update(() => undefined)))
      const teapot = await app.request('/teapot')
      const write = await app.request('/write')
      expect([teapot.status, await teapot.text()]).toEqual([418, 'short and stout'])
      expect([write.status, await write.text(), codes]).toEqual([500, 'broken', ['INVALID_ARGUMENT']])
    },
    twin: swallowing,
  },
  {
    title: "a failure of sojourn is a problem, also where Hono's own onError would answer 500",
    async check(adapter) {
      const { store, engine, headers } = await setUp()
      const app = new Hono().use(adapter(store)).get('/', (c) => c.text(c.var.session.userId ?? 'nobody'))
      engine.cut('fails')
      const answer = await app.request('/', { headers })
      expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'application/problem+json'])
      expect(answer.headers.get('retry-after')).toMatch(/^[1-5]$/)
      expect(await answer.json()).toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    },
    twin: naive,
  },
  {
    title: 'an onError that knows what to do with a failure of sojourn is left to it',
    async check(adapter) {
      const { store, engine, headers } = await setUp()
      const app = new Hono()
        .use(adapter(store))
        .onError((error, c) => {
          const code = error instanceof SessionError ? error.code : null
          if (code === 'REAUTHENTICATION_REQUIRED') return c.redirect('/password', 303)
          return c.html('<h1>Come back later</h1>', code === 'ENGINE_UNAVAILABLE' ? 503 : 500)
        })
        .get('/', (c) => c.text(c.var.session.userId ?? 'nobody'))
        .get('/transfer', (c) => {
          c.var.session.requireRecentAuth('5m')
          return c.text('done')
        })
      const sent = await app.request('/transfer')
      expect([sent.status, sent.headers.get('location')]).toEqual([303, '/password'])
      engine.cut('fails')
      const down = await app.request('/', { headers })
      expect([down.status, await down.text()]).toEqual([503, '<h1>Come back later</h1>'])
      expect(down.headers.get('retry-after')).toMatch(/^[1-5]$/)
    },
    twin: overbearing,
  },
  {
    title: 'a problem keeps the headers of CORS, and nothing that described another body',
    async check(adapter) {
      const { store, engine, headers } = await setUp()
      const app = new Hono()
        .use(cors({ origin: 'https://shop.example', credentials: true }))
        .use(adapter(store), compress({ threshold: 0 }))
        .onError((_error, c) => c.text('x'.repeat(5_000), 500, { 'Cache-Control': 'public' }))
        .all('/', (c) => c.text(c.var.session.userId ?? 'nobody'))
      engine.cut('fails')
      const asked = {
        ...headers,
        'Sec-Fetch-Site': 'cross-site',
        Origin: 'https://shop.example',
        'Accept-Encoding': 'gzip',
      }
      for (const [method, status] of [
        ['GET', 503],
        ['POST', 403],
      ] as const) {
        const answer = await app.request('/', { method, headers: asked })
        expect([answer.status, await answer.json()]).toMatchObject([status, { status }])
        expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example')
        expect(answer.headers.get('content-encoding')).toBeNull()
        expect(answer.headers.get('cache-control')).toBe('no-store')
      }
    },
    twin: careless,
  },
  {
    title: 'T21: our cookie stands beside those of the application, also on an answer that cannot be changed',
    async check(adapter) {
      const { store } = await setUp()
      const app = new Hono()
        .use(adapter(store))
        .use(async (c, next) => {
          await c.var.session.login('u_2')
          await next()
        })
        .post('/helper', (c) => {
          setCookie(c, 'theme', 'dark')
          return c.text('done')
        })
        .post('/raw', () => new Response('done', { headers: { 'Set-Cookie': 'theme=dark; Path=/' } }))
        .post('/fixed', () => Response.redirect('https://shop.example/me', 303))
      for (const [path, others] of [
        ['/helper', ['theme=dark; Path=/']],
        ['/raw', ['theme=dark; Path=/']],
        ['/fixed', []],
      ] as const) {
        const { headers } = await app.request(path, { method: 'POST', headers: SAME_ORIGIN })
        expect([path, headers.getSetCookie()]).toEqual([path, [...others, expect.stringMatching(OURS)]])
        expect(headers.get('cache-control')).toBe('private, no-store')
      }
    },
    twin: naive,
  },
  {
    title: 'of several on one path the first counts, so that phones have a transport of their own',
    async check(adapter) {
      const { store, engine, token, headers } = await setUp()
      const app = new Hono()
        .use('/api/*', adapter(store, { transport: 'bearer' }))
        .use(adapter(store), adapter(store))
        .post('*', (c) => c.json(c.var.session.userId))
      const bearer = { Authorization: `Bearer ${token}` }
      const phone = await app.request('/api/me', { method: 'POST', headers: bearer })
      const page = await app.request('/me', { method: 'POST', headers })
      expect([phone.status, page.status]).toEqual([200, 200])
      expect([await phone.json(), await page.json(), engine.calls]).toEqual(['u_1', 'u_1', ['read', 'read']])
      expect(phone.headers.get('vary')).toBe('Authorization')
    },
    twin: naive,
  },
  {
    title: 'another middleware that has set c.var.session already is a mistake that shows',
    async check(adapter) {
      const { store } = await setUp()
      const app = new Hono<{ Variables: { session: unknown } }>()
      app.use(async (c, next) => {
        c.set('session', {})
        await next()
      })
      app.onError((error, c) => c.text(error.message, 500))
      app.route(
        '/',
        new Hono().use(adapter(store)).get('/', (c) => c.text('done')),
      )
      const answer = await app.request('/')
      expect([answer.status, await answer.text()]).toEqual([500, expect.stringMatching(/Another middleware/)])
    },
    twin: naive,
  },
  {
    title: 'a part of the application that was mounted with route() answers failures by its own onError',
    async check(adapter) {
      const { store, headers, engine } = await setUp()
      const part = new Hono()
        .use(adapter(store))
        .onError((error, c) => c.text(`part: ${error.message}`, 500))
        .get('/me', (c) => c.text(c.var.session.userId ?? 'nobody'))
        .get('/broken', () => {
          throw new Error('mine')
        })
      const app = new Hono().onError((_error, c) => c.text('outer', 500)).route('/part', part)
      expect(await (await app.request('/part/broken')).text()).toBe('part: mine')
      engine.cut('fails')
      expect((await app.request('/part/me', { headers })).status).toBe(503)
    },
    twin: naive,
  },
  {
    title: "T56: without an option the client's address is the one that Hono's server for Node tells",
    async check(adapter) {
      const { store } = await setUp()
      const app = new Hono()
        .use(adapter(store, { anonymous: { perAddressPerMinute: 1 } }))
        .post('/', async (c) => c.json(await fill(c.var)))
      const port = await listen(createServer(getRequestListener(app.fetch)))
      const post = { method: 'POST', headers: SAME_ORIGIN }
      expect((await send(port, 'POST', '/', { headers: SAME_ORIGIN })).status).toBe(200)
      expect((await send(port, 'POST', '/', { headers: SAME_ORIGIN })).status).toBe(429)
      const other = { incoming: { socket: { remoteAddress: '192.0.2.7' } } }
      expect((await app.request('/', post, other)).status).toBe(200)
      expect((await app.request('/', post)).status).toBe(200)
    },
    twin: (store, options) => sojourn(store, { ...options, address: () => '192.0.2.1' }),
  },
]

describe('the middleware for Hono', () => {
  // Hono prints what no onError of the application takes.
  beforeEach(() => void vi.spyOn(console, 'error').mockReturnValue())
  afterEach(() => void vi.restoreAllMocks())

  for (const { title, check, twin } of PROMISES) {
    test(title, () => check(sojourn))
    test(`a twin is caught that breaks this: ${title}`, () =>
      expect(check(twin)).rejects.toMatchObject({ name: 'AssertionError' }))
  }

  test('T21: what a streamText callback changes comes too late, and is not stored', async () => {
    const { store, engine } = await setUp()
    const said = latch()
    let late: unknown
    const app = new Hono().use(sojourn(store)).post('/', async (c) => {
      const { session } = c.var
      await fill(c.var)
      return streamText(c, async (stream) => {
        await stream.write('one,')
        late = await session.login('u_2').catch((error: unknown) => error)
        await stream.write('two')
        said.open()
      })
    })
    const answer = await app.request('/', { method: 'POST', headers: SAME_ORIGIN })
    expect([await answer.text(), answer.headers.getSetCookie().length]).toEqual(['one,two', 1])
    await said.opened
    expect([late, engine.calls]).toMatchObject([{ code: 'HEADERS_SENT' }, ['create']])
  })

  test('T30: interleaved requests never see the session of another, nor an answer that they share', async () => {
    const { store, engine } = await setUp()
    const tokens = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => (await store.create({ userId: `u_${index}` })).token),
    )
    let turn = 0
    engine.before(async () => {
      turn += 1
      for (let wait = turn % 5; wait > 0; wait -= 1) await new Promise((resolve) => setImmediate(resolve))
    })
    const noContent = new Response(null, { status: 204 })
    const app = new Hono()
      .use(sojourn(store))
      .get('/', (c) => c.json(c.var.session.userId))
      .post('/', async (c) => {
        await c.var.session.rotate({ grace: false })
        return noContent
      })
      .get('/free', () => noContent)
    const seen = await Promise.all(
      Array.from({ length: 400 }, async (_, index) => {
        const headers = { Cookie: `__Host-id=${tokens[index % 20]}` }
        return (await app.request('/', { headers })).json()
      }),
    )
    expect(seen).toEqual(Array.from({ length: 400 }, (_, index) => `u_${index % 20}`))
    const lines = await Promise.all(
      tokens.map(async (token) => {
        const headers = { ...SAME_ORIGIN, Cookie: `__Host-id=${token}` }
        return (await app.request('/', { method: 'POST', headers })).headers.getSetCookie()
      }),
    )
    expect(new Set(lines.flat()).size).toBe(20)
    expect((await app.request('/free')).headers.getSetCookie()).toEqual([])
  })

  test('options are checked when the middleware is made', async () => {
    const { store } = await setUp()
    expect(() => sojourn(store, { origins: ['*'] })).toThrow(SessionError)
  })

  test('the type of the data reaches the handler, and the data is read-only', async () => {
    interface Shop {
      cart: string[]
    }
    const store = await createSessionStore<Shop>({
      engine: memory(),
      sweep: false,
      initial: () => ({ cart: [] }),
    })
    onTestFinished(() => store.close())
    const app = new Hono().use(sojourn(store)).get('/', (c) => {
      const { data } = c.var.session
      expectTypeOf(data).toEqualTypeOf<ReadonlyData<Shop>>()
      expectTypeOf(c.get('session').data.cart).toEqualTypeOf<readonly string[]>()
      // @ts-expect-error: the data has no such field.
      expect(data.basket).toBeUndefined()
      // @ts-expect-error: what changes goes through update.
      expect(() => data.cart.push('tea')).toThrow(TypeError)
      return c.json(data.cart)
    })
    expect(await (await app.request('/')).json()).toEqual([])
    const apart = new Hono<SessionEnv<Shop>>().use(sojourn(store))
    apart.get('/', (c) => c.json(c.var.session.data.cart.length))
    expect(await (await apart.request('/')).json()).toBe(0)
  })
})
