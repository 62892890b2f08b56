import { node } from '@elysiajs/node'
import { Elysia, status, t } from 'elysia'
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { createSessionStore, type ReadonlyData, type SessionData, SessionError } from '../core/index.ts'
import { TestClock } from '../core/test-clock.test-support.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import type { RequestSession } from '../http/index.ts'
import { SAME_ORIGIN } from './app.test-support.ts'
import { behave } from './behaviours.test-support.ts'
import { sojourn } from './elysia.ts'
import { ELYSIA, listenWith } from './elysia-subject.test-support.ts'
import {
  type Adapter,
  addressless,
  forgotten,
  hooked,
  mute,
  overbearing,
  swallowing,
} from './elysia-twins.test-support.ts'

behave(ELYSIA)

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
  return { store, engine, token, headers, app: new Elysia({ adapter: node() }) }
}

const OURS = /^__Host-id=[A-Za-z0-9_-]{48}; Path=\/; Secure/

function ask(app: { handle: (request: Request) => Promise<Response> }, path: string, init: RequestInit = {}) {
  return app.handle(new Request(`http://localhost${path}`, init))
}

const POST = { method: 'POST', headers: SAME_ORIGIN }

interface Promised {
  readonly title: string
  check(adapter: Adapter): Promise<void>
  /** Breaks the promise. */
  readonly twin: Adapter
}

/** Elysia's own ways, and for each an adapter that does not keep to it. */
const PROMISES: readonly Promised[] = [
  {
    title: 'HO4: an error of the application is answered by its own onError alone, and the cookie goes along',
    async check(adapter) {
      const { store, app } = await setUp()
      const own = app
        .use(adapter(store))
        .onError(({ error }) => new Response(error instanceof Error ? error.message : '', { status: 418 }))
        .post('/', async ({ session }) => {
          await session.login('u_2')
          throw new Error('mine')
        })
      const answer = await ask(own, '/', POST)
      expect([answer.status, await answer.text()]).toEqual([418, 'mine'])
      expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(OURS)])
    },
    twin: swallowing,
  },
  {
    title: 'a mistake in the use of sojourn reaches onError with its code',
    async check(adapter) {
      const { store, app } = await setUp()
      const codes: unknown[] = []
      const own = app
        .use(adapter(store))
        .onError(({ code }) => {
          codes.push(code)
          return 'broken'
        })
        .get('/', ({ session }) => session.update(() => undefined))
      const answer = await ask(own, '/')
      expect([answer.status, await answer.text(), codes]).toEqual([500, 'broken', ['INVALID_ARGUMENT']])
    },
    twin: swallowing,
  },
  {
    title: 'a failure of sojourn is a problem, with the headers that the application set for every answer',
    async check(adapter) {
      const { store, engine, headers, app } = await setUp()
      const own = app
        .onRequest(({ set }) => {
          set.headers['access-control-allow-origin'] = 'https://shop.example'
        })
        .use(adapter(store))
        .all('/', ({ session }) => String(session.userId))
      engine.cut('fails')
      for (const [method, site, status] of [
        ['GET', 'same-origin', 503],
        ['POST', 'cross-site', 403],
      ] as const) {
        const answer = await ask(own, '/', { method, headers: { ...headers, 'Sec-Fetch-Site': site } })
        expect(answer.status).toBe(status)
        expect(await answer.json()).toMatchObject({ status })
        expect(answer.headers.get('content-type')).toBe('application/problem+json')
        expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example')
      }
    },
    twin: mute,
  },
  {
    title: 'an onError in front of the plugin answers failures of sojourn its own way',
    async check(adapter) {
      const { store, app } = await setUp()
      const own = app
        .onError(({ error, set }) => {
          if (!(error instanceof SessionError) || error.code !== 'REAUTHENTICATION_REQUIRED') return undefined
          set.headers['location'] = '/password'
          set.status = 303
          return ''
        })
        .use(adapter(store))
        .get('/', ({ session }) => session.requireRecentAuth('5m'))
      const answer = await ask(own, '/')
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/password'])
    },
    twin: overbearing,
  },
  {
    title: 'T21: another hook that makes the response, in front of the plugin, takes no cookie away',
    async check(adapter) {
      const { store, app } = await setUp()
      const own = app
        .mapResponse(({ response }) => new Response(`<b>${response}</b>`))
        .use(adapter(store))
        .post('/', async ({ session }) => {
          await session.login('u_2')
          return 'done'
        })
      const answer = await ask(own, '/', POST)
      expect(await answer.text()).toBe('<b>done</b>')
      expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(OURS)])
    },
    twin: hooked,
  },
  {
    title: "US2: Elysia's own cookies are signed and set beside ours, and a forged cookie of ours is nobody",
    async check(adapter) {
      const { store } = await setUp()
      const app = new Elysia({ adapter: node(), cookie: { secrets: 'pepper', sign: ['theme'] } })
        .use(adapter(store))
        .post('/', async ({ session, cookie: { theme } }) => {
          await session.login('u_2')
          theme?.set({ value: 'dark', path: '/' })
          return 'done'
        })
        .get('/', ({ session, cookie: { theme } }) => [session.userId, theme?.value ?? null])
      const lines = (await ask(app, '/', POST)).headers.getSetCookie()
      expect(lines).toEqual([expect.stringMatching(/^theme=dark\./), expect.stringMatching(OURS)])
      for (const Cookie of ['__Host-id={"a":1}', `__Host-id=${'A'.repeat(48)}`, '__Host-id=%00']) {
        const answer = await ask(app, '/', { headers: { Cookie } })
        expect([Cookie, answer.status, await answer.json()]).toEqual([Cookie, 200, [null, null]])
      }
    },
    twin: hooked,
  },
  {
    title: 'a group has a transport of its own, and what stands outside knows nothing of it',
    async check(adapter) {
      const { store, engine, token, headers, app } = await setUp()
      const own = app
        .group('/api', (api) =>
          api.use(adapter(store, { transport: 'bearer' })).post('/', ({ session }) => session.login('u_2')),
        )
        .guard({}, (pages) => pages.use(adapter(store)).get('/me', ({ session }) => session.userId))
        .get('/free', ({ request }) => request.method)
      const bearer = { Authorization: `Bearer ${token}` }
      const phone = await ask(own, '/api', { method: 'POST', headers: bearer })
      expect([phone.headers.get('vary'), (await phone.text()).length]).toEqual(['Authorization', 48])
      const page = await ask(own, '/me', { headers })
      expect([page.status, page.headers.get('vary')]).toEqual([200, 'Cookie'])
      engine.forgetCalls()
      const free = await ask(own, '/free', { headers })
      expect([await free.text(), free.headers.get('vary'), engine.calls]).toEqual(['GET', null, []])
    },
    twin: forgotten,
  },
  {
    title: 'of several on one route the first counts, and one plugin used twice reads once',
    async check(adapter) {
      const { store, engine, headers, app } = await setUp()
      const plugin = adapter(store)
      const part = new Elysia({ prefix: '/part' }).use(plugin).get('/', ({ session }) => session.userId)
      const own = app
        .use(plugin)
        .use(part)
        .group('/inner', (inner) =>
          inner.use(adapter(store, { transport: 'bearer' })).post('/', ({ session }) => session.userId),
        )
      expect(await (await ask(own, '/part', { headers })).text()).toBe('u_1')
      expect(await (await ask(own, '/inner', { method: 'POST', headers })).text()).toBe('u_1')
      expect(engine.calls).toEqual(['read', 'read'])
    },
    twin: hooked,
  },
  {
    title: "T56: without an option the client's address is the one that the server for Node tells",
    async check(adapter) {
      const { store, app } = await setUp()
      const own = app
        .use(adapter(store, { anonymous: { perAddressPerMinute: 1 } }))
        .post('/', async ({ session }) => `${await fill(session)}`)
      const port = await listenWith(own)
      expect((await send(port, 'POST', '/', { headers: SAME_ORIGIN })).status).toBe(200)
      expect((await send(port, 'POST', '/', { headers: SAME_ORIGIN })).status).toBe(429)
      // A request without a server comes from nowhere, which is another address.
      expect((await ask(own, '/', POST)).status).toBe(200)
    },
    twin: addressless,
  },
]

async function fill(session: RequestSession<SessionData>): Promise<boolean> {
  return session.update((draft) => {
    draft['cart'] = ['tea']
  })
}

describe('the plugin for Elysia', () => {
  for (const { title, check, twin } of PROMISES) {
    test(title, () => check(sojourn))
    test(`a twin is caught that breaks this: ${title}`, () =>
      expect(check(twin)).rejects.toMatchObject({ name: 'AssertionError' }))
  }

  test('where Elysia passes over what writes the cookie, each request fails and says why', async () => {
    const { store } = await setUp()
    const app = new Elysia({ adapter: node(), aot: false })
      .onError(({ error }) => (error instanceof SessionError ? error.message : undefined))
      .use(sojourn(store))
      .get('/', ({ session }) => session.userId)
    expect(await (await ask(app, '/')).text()).toMatch(/`aot` must stay on/)
  })

  test('T21: a generator may change the session until its first piece, not after it', async () => {
    const { store, engine, app } = await setUp()
    let late: unknown
    const own = app.use(sojourn(store)).post('/', async function* ({ session }) {
      await fill(session)
      yield 'one,'
      late = await session.login('u_2').catch((error: unknown) => error)
      yield 'two'
    })
    const answer = await send(await listenWith(own), 'POST', '/', { headers: SAME_ORIGIN })
    expect([answer.body, answer.setCookie.length]).toEqual(['one,two', 1])
    expect([late, engine.calls]).toMatchObject([{ code: 'HEADERS_SENT' }, ['create']])
  })

  test('an answer of beforeHandle, a thrown status and a refused body carry the cookie too', async () => {
    const { store, app } = await setUp()
    const own = app
      .use(sojourn(store))
      .onTransform(({ session }) => session.login('u_2').then(() => undefined))
      .post('/early', () => 'late', { beforeHandle: () => status(202, 'early') })
      .post('/thrown', () => {
        throw status(409, 'taken')
      })
      .post('/refused', () => 'done', { body: t.Object({ name: t.String() }) })
    for (const [path, code] of [
      ['/early', 202],
      ['/thrown', 409],
      ['/refused', 422],
    ] as const) {
      const answer = await ask(own, path, {
        ...POST,
        body: '{}',
        headers: { ...SAME_ORIGIN, 'Content-Type': 'application/json' },
      })
      expect([path, answer.status, answer.headers.getSetCookie()]).toEqual([
        path,
        code,
        [expect.stringMatching(OURS)],
      ])
    }
  })

  test('T30: interleaved requests never see the session of another, nor an answer that they share', async () => {
    const { store, engine, app } = await setUp()
    const tokens = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => (await store.create({ userId: `u_${index}` })).token),
    )
    let turn = 0
    engine.before(async () => {
      turn += 1
      for (let wait = turn % 5; wait > 0; wait -= 1) await new Promise((resolve) => setImmediate(resolve))
    })
    const noContent = new Response(null, { status: 204 })
    const own = app
      .use(sojourn(store))
      .get('/', ({ session }) => session.userId)
      .post('/', async ({ session }) => {
        await session.rotate({ grace: false })
        return noContent
      })
      .get('/free', () => noContent)
    const seen = await Promise.all(
      Array.from({ length: 400 }, async (_, index) => {
        return (await ask(own, '/', { headers: { Cookie: `__Host-id=${tokens[index % 20]}` } })).text()
      }),
    )
    expect(seen).toEqual(Array.from({ length: 400 }, (_, index) => `u_${index % 20}`))
    const lines = await Promise.all(
      tokens.map(async (token) => {
        const headers = { ...SAME_ORIGIN, Cookie: `__Host-id=${token}` }
        return (await ask(own, '/', { method: 'POST', headers })).headers.getSetCookie()
      }),
    )
    expect(new Set(lines.flat()).size).toBe(20)
    expect((await ask(own, '/free')).headers.getSetCookie()).toEqual([])
  })

  test('one Request object that is handled twice is two requests', async () => {
    const { store, token, headers, app } = await setUp()
    const own = app.use(sojourn(store)).get('/', ({ session }) => String(session.userId))
    const request = new Request('http://localhost/', { headers })
    expect(await (await own.handle(request)).text()).toBe('u_1')
    await store.revoke(token)
    expect(await (await own.handle(request)).text()).toBe('null')
  })

  test('options are checked when the plugin is made', async () => {
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
    const app = new Elysia({ prefix: '/shop', adapter: node() })
      .use(sojourn(store))
      .get('/', ({ session }) => {
        expectTypeOf(session).toEqualTypeOf<RequestSession<Shop>>()
        expectTypeOf(session.data).toEqualTypeOf<ReadonlyData<Shop>>()
        // @ts-expect-error: the data has no such field.
        expect(session.data.basket).toBeUndefined()
        // @ts-expect-error: what changes goes through update.
        expect(() => session.data.cart.push('tea')).toThrow(TypeError)
        return [...session.data.cart]
      })
    expect(await (await ask(app, '/shop')).json()).toEqual([])
    // @ts-expect-error: without the plugin there is no session.
    new Elysia().get('/', ({ session }) => session)
  })
})
