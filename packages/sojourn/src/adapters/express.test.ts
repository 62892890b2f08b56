import { createServer } from 'node:http'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore, type SessionData } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import { listen } from '../http/listen.test-support.ts'
import { SAME_ORIGIN } from './app.test-support.ts'
import { sessionErrors, sojourn } from './express.ts'

declare module './express.ts' {
  interface Register {
    readonly data: SessionData
  }
}

async function storeOf() {
  const engine = new FaultyEngine(memory())
  const store = await createSessionStore<SessionData>({ engine, sweep: false })
  onTestFinished(() => store.close())
  return { store, engine }
}

const quiet: express.ErrorRequestHandler = (error, _request, response, _next) => {
  response.status(500).send(error instanceof Error ? error.message : 'unknown')
}

describe('the middleware for Express', () => {
  test('of several on one path the first counts, so that phones have a transport of their own', async () => {
    const { store, engine } = await storeOf()
    const app = express()
    app.use('/api', sojourn(store, { transport: 'bearer' }))
    app.use(sojourn(store), sojourn(store))
    app.use((request, response) => void response.json(request.session.userId))
    const port = await listen(createServer(app))
    const { token } = await store.create({ userId: 'u_1' })
    engine.forgetCalls()
    const phone = await send(port, 'POST', '/api', { headers: { Authorization: `Bearer ${token}` } })
    const page = await send(port, 'POST', '/', { headers: { ...SAME_ORIGIN, Cookie: `__Host-id=${token}` } })
    expect([phone.body, page.body, engine.calls]).toEqual(['"u_1"', '"u_1"', ['read', 'read']])
  })

  test('another middleware that has set req.session already is a mistake that shows', async () => {
    const { store } = await storeOf()
    const app = express()
    app.use((request, _response, next) => {
      Object.assign(request, { session: {} })
      next()
    })
    app.use(sojourn(store), sessionErrors(), quiet)
    const { status, body } = await send(await listen(createServer(app)), 'GET', '/')
    expect([status, body]).toEqual([500, expect.stringContaining('Another middleware')])
  })

  test('req.session cannot be replaced by hand', async () => {
    const { store } = await storeOf()
    const app = express()
    app.use(sojourn(store))
    app.use((request) => void Object.assign(request, { session: null }))
    app.use(quiet)
    const { status, body } = await send(await listen(createServer(app)), 'GET', '/')
    expect([status, body]).toEqual([500, expect.stringContaining('read only')])
  })

  test('the error handler passes on what is not from sojourn', async () => {
    const app = express()
    app.use(() => {
      throw Object.assign(new Error('mine'), { code: 'ENGINE_UNAVAILABLE', status: 503 })
    })
    app.use(sessionErrors(), quiet)
    const { status, body } = await send(await listen(createServer(app)), 'GET', '/')
    expect([status, body]).toEqual([500, 'mine'])
  })

  test('a static file stays cacheable for a user who is logged in', async () => {
    const { store } = await storeOf()
    const app = express()
    app.use(sojourn(store), express.static(import.meta.dirname, { maxAge: '1h' }))
    const { token } = await store.create({ userId: 'u_1' })
    const headers = { Cookie: `__Host-id=${token}` }
    const answer = await send(await listen(createServer(app)), 'GET', '/express.ts', { headers })
    expect(answer.headers['cache-control']).toBe('public, max-age=3600')
    expect(answer.headers.vary).toBeUndefined()
  })

  test('T24: the same file is not stored when the cookie travels with it', async () => {
    const { store } = await storeOf()
    const app = express()
    app.use(sojourn(store), express.static(import.meta.dirname, { maxAge: '1h' }))
    const { token } = await store.create({ userId: 'u_1' })
    await store.rotate(token)
    const headers = { Cookie: `__Host-id=${token}` }
    const port = await listen(createServer(app))
    const { headers: first, setCookie } = await send(port, 'GET', '/express.ts', { headers })
    expect([setCookie.length, first['cache-control'], first.vary]).toEqual([1, 'private, no-store', 'Cookie'])
    const again = { ...headers, 'If-None-Match': String(first.etag) }
    const unchanged = await send(port, 'GET', '/express.ts', { headers: again })
    expect([unchanged.status, unchanged.setCookie.length]).toEqual([304, 1])
    expect(unchanged.headers['cache-control']).toBe('private, no-store')
  })

  test('a store whose data is of another type than the registered one does not compile', async () => {
    const store = await createSessionStore<{ count: number }>({
      engine: memory(),
      sweep: false,
      initial: () => ({ count: 0 }),
    })
    onTestFinished(() => store.close())
    // @ts-expect-error: Register says SessionData.
    expect(sojourn(store)).toBeTypeOf('function')
  })
})
