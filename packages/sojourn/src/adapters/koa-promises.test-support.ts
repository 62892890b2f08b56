import { createServer } from 'node:http'
import Koa, { type DefaultState, type ExtendableContext, type Middleware } from 'koa'
import koaSession from 'koa-session'
import { expect, onTestFinished } from 'vitest'
import { createSessionStore, type SessionData, type SessionStore } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import type { HttpOptions } from '../http/index.ts'
import { listen } from '../http/listen.test-support.ts'
import { SAME_ORIGIN } from './app.test-support.ts'
import { latch } from './behaviour.test-support.ts'
import type { SessionContext } from './koa.ts'

type Ours = Middleware<DefaultState, SessionContext<SessionData>>
export type Adapter = (store: SessionStore<SessionData>, options?: HttpOptions<ExtendableContext>) => Ours

/** A promise about the adapter that only Koa's own ways put to the test. */
export interface Promised {
  readonly title: string
  check(adapter: Adapter): Promise<void>
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

/** Serves an application; `errors` is what reached `app.on('error')`. */
async function serve<State, Context>(app: Koa<State, Context>) {
  const errors: unknown[] = []
  app.on('error', (error: unknown) => errors.push(error))
  return { port: await listen(createServer(app.callback())), errors }
}

export const PROMISES = {
  seenInFront: {
    title:
      'what stands in front, such as CORS, keeps its headers on a refusal, sees its status, and may add more',
    async check(adapter) {
      const { store, engine, headers } = await setUp()
      let seen = 0
      const app = new Koa().use(async (ctx, next) => {
        ctx.set('Access-Control-Allow-Origin', 'https://shop.example')
        await next()
        seen = ctx.status
        ctx.set('X-Response-Time', '1ms')
      })
      const { port, errors } = await serve(app.use(adapter(store)).use((ctx) => void ctx.session.userId))
      engine.cut('fails')
      const answer = await send(port, 'GET', '/', { headers })
      expect([answer.status, seen, answer.headers['x-response-time'], errors]).toEqual([503, 503, '1ms', []])
      expect(answer.headers).toMatchObject({
        'content-type': 'application/problem+json',
        'access-control-allow-origin': 'https://shop.example',
      })
    },
  },
  ownErrors: {
    title: "what is not sojourn's, and what is a mistake, reaches app.on('error') as it is",
    async check(adapter) {
      const { store, headers } = await setUp()
      const app = new Koa().use(adapter(store)).use(async (ctx) => {
        if (ctx.path === '/teapot') ctx.throw(418, 'short and stout')
        await ctx.session.login('u_2')
      })
      const { port, errors } = await serve(app)
      const teapot = await send(port, 'GET', '/teapot', { headers })
      expect([teapot.status, teapot.body]).toEqual([418, 'short and stout'])
      const mistake = await send(port, 'GET', '/', { headers })
      expect([mistake.status, mistake.body]).toEqual([500, 'Internal Server Error'])
      expect(errors).toMatchObject([{ status: 418 }, { name: 'SessionError', code: 'INVALID_ARGUMENT' }])
    },
  },
  ownSession: {
    title: 'T30: requests that wait for each other keep their own sessions',
    async check(adapter) {
      const { store } = await setUp()
      const users = Array.from({ length: 50 }, (_, index) => `u_${index}`)
      const all = latch()
      let waiting = 0
      const app = new Koa().use(adapter(store)).use(async (ctx) => {
        waiting += 1
        if (waiting === users.length) all.open()
        await all.opened
        ctx.body = ctx.session.userId
      })
      const { port } = await serve(app)
      const answers = users.map(async (userId) => {
        const { token } = await store.create({ userId })
        return (await send(port, 'GET', '/', { headers: { Cookie: `__Host-id=${token}` } })).body
      })
      expect(await Promise.all(answers)).toEqual(users)
    },
  },
  pastKoa: {
    title: 'T21: an answer that the handler writes past Koa carries the cookie, beside others',
    async check(adapter) {
      const { store } = await setUp()
      const app = new Koa().use(adapter(store)).use(async (ctx) => {
        await ctx.session.login('u_2')
        ctx.cookies.set('lost', 'yes')
        ctx.respond = false
        ctx.res.writeHead(201, { 'Set-Cookie': 'theme=dark' }).end('by hand')
      })
      const { port } = await serve(app)
      const { status, body, setCookie } = await send(port, 'POST', '/', { headers: SAME_ORIGIN })
      expect([status, body, setCookie.length, setCookie[0]]).toEqual([201, 'by hand', 2, 'theme=dark'])
      expect(setCookie[1]).toMatch(/^__Host-id=/)
    },
  },
  leftAlone: {
    title: 'a handler that fails before it answers past Koa leaves no request without an answer',
    async check(adapter) {
      const { store, engine, headers } = await setUp()
      let isForgotten = true
      const app = new Koa().use(async (ctx, next) => {
        await next()
        isForgotten = ctx.respond === false
        ctx.respond = true
      })
      app.use(adapter(store)).use((ctx) => {
        ctx.respond = false
        ctx.res.end(ctx.session.userId)
      })
      const { port } = await serve(app)
      engine.cut('fails')
      const { status, body } = await send(port, 'GET', '/', { headers })
      expect([status, isForgotten, JSON.parse(body).code]).toEqual([503, false, 'ENGINE_UNAVAILABLE'])
    },
  },
  besideOthers: {
    title: 'T21: cookies that Koa sets stay, beside ours, and so do its own answers of 404 and 204',
    async check(adapter) {
      const { store } = await setUp()
      const app = new Koa().use(adapter(store)).use(async (ctx) => {
        ctx.cookies.set('theme', 'dark')
        await ctx.session.login('u_2')
        if (ctx.path === '/empty') ctx.body = null
      })
      const { port } = await serve(app)
      for (const [path, expected] of [
        ['/empty', 204],
        ['/nowhere', 404],
      ] as const) {
        const { status, setCookie, headers } = await send(port, 'POST', path, { headers: SAME_ORIGIN })
        expect([status, setCookie.length, headers['cache-control']]).toEqual([
          expected,
          2,
          'private, no-store',
        ])
        expect(setCookie.join()).toMatch(/theme=dark.*__Host-id=/)
      }
    },
  },
  noRemains: {
    title: 'a refusal says nothing of the body that it takes the place of',
    async check(adapter) {
      const { store, engine, headers } = await setUp()
      const app = new Koa().use(adapter(store)).use((ctx) => {
        ctx.attachment('report.pdf')
        ctx.set('Content-Encoding', 'gzip')
        ctx.etag = 'of-the-report'
        ctx.body = ctx.session.userId
      })
      const { port } = await serve(app)
      engine.cut('fails')
      const answer = await send(port, 'GET', '/', { headers })
      const described = ['content-disposition', 'content-encoding', 'etag'].filter(
        (name) => name in answer.headers,
      )
      expect([answer.status, described]).toEqual([503, []])
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    },
  },
  readOnly: {
    title: 'ctx.session = null, which logs out with koa-session, is a mistake that shows',
    async check(adapter) {
      const { store, headers, token } = await setUp()
      const app = new Koa().use(adapter(store)).use((ctx) => {
        Object.assign(ctx, { session: null })
        ctx.body = 'logged out'
      })
      const { port, errors } = await serve(app)
      expect((await send(port, 'POST', '/', { headers })).status).toBe(500)
      expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('read only') })])
      expect(await store.read(token)).not.toBeNull()
    },
  },
  notTwoKinds: {
    title: 'koa-session on the same application is a mistake that shows',
    async check(adapter) {
      const { store } = await setUp()
      const app = new Koa()
      app.keys = ['a key']
      app.use(koaSession(app))
      const { port, errors } = await serve(app.use(adapter(store)))
      expect((await send(port, 'GET', '/')).status).toBe(500)
      expect(errors).toMatchObject([
        { code: 'INVALID_ARGUMENT', message: expect.stringContaining('has set ctx.session') },
      ])
    },
  },
  firstCounts: {
    title: 'of several on one path the first counts, so that phones have a transport of their own',
    async check(adapter) {
      const { store, engine, token, headers } = await setUp()
      const phones = adapter(store, { transport: 'bearer' })
      const forPhones: Ours = (ctx, next) => (ctx.path.startsWith('/api') ? phones(ctx, next) : next())
      const app = new Koa().use(forPhones).use(adapter(store)).use(adapter(store))
      app.use((ctx) => {
        ctx.body = ctx.session.userId
      })
      const { port } = await serve(app)
      const phone = await send(port, 'POST', '/api', { headers: { Authorization: `Bearer ${token}` } })
      const page = await send(port, 'POST', '/', { headers })
      expect([phone.body, page.body, engine.calls]).toEqual(['u_1', 'u_1', ['read', 'read']])
    },
  },
} as const satisfies Record<string, Promised>
