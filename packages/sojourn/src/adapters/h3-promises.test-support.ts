import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import {
  fetchWithEvent,
  fromNodeHandler,
  H3,
  type H3Event,
  HTTPError,
  handleCors,
  type Middleware,
  onError,
  setCookie as setOwnCookie,
} from 'h3'
import { toNodeHandler } from 'h3/node'
import { expect, onTestFinished } from 'vitest'
import { createSessionStore, type SessionData, type SessionStore } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import type { HttpOptions, RequestSession } from '../http/index.ts'
import { listen } from '../http/listen.test-support.ts'
import { SAME_ORIGIN } from './app.test-support.ts'
import { latch } from './behaviour.test-support.ts'

/** The adapter, or a twin of it. */
export interface Adapter {
  sojourn(store: SessionStore<SessionData>, options?: HttpOptions<H3Event>): Middleware
  sessionOf(event: H3Event, store: SessionStore<SessionData>): RequestSession<SessionData>
}

/** Where an application of h3 runs: on Node's server, or as a function from Request to Response. */
export type Runtime = 'node' | 'web'
export const RUNTIMES: readonly Runtime[] = ['node', 'web']

/** A promise about the adapter that only h3's own ways put to the test. */
export interface Promised {
  readonly title: string
  readonly runtimes: readonly Runtime[]
  check(adapter: Adapter, runtime: Runtime): Promise<void>
}

/** A store with one user who is logged in. */
async function setUp() {
  const engine = new FaultyEngine(memory())
  const store = await createSessionStore<SessionData>({ engine, sweep: false })
  onTestFinished(() => store.close())
  const { token } = await store.create({ userId: 'u_1' })
  const headers = { ...SAME_ORIGIN, Cookie: `__Host-id=${token}` }
  engine.forgetCalls()
  return { store, engine, token, headers }
}

export function serve(app: H3, runtime: Runtime): Promise<number> {
  const listener =
    runtime === 'node' ? toNodeHandler(app) : getRequestListener((request) => app.fetch(request))
  return listen(createServer(listener))
}

/** An application that keeps what reached its `onError`, and answers it by a response that cannot be changed. */
function failing(errors: unknown[]): H3 {
  return new H3({
    silent: true,
    onError(error) {
      errors.push(error.cause ?? error)
      return Response.redirect('https://shop.example/sorry', 302)
    },
  })
}

export const PROMISES = {
  ownErrors: {
    title: "what is not sojourn's, and what is a mistake, reaches onError as it is",
    runtimes: RUNTIMES,
    async check({ sojourn, sessionOf }, runtime) {
      const { store, engine, headers } = await setUp()
      const errors: unknown[] = []
      const app = failing(errors).use(sojourn(store))
      app.get('/teapot', () => {
        throw HTTPError.status(418)
      })
      app.get('/', (event) => sessionOf(event, store).login('u_2'))
      app.get('/me', (event) => sessionOf(event, store).userId)
      const port = await serve(app, runtime)
      expect((await send(port, 'GET', '/teapot', { headers })).status).toBe(302)
      expect((await send(port, 'GET', '/', { headers })).status).toBe(302)
      engine.cut('fails')
      const down = await send(port, 'GET', '/me', { headers })
      expect([down.status, down.headers['content-type']]).toEqual([503, 'application/problem+json'])
      expect(errors).toMatchObject([{ status: 418 }, { name: 'SessionError', code: 'INVALID_ARGUMENT' }])
    },
  },
  errorPage: {
    title: 'T21, T25: a response that onError makes carries the cookie, and is private',
    runtimes: RUNTIMES,
    async check({ sojourn, sessionOf }, runtime) {
      const { store } = await setUp()
      const app = failing([]).use(sojourn(store))
      app.post('/', async (event) => {
        await sessionOf(event, store).login('u_2')
        throw new Error('after the log-in')
      })
      const { status, setCookie, headers } = await send(await serve(app, runtime), 'POST', '/', {
        headers: SAME_ORIGIN,
      })
      expect([status, setCookie.length, headers['cache-control']]).toEqual([302, 1, 'private, no-store'])
      expect(headers.vary).toBe('Cookie')
    },
  },
  nowhere: {
    title: 'T25: a path that h3 does not know is private once somebody looked at the session',
    runtimes: RUNTIMES,
    async check({ sojourn, sessionOf }, runtime) {
      const { store, headers } = await setUp()
      const app = new H3({ silent: true }).use(sojourn(store))
      app.use((event) => {
        if (event.url.pathname !== '/free') expect(sessionOf(event, store).userId).toBe('u_1')
      })
      const port = await serve(app, runtime)
      const looked = await send(port, 'GET', '/looked', { headers })
      expect([looked.status, looked.headers['cache-control']]).toEqual([404, 'private, no-store'])
      const free = await send(port, 'GET', '/free', { headers })
      expect([free.status, free.headers['cache-control'], free.headers.vary]).toEqual([
        404,
        undefined,
        undefined,
      ])
    },
  },
  besideOthers: {
    title: 'T21: cookies that h3 sets, and those of a response that cannot be changed, stay beside ours',
    runtimes: RUNTIMES,
    async check({ sojourn, sessionOf }, runtime) {
      const { store } = await setUp()
      const app = new H3().use(sojourn(store))
      app.post('/', async (event) => {
        await sessionOf(event, store).login('u_2')
        setOwnCookie(event, 'theme', 'dark')
        return Response.redirect('https://shop.example/', 303)
      })
      const { status, setCookie } = await send(await serve(app, runtime), 'POST', '/', {
        headers: SAME_ORIGIN,
      })
      expect([status, setCookie.length]).toEqual([303, 2])
      expect(setCookie.join()).toMatch(/theme=dark.*__Host-id=/)
    },
  },
  otherOrigins: {
    title: 'a page of another origin that handleCors of h3 admits can read a refusal',
    runtimes: RUNTIMES,
    async check({ sojourn, sessionOf }, runtime) {
      const { store, engine, headers } = await setUp()
      const origins = ['https://shop.example']
      const app = new H3().use((event) => {
        const preflight = handleCors(event, { origin: origins })
        return preflight === false ? undefined : preflight
      })
      app.use(sojourn(store, { origins })).get('/', (event) => sessionOf(event, store).userId)
      engine.cut('fails')
      const asking = { ...headers, Origin: origins[0] }
      const answer = await send(await serve(app, runtime), 'GET', '/', { headers: asking })
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([503, origins[0]])
      expect(answer.headers.vary).toMatch(/origin.*Cookie/i)
    },
  },
  pastH3: {
    title: 'T21: an answer that a handler of Node writes past h3 carries the cookie, beside others',
    runtimes: ['node'],
    async check({ sojourn, sessionOf }, runtime) {
      const { store } = await setUp()
      const app = new H3().use(sojourn(store))
      app.use(async (event) => {
        await sessionOf(event, store).login('u_2')
      })
      app.post(
        '/',
        fromNodeHandler((_request, response) => {
          response.writeHead(201, { 'Set-Cookie': 'theme=dark' }).end('by hand')
        }),
      )
      const answer = await send(await serve(app, runtime), 'POST', '/', { headers: SAME_ORIGIN })
      expect([answer.status, answer.body, answer.setCookie]).toEqual([
        201,
        'by hand',
        ['theme=dark', expect.stringMatching(/^__Host-id=/)],
      ])
    },
  },
  seenInFront: {
    title: 'on Node a middleware in front of it sees what a handler threw',
    runtimes: ['node'],
    async check({ sojourn }, runtime) {
      const { store, headers } = await setUp()
      const app = new H3({ silent: true })
      const seen: unknown[] = []
      app.use(onError((error) => void seen.push(error.cause))).use(sojourn(store))
      app.get('/', () => {
        throw new Error('mine')
      })
      expect((await send(await serve(app, runtime), 'GET', '/', { headers })).status).toBe(500)
      expect(seen).toMatchObject([{ message: 'mine' }])
    },
  },
  ownSession: {
    title: 'T30: requests that wait for each other, and share a context, keep their own sessions',
    runtimes: ['web'],
    async check({ sojourn, sessionOf }) {
      const { store } = await setUp()
      const users = Array.from({ length: 50 }, (_, index) => `u_${index}`)
      const all = latch()
      let waiting = 0
      const app = new H3().use(sojourn(store))
      app.get('/', async (event) => {
        waiting += 1
        if (waiting === users.length) all.open()
        await all.opened
        return sessionOf(event, store).userId
      })
      const context = {}
      const answers = users.map(async (userId) => {
        const { token } = await store.create({ userId })
        const response = await app.request('/', { headers: { Cookie: `__Host-id=${token}` } }, context)
        return response.text()
      })
      expect(await Promise.all(answers)).toEqual(users)
    },
  },
  asksItself: {
    title:
      'what an application asks of itself is a request of its own, with a session and a cookie of its own',
    runtimes: RUNTIMES,
    async check({ sojourn, sessionOf }, runtime) {
      const { store, headers } = await setUp()
      const app = new H3({ silent: true }).use(sojourn(store))
      app.post('/login', async (event) => {
        await sessionOf(event, store).login('u_2')
        return 'in'
      })
      app.get('/me', (event) => sessionOf(event, store).userId)
      app.get('/page', async (event) => {
        const login = await fetchWithEvent(event, '/login', { method: 'POST' })
        const me = await fetchWithEvent(event, '/me', { headers: { cookie: 'none=1' } })
        return {
          cookies: login.headers.getSetCookie().length,
          me: await me.text(),
          own: sessionOf(event, store).userId,
        }
      })
      const answer = await send(await serve(app, runtime), 'GET', '/page', { headers })
      expect(JSON.parse(answer.body)).toEqual({ cookies: 1, me: '', own: 'u_1' })
      expect(answer.setCookie).toEqual([])
    },
  },
  cookieOnly: {
    title: 'T28: the header x-h3-session, which wins with useSession of h3, is nothing to us',
    runtimes: RUNTIMES,
    async check({ sojourn, sessionOf }, runtime) {
      const { store, token } = await setUp()
      const app = new H3().use(sojourn(store))
      app.get('/', (event) => ({ userId: sessionOf(event, store).userId }))
      const headers = { 'x-h3-session': token, 'x-__Host-id-session': token, 'x-id-session': token }
      expect((await send(await serve(app, runtime), 'GET', '/', { headers })).body).toBe('{"userId":null}')
    },
  },
  firstCounts: {
    title: 'of several on one path the first counts, so that phones have a transport of their own',
    runtimes: RUNTIMES,
    async check({ sojourn, sessionOf }, runtime) {
      const { store, engine, token, headers } = await setUp()
      const app = new H3()
      app.use('/api/**', sojourn(store, { transport: 'bearer' }))
      app.use(sojourn(store)).use(sojourn(store))
      app.all('/**', (event) => sessionOf(event, store).userId)
      const port = await serve(app, runtime)
      const phone = await send(port, 'POST', '/api/me', { headers: { Authorization: `Bearer ${token}` } })
      const page = await send(port, 'POST', '/', { headers })
      expect([phone.body, page.body, engine.calls]).toEqual(['u_1', 'u_1', ['read', 'read']])
    },
  },
  mounted: {
    title: 'an application that is mounted with a store of its own keeps to it, and the two never mix',
    runtimes: RUNTIMES,
    async check({ sojourn, sessionOf }, runtime) {
      const { store, headers } = await setUp()
      const { store: other } = await setUp()
      const staff = new H3().use(sojourn(other))
      staff.get('/me', (event) => ({ userId: sessionOf(event, other).userId }))
      staff.get('/mixed', (event) => ({ userId: sessionOf(event, store).userId }))
      const app = new H3({ silent: true }).mount('/staff', staff).use(sojourn(store))
      app.get('/me', (event) => ({ userId: sessionOf(event, store).userId }))
      const port = await serve(app, runtime)
      const paths = ['/me', '/staff/me', '/staff/mixed']
      const answers = await Promise.all(paths.map((path) => send(port, 'GET', path, { headers })))
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 500])
      expect(answers.slice(0, 2).map(({ body }) => body)).toEqual(['{"userId":"u_1"}', '{"userId":null}'])
    },
  },
} as const satisfies Record<string, Promised>
