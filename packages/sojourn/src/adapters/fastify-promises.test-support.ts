import { Agent } from 'node:http'
import { type FastifyInstance, type FastifyPluginAsync, type FastifyServerOptions, fastify } from 'fastify'
import { expect, onTestFinished } from 'vitest'
import { createSessionStore, type SessionData, SessionError } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import { SAME_ORIGIN } from './app.test-support.ts'
import type { SojournOptions, sessionErrors } from './fastify.ts'
import { listening } from './fastify-subject.test-support.ts'

declare module './fastify.ts' {
  interface Register {
    readonly data: SessionData
  }
}

/** What `fastify.ts` gives. */
export interface Adapter {
  readonly sojourn: FastifyPluginAsync<SojournOptions>
  readonly sessionErrors: typeof sessionErrors
}

export type TwinName =
  | 'in a scope of its own'
  | 'everywhere'
  | 'lenient'
  | 'shared'
  | 'hasty'
  | 'answers all'
  | 'answers nothing'
  | 'writes past the reply'

export interface Promised {
  readonly title: string
  check(adapter: Adapter): Promise<void>
  /** A way to break the promise. */
  readonly twin: TwinName
}

export async function setUp(options: FastifyServerOptions = {}) {
  const engine = new FaultyEngine(memory())
  const store = await createSessionStore<SessionData>({ engine, sweep: false })
  onTestFinished(async () => {
    engine.cut('none')
    await store.close()
  })
  const { token } = await store.create({ userId: 'u_1' })
  const headers = { ...SAME_ORIGIN, Cookie: `__Host-id=${token}` }
  engine.forgetCalls()
  const app = fastify(options)
  onTestFinished(() => app.close())
  return { app, store, engine, token, headers }
}

/** What registering said; null when it went well. */
async function refusalOf(registering: PromiseLike<unknown>): Promise<unknown> {
  try {
    await registering
    return null
  } catch (error) {
    return error
  }
}

const PROBLEM = expect.stringMatching(/^application\/problem\+json/)

/** Where a session is there, and what happens when somebody else was faster. */
const SCOPES: readonly Promised[] = [
  {
    title: 'the plugin works in the scope that registers it and below, and nowhere else',
    async check({ sojourn }) {
      const { app, store, engine, headers } = await setUp()
      app.get('/outside', async (request) => ({ has: 'session' in request && request.session.userId }))
      await app.register(async (scope) => {
        scope.register(sojourn, { store })
        scope.get('/shop', async ({ session }) => session.userId)
        scope.register(async (inner) => {
          inner.get('/shop/inner', async ({ session }) => session.userId)
        })
      })
      const port = await listening(app)
      expect((await send(port, 'GET', '/outside', { headers })).body).toBe('{"has":false}')
      expect(engine.calls).toEqual([])
      expect((await send(port, 'GET', '/shop', { headers })).body).toBe('u_1')
      expect((await send(port, 'GET', '/shop/inner', { headers })).body).toBe('u_1')
    },
    twin: 'everywhere',
  },
  {
    title: 'routes that stand before the plugin is loaded have their session too',
    async check({ sojourn }) {
      const { app, store, headers } = await setUp()
      app.register(sojourn, { store })
      app.get('/', async ({ session }) => session.userId)
      expect((await send(await listening(app), 'GET', '/', { headers })).body).toBe('u_1')
    },
    twin: 'in a scope of its own',
  },
  {
    title: 'scopes side by side have a transport each',
    async check({ sojourn }) {
      const { app, store, token, headers, engine } = await setUp()
      await app.register(async (api) => {
        await api.register(sojourn, { store, transport: 'bearer' })
        api.post('/api', async ({ session }) => session.userId)
      })
      await app.register(async (pages) => {
        await pages.register(sojourn, { store })
        pages.post('/page', async ({ session }) => session.userId)
      })
      const port = await listening(app)
      const phone = await send(port, 'POST', '/api', { headers: { Authorization: `Bearer ${token}` } })
      const page = await send(port, 'POST', '/page', { headers })
      expect([phone.body, page.body, engine.calls]).toEqual(['u_1', 'u_1', ['read', 'read']])
      expect((await send(port, 'POST', '/page', { headers: { Cookie: headers.Cookie } })).status).toBe(403)
    },
    twin: 'lenient',
  },
  {
    title:
      'a second registration around or within is refused at start, and so is a session of another plugin',
    async check({ sojourn }) {
      const { app, store } = await setUp()
      await app.register(sojourn, { store })
      const inner = async (scope: FastifyInstance) => void (await scope.register(sojourn, { store }))
      const other = fastify().decorateRequest('session')
      for (const registering of [app.register(inner), other.register(sojourn, { store })]) {
        const refusal = await refusalOf(registering)
        expect(refusal).toMatchObject({
          code: 'INVALID_ARGUMENT',
          message: /request\.session is set already/,
        })
      }
    },
    twin: 'in a scope of its own',
  },
  {
    title: 'options that are unknown are refused at start, and so is a prefix, which would change nothing',
    async check({ sojourn }) {
      for (const wrong of [{ prefix: '/shop' }, { origins: [] }]) {
        const { app, store } = await setUp()
        const refusal = await refusalOf(app.register(sojourn, { store, ...wrong }))
        expect(refusal).toMatchObject({ code: 'INVALID_ARGUMENT' })
      }
    },
    twin: 'lenient',
  },
]

const pause = () => new Promise((resolve) => setImmediate(resolve))

/** Whose session it is. */
const HANDLES: readonly Promised[] = [
  {
    title: 'T30: of 500 interleaved requests none sees the session of another',
    async check({ sojourn }) {
      const { app, store } = await setUp()
      await app.register(sojourn, { store })
      app.get('/', async (request) => {
        const before = request.session.userId
        await pause()
        return `${before} ${request.session.userId}`
      })
      const port = await listening(app)
      const agent = new Agent({ keepAlive: true, maxSockets: 50 })
      onTestFinished(() => agent.destroy())
      const users = Array.from({ length: 20 }, (_, index) => `u_${index}`)
      const tokens = await Promise.all(users.map(async (userId) => (await store.create({ userId })).token))
      const bodies = await Promise.all(
        Array.from({ length: 500 }, async (_, index) => {
          const headers = { Cookie: `__Host-id=${tokens[index % 20]}` }
          return (await send(port, 'GET', '/', { headers, agent })).body
        }),
      )
      const mixed = bodies.filter((body, index) => body !== `u_${index % 20} u_${index % 20}`)
      expect(mixed).toEqual([])
    },
    twin: 'shared',
  },
  {
    title: 'request.session cannot be replaced by hand',
    async check({ sojourn }) {
      const { app, store, headers } = await setUp()
      await app.register(sojourn, { store })
      app.get('/', async (request) => void Object.assign(request, { session: null }))
      const { status, body } = await send(await listening(app), 'GET', '/', { headers })
      expect([status, body]).toEqual([500, expect.stringContaining('only a getter')])
    },
    twin: 'shared',
  },
  {
    title: 'a hook that reads the session before it was opened is told so',
    async check({ sojourn }) {
      const { app, store } = await setUp()
      app.addHook('onRequest', async ({ session }) => void session.userId)
      await app.register(sojourn, { store })
      app.get('/', async () => 'never')
      const { status, body } = await send(await listening(app), 'GET', '/')
      expect([status, body]).toEqual([500, expect.stringContaining('before it was opened')])
    },
    twin: 'shared',
  },
]

/** Which way failures go. */
const FAILURES: readonly Promised[] = [
  {
    title:
      "an error of the application, and a mistake in the use of sojourn, reach the application's own handler",
    async check({ sojourn, sessionErrors }) {
      const { app, store } = await setUp()
      await app.register(sojourn, { store })
      app.decorate('shop', 'tea')
      app.setErrorHandler(
        sessionErrors(function (this: FastifyInstance, error, _request, reply) {
          reply
            .code(418)
            .send(`${this.hasDecorator('shop')} ${error instanceof SessionError ? error.code : error}`)
        }),
      )
      app.get('/mine', async () => {
        throw Object.assign(new Error('mine'), { code: 'ENGINE_UNAVAILABLE', status: 503 })
      })
      app.get('/write', async ({ session }) => session.login('u_1'))
      const port = await listening(app)
      const mine = await send(port, 'GET', '/mine')
      expect([mine.status, mine.body]).toEqual([418, 'true Error: mine'])
      const write = await send(port, 'GET', '/write')
      expect([write.status, write.body]).toEqual([418, 'true INVALID_ARGUMENT'])
    },
    twin: 'answers all',
  },
  {
    title: 'without a handler of their own such errors go to the one around, and at last to Fastify',
    async check({ sojourn, sessionErrors }) {
      const { app, store, headers, engine } = await setUp()
      app.setErrorHandler((error, _request, reply) => reply.code(418).send(String(error)))
      await app.register(async (scope) => {
        await scope.register(sojourn, { store })
        scope.setErrorHandler(sessionErrors())
        scope.get('/me', async ({ session }) => session.userId)
        scope.get('/mine', async () => {
          throw new Error('mine')
        })
      })
      const port = await listening(app)
      const mine = await send(port, 'GET', '/mine')
      expect([mine.status, mine.body]).toEqual([418, 'Error: mine'])
      engine.cut('fails')
      const down = await send(port, 'GET', '/me', { headers })
      expect([down.status, down.headers['content-type']]).toEqual([503, PROBLEM])
    },
    twin: 'answers all',
  },
  {
    title: 'T75: also a page that is not found, and a hook of a route, answer an outage as problem+json',
    async check({ sojourn, sessionErrors }) {
      const { app, store, headers, engine } = await setUp()
      app.setErrorHandler(sessionErrors())
      app.register(sojourn, { store })
      app.setNotFoundHandler(async ({ session }) => session.userId)
      const preHandler = async ({ session }: { readonly session: { userId: string | null } }) =>
        void session.userId
      app.get('/guarded', { preHandler }, async () => 'never')
      const port = await listening(app)
      expect((await send(port, 'GET', '/nowhere', { headers })).body).toBe('u_1')
      const forged = { ...headers, 'Sec-Fetch-Site': 'cross-site' }
      expect((await send(port, 'POST', '/nowhere', { headers: forged })).status).toBe(403)
      engine.cut('fails')
      for (const path of ['/nowhere', '/guarded']) {
        const { status, headers: told } = await send(port, 'GET', path, { headers })
        expect([path, status, told['content-type']]).toEqual([path, 503, PROBLEM])
        expect(told['retry-after']).toMatch(/^[1-5]$/)
      }
    },
    twin: 'answers nothing',
  },
  {
    title: 'the answer to a failure keeps what other plugins have set, and drops what described the body',
    async check({ sojourn, sessionErrors }) {
      const { app, store, headers, engine } = await setUp()
      app.setErrorHandler(sessionErrors())
      app.addHook('onRequest', async (_request, reply) => {
        reply.header('Access-Control-Allow-Origin', 'https://shop.example')
        reply.header('Content-Encoding', 'br').header('ETag', '"1"')
      })
      await app.register(sojourn, { store })
      app.get('/', async ({ session }) => session.userId)
      const port = await listening(app)
      engine.cut('fails')
      const { status, headers: told, body } = await send(port, 'GET', '/', { headers })
      expect([status, JSON.parse(body)]).toMatchObject([503, { code: 'ENGINE_UNAVAILABLE' }])
      expect(told['access-control-allow-origin']).toBe('https://shop.example')
      expect([told['content-encoding'], told.etag]).toEqual([undefined, undefined])
    },
    twin: 'writes past the reply',
  },
  {
    title: 'an outage is in the log and at the onError hooks, without the token',
    async check({ sojourn, sessionErrors }) {
      const lines: string[] = []
      const stream = { write: (line: string) => void lines.push(line) }
      const { app, store, headers, engine, token } = await setUp({ logger: { stream, level: 'error' } })
      const heard: unknown[] = []
      app.addHook('onError', async (_request, _reply, error) => void heard.push(error))
      app.setErrorHandler(sessionErrors())
      await app.register(sojourn, { store })
      app.get('/', async ({ session }) => session.userId)
      const port = await listening(app)
      engine.cut('fails')
      await send(port, 'GET', '/', { headers })
      await send(port, 'POST', '/')
      expect(heard).toMatchObject([{ code: 'ENGINE_UNAVAILABLE' }, { code: 'ORIGIN_REFUSED' }])
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ err: { code: 'ENGINE_UNAVAILABLE' } }])
      expect(lines.join()).not.toContain(token)
    },
    twin: 'writes past the reply',
  },
]

const COOKIE = /^__Host-id=[A-Za-z0-9_-]{48}; Path=\/; Secure/

/** Ways to answer that are Fastify's own. */
const ANSWERS: readonly Promised[] = [
  {
    title: 'T21: the cookie stands beside those of the application, also when it answers past Fastify',
    async check({ sojourn }) {
      const { app, store } = await setUp()
      await app.register(sojourn, { store })
      app.post('/reply', async ({ session }, reply) => {
        await session.login('u_1')
        return reply.header('Set-Cookie', 'a=1').header('Set-Cookie', 'b=2').send('done')
      })
      app.post('/raw', async ({ session }, reply) => {
        await session.login('u_1')
        reply.hijack()
        reply.raw.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'] }).end('done')
      })
      const port = await listening(app)
      for (const path of ['/reply', '/raw']) {
        const { setCookie, body } = await send(port, 'POST', path, { headers: SAME_ORIGIN })
        expect([body, setCookie]).toEqual(['done', ['a=1', 'b=2', expect.stringMatching(COOKIE)]])
      }
    },
    twin: 'hasty',
  },
  {
    title: 'app.inject, which uses no socket, logs in and is known',
    async check({ sojourn }) {
      const { app, store } = await setUp()
      await app.register(sojourn, { store })
      app.post('/login', async ({ session }) => session.login('u_1'))
      app.get('/me', async ({ session }) => session.userId)
      const { headers } = await app.inject({ method: 'POST', url: '/login', headers: SAME_ORIGIN })
      const [pair] = String(headers['set-cookie']).split(';')
      const me = await app.inject({ url: '/me', headers: { cookie: String(pair) } })
      expect([me.body, me.headers['cache-control']]).toEqual(['u_1', 'private, no-store'])
    },
    twin: 'hasty',
  },
  {
    title: "options are asked about Fastify's own request",
    async check({ sojourn }) {
      const { app, store } = await setUp({ trustProxy: '127.0.0.1' })
      const addresses: string[] = []
      await app.register(sojourn, {
        store,
        writeOnGet: ({ routeOptions }) => routeOptions.url === '/return/:from',
        address({ ip }) {
          addresses.push(ip)
          return ip
        },
      })
      app.get('/return/:from', async ({ session }) =>
        session.update((draft) => Object.assign(draft, { a: 1 })),
      )
      const headers = { 'X-Forwarded-For': '192.0.2.7' }
      const { body, setCookie } = await send(await listening(app), 'GET', '/return/idp', { headers })
      expect([body, setCookie.length, addresses]).toEqual(['true', 1, ['192.0.2.7']])
    },
    twin: 'lenient',
  },
]

export const PROMISES: readonly Promised[] = [...SCOPES, ...HANDLES, ...FAILURES, ...ANSWERS]
