import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { Browser, send } from '../http/client.test-support.ts'
import type { HttpEvent } from '../http/index.ts'
import { listen } from '../http/listen.test-support.ts'
import { isAllowedOrigin } from '../http/origin-check.ts'
import { APP } from './app.test-support.ts'
import { ADAPTERS, type Adapter, type Routes, start } from './servers.test-support.ts'

const OWN = 'https://bank.example'
const ORIGINS = [OWN]
const FROM_US = { 'Sec-Fetch-Site': 'same-origin', Origin: OWN }
const FROM_THEM = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }

const SITES = [undefined, 'same-origin', 'same-site', 'cross-site', 'none'] as const
const SENT_ORIGINS = [undefined, OWN, 'https://evil.example', 'null'] as const
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const PAIRS = METHODS.flatMap((method) =>
  SITES.flatMap((site) => SENT_ORIGINS.map((origin) => ({ method, site, origin }))),
)

/** Answers on every method, and tells that it was reached. */
function everything(reached: () => void): Routes {
  const route = () => {
    reached()
    return 'ok'
  }
  return Object.fromEntries(METHODS.map((method) => [`${method} /x`, route]))
}

/** What SECURITY T31 asks for; the table itself is tested beside the check. */
function expected(method: string, site: string | undefined, origin: string | undefined) {
  const rule = { trusted: new Set(ORIGINS), allowNoOrigin: false }
  const passes = ['GET', 'HEAD', 'OPTIONS'].includes(method) || isAllowedOrigin({ site, origin }, rule)
  return passes ? { status: 200, reached: 1, reads: 1 } : { status: 403, reached: 0, reads: 0 }
}

const headersOf = (site: string | undefined, origin: string | undefined) => ({
  ...(site === undefined ? {} : { 'Sec-Fetch-Site': site }),
  ...(origin === undefined ? {} : { Origin: origin }),
})

/** A user who is logged in, on a server that trusts one origin. */
async function loggedIn(adapter: Adapter, routes: Routes = {}) {
  const events: HttpEvent[] = []
  const http = { origins: ORIGINS, onEvent: (event: HttpEvent) => events.push(event) }
  const running = await start(adapter, { ...APP, ...routes }, { http })
  const { token, session } = await running.store.create({ userId: 'u_1' })
  running.engine.forgetCalls()
  return { ...running, token, id: session.id, events, cookie: { Cookie: `__Host-id=${token}` } }
}

describe.each(ADAPTERS)('over $name', (adapter) => {
  test('T31: method by method the table decides, before the handler and before the engine is asked', async () => {
    let reached = 0
    const routes = everything(() => {
      reached += 1
    })
    const { port, cookie, engine } = await loggedIn(adapter, routes)
    for (const { method, site, origin } of PAIRS) {
      reached = 0
      engine.forgetCalls()
      const { status } = await send(port, method, '/x', {
        headers: { ...cookie, ...headersOf(site, origin) },
      })
      const got = { method, site, origin, status, reached, reads: engine.calls.length }
      expect(got).toEqual({ method, site, origin, ...expected(method, site, origin) })
    }
  })

  test.each([
    ['a foreign origin', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
    ['the origin null', { 'Sec-Fetch-Site': 'cross-site', Origin: 'null' }],
    ['a sibling subdomain', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://blog.bank.example' }],
  ])('T31, T161.11: a form from %s changes nothing', async (_where, headers) => {
    const { port, cookie, engine, store, token } = await loggedIn(adapter)
    expect((await send(port, 'POST', '/add', { headers: { ...headers, ...cookie } })).status).toBe(403)
    expect(engine.calls).toEqual([])
    expect(await store.read(token)).toMatchObject({ data: { cart: [] } })
  })

  test('T31: a bearer request is not checked, because no browser sends it by itself', async () => {
    const { port, store } = await start(adapter, APP, { http: { transport: 'both', origins: ORIGINS } })
    const { token } = await store.create({ userId: 'u_1' })
    const bearer = { ...FROM_THEM, Authorization: `Bearer ${token}` }
    expect((await send(port, 'POST', '/add', { headers: bearer })).status).toBe(200)
    expect((await send(port, 'POST', '/add', { headers: FROM_THEM })).status).toBe(403)
  })

  test.each([
    {
      'Sec-Fetch-Site': 'same-site',
      Origin: 'https://bank.example.evil.example',
      Host: 'bank.example.evil.example',
    },
    { Origin: 'http://localhost', Host: 'localhost' },
    { Origin: 'https://evil.example', Host: 'evil.example', 'X-Forwarded-Host': 'evil.example' },
    { Origin: `${OWN}, https://evil.example` },
  ])('T32: neither Host nor X-Forwarded-Host make an origin ours: %o', async (headers) => {
    const { port, cookie } = await loggedIn(adapter)
    expect((await send(port, 'POST', '/add', { headers: { ...headers, ...cookie } })).status).toBe(403)
  })

  const CHANGES = ['login', 'begin', 'add', 'rotate', 'prove', 'logout', 'revoke', 'revoke-others']

  test.each(['GET', 'HEAD'].flatMap((method) => CHANGES.map((change) => ({ method, change }))))(
    'T33: $method never does $change',
    async ({ method, change }) => {
      const routes = { ...APP, [`GET /${change}`]: APP[`POST /${change}`] ?? (() => undefined) }
      const { port, cookie, engine, token, store, id } = await loggedIn(adapter, routes)
      const other = await store.create({ userId: 'u_1' })
      engine.forgetCalls()
      const { status, setCookie } = await send(port, method, `/${change}?id=${id}`, { headers: cookie })
      expect({ status, setCookie, calls: engine.calls }).toEqual({
        status: 500,
        setCookie: [],
        calls: ['read'],
      })
      expect(await store.read(token)).toMatchObject({ userId: 'u_1', data: { cart: [] } })
      expect(await store.read(other.token)).not.toBeNull()
    },
  )

  test('T33: the return from a sign-in service may log in by GET, where the application allows it', async () => {
    const writeOnGet = (request: { url?: string | undefined }) => request.url === '/return'
    const routes = {
      'GET /return': APP['POST /login'] ?? (() => undefined),
      'GET /add': APP['POST /add'] ?? (() => undefined),
    }
    const { port } = await start(adapter, routes, { http: { writeOnGet } })
    const browser = new Browser(port)
    expect(JSON.parse((await browser.get('/return')).body).userId).toBe('u_1')
    expect((await browser.get('/add')).status).toBe(500)
  })

  test('T34: a form token opens its own session, is masked anew each time, and is never in a cookie', async () => {
    const { port, cookie } = await loggedIn(adapter)
    const answers = await Promise.all([1, 2].map(() => send(port, 'GET', '/csrf', { headers: cookie })))
    const [first, second] = answers.map(({ body }) => JSON.parse(body))
    expect(first).not.toBe(second)
    expect(answers.flatMap(({ setCookie }) => setCookie)).toEqual([])
    for (const token of [first, second]) {
      const headers = { ...FROM_US, ...cookie, 'X-CSRF-Token': token }
      expect((await send(port, 'POST', '/guarded', { headers })).status).toBe(200)
    }
  })

  test('T34: the token of another session, of nobody, or none at all is refused', async () => {
    const { port, cookie, store, token } = await loggedIn(adapter)
    const other = await store.create({ userId: 'u_1' })
    const refused = [undefined, '', 'x'.repeat(86), store.csrfToken(other.token), token]
    for (const value of refused) {
      const headers = { ...FROM_US, ...cookie, ...(value === undefined ? {} : { 'X-CSRF-Token': value }) }
      expect((await send(port, 'POST', '/guarded', { headers })).status).toBe(403)
    }
    const headers = { ...FROM_US, 'X-CSRF-Token': store.csrfToken(token) }
    expect((await send(port, 'POST', '/guarded', { headers })).status).toBe(403)
  })

  test.each(['/login', '/prove', '/rotate?grace=no'])(
    'T34: the form token of before %s is refused after it',
    async (change) => {
      const { port } = await start(adapter, APP)
      const browser = new Browser(port)
      await browser.post('/login')
      const before = JSON.parse((await browser.get('/csrf')).body)
      await browser.post(change)
      expect((await browser.post('/guarded', { 'X-CSRF-Token': before })).status).toBe(403)
      const now = JSON.parse((await browser.get('/csrf')).body)
      expect((await browser.post('/guarded', { 'X-CSRF-Token': now })).status).toBe(200)
    },
  )

  test('T34: a form that was rendered just before a periodic rotation still works', async () => {
    const { port } = await start(adapter, APP)
    const browser = new Browser(port)
    await browser.post('/login')
    const form = JSON.parse((await browser.get('/csrf')).body)
    await browser.post('/rotate')
    expect((await browser.post('/guarded', { 'X-CSRF-Token': form })).status).toBe(200)
  })

  test('T35: a refused request is told, without token, cookie or URL', async () => {
    const { port, cookie, token, events } = await loggedIn(adapter)
    await send(port, 'POST', `/add?secret=${token}`, { headers: { ...FROM_THEM, ...cookie } })
    await send(port, 'POST', '/guarded', { headers: { ...FROM_US, ...cookie, 'X-CSRF-Token': 'forged' } })
    expect(events).toEqual([
      { name: 'malicious_csrf', method: 'POST', check: 'origin' },
      { name: 'malicious_csrf', method: 'POST', check: 'token' },
    ])
    expect(JSON.stringify(events)).not.toContain(token)
  })

  test('T35: a listener that throws or rejects changes nothing', async () => {
    for (const onEvent of [() => Promise.reject(new Error('no')), () => JSON.parse('{')]) {
      const { port } = await start(adapter, APP, { http: { onEvent } })
      const { status, body } = await send(port, 'POST', '/login', { headers: FROM_THEM })
      expect([status, JSON.parse(body).code]).toEqual([403, 'ORIGIN_REFUSED'])
    }
  })

  test('T36: a log-in form that another site sends is refused, without any session', async () => {
    const { port, engine, store } = await loggedIn(adapter)
    const { status, setCookie, headers, body } = await send(port, 'POST', '/login?user=mallory', {
      headers: FROM_THEM,
    })
    expect([status, setCookie, engine.calls]).toEqual([403, [], []])
    expect(headers['content-type']).toBe('application/problem+json')
    expect(JSON.parse(body)).toEqual({
      type: 'urn:sojourn:error:ORIGIN_REFUSED',
      title: 'The request comes from another origin.',
      status: 403,
      code: 'ORIGIN_REFUSED',
    })
    expect(await store.list({ userId: 'mallory' })).toEqual([])
  })
})

test('the check of T31 catches a server that looks at the origin only after the handler', async () => {
  const store = await createSessionStore({ engine: memory(), sweep: false })
  onTestFinished(() => store.close())
  let changed = 0
  const late = createServer((request, response) => {
    changed += 1
    const allowed = isAllowedOrigin(
      { site: 'cross-site', origin: request.headers.origin },
      { trusted: new Set(ORIGINS), allowNoOrigin: false },
    )
    response.writeHead(allowed ? 200 : 403).end()
  })
  const { status } = await send(await listen(late), 'POST', '/x', { headers: FROM_THEM })
  expect([status, changed]).toEqual([403, 1])
})
