import { describe, expect, test } from 'vitest'
import { TestClock } from '../core/test-clock.test-support.ts'
import { Browser, send } from '../http/client.test-support.ts'
import type { HttpEvent } from '../http/index.ts'
import { APP, SAME_ORIGIN } from './app.test-support.ts'
import { ADAPTERS, type Route, start } from './servers.test-support.ts'

describe.each(ADAPTERS)('over $name', (adapter) => {
  test.each([
    'GET /free',
    'GET /me',
    'POST /me',
    'POST /nothing',
    'POST /rotate',
    'POST /logout',
    'GET /devices',
    'GET /csrf',
    'POST /revoke',
    'POST /revoke-others',
  ])('T56: a visitor who writes nothing costs nothing: %s', async (route) => {
    const { port, engine } = await start(adapter, APP)
    const [method = '', path = ''] = route.split(' ')
    const { status, setCookie } = await send(port, method, path, { headers: SAME_ORIGIN })
    expect({ status, setCookie, calls: engine.calls }).toEqual({ status: 200, setCookie: [], calls: [] })
  })

  test('T56: an unknown token costs one read and nothing more, and never becomes a session', async () => {
    const { port, engine, store } = await start(adapter, APP)
    const token = 'A'.repeat(48)
    for (const path of ['/me', '/logout', '/rotate', '/nothing']) {
      engine.forgetCalls()
      const { status } = await send(port, 'POST', path, {
        headers: { ...SAME_ORIGIN, Cookie: `__Host-id=${token}` },
      })
      expect([status, engine.calls]).toEqual([200, ['read']])
    }
    expect(await store.read(token)).toBeNull()
  })

  test('T9: a token that is unknown never becomes the id or the secret of a new session', async () => {
    const { port } = await start(adapter, APP)
    const headers = { ...SAME_ORIGIN, Cookie: `__Host-id=${'A'.repeat(48)}` }
    for (const path of ['/add', '/login', '/begin']) {
      const { setCookie, body } = await send(port, 'POST', path, { headers })
      expect(setCookie).toEqual([expect.stringMatching(/^__Host-id=(?!A{16})[\w-]{48}; /)])
      expect(setCookie[0]).not.toContain('A'.repeat(32))
      expect(JSON.parse(body).id).not.toBe('A'.repeat(16))
    }
  })

  test('T56: the first change makes an anonymous session, in one write', async () => {
    const { port, engine } = await start(adapter, APP)
    const browser = new Browser(port)
    const { setCookie, body } = await browser.post('/add?item=tea')
    expect([setCookie.length, engine.calls]).toEqual([1, ['create']])
    expect(JSON.parse(body)).toMatchObject({ userId: null, data: { cart: ['tea'] } })
    expect(JSON.parse((await browser.post('/add?item=jam')).body).data.cart).toEqual(['tea', 'jam'])
  })

  test('T56: two changes at once in one request make one session', async () => {
    const twice: Route = async ({ session }) => {
      const add = (item: string) => session.update((draft) => Object.assign(draft, { [item]: true }))
      await Promise.all([add('a'), add('b')])
    }
    const { port, engine } = await start(adapter, { ...APP, 'POST /': twice })
    const browser = new Browser(port)
    const { setCookie } = await browser.post('/')
    expect([setCookie.length, engine.calls]).toEqual([1, ['create', 'replace']])
    expect(JSON.parse((await browser.get('/me')).body).data).toMatchObject({ a: true, b: true })
  })

  test('T56: a recipe that throws or waits stores nothing', async () => {
    const recipes: Route[] = [
      ({ session }) => session.update(() => JSON.parse('{')),
      ({ session }) => session.update(async (draft) => void Object.assign(draft, { late: true })),
    ]
    for (const recipe of recipes) {
      const { port, engine } = await start(adapter, { 'POST /': recipe })
      const { status, setCookie } = await new Browser(port).post('/')
      expect([status, setCookie, engine.calls]).toEqual([500, [], []])
    }
  })

  test('T56: what a recipe changes is never what the next visitor starts from', async () => {
    const shared = { cart: [], seen: new Map([['a', 1]]) }
    const grab: Route = ({ session }) =>
      session.update((draft) => {
        const { seen } = draft
        if (seen instanceof Map) seen.set('b', 2)
        throw new Error('after the damage')
      })
    const { port } = await start(adapter, { 'POST /': grab }, { store: { initial: () => shared } })
    await new Browser(port).post('/')
    expect(shared.seen.size).toBe(1)
  })

  test('T56: one address makes 60 anonymous sessions a minute, then 429 with Retry-After; log-in goes on', async () => {
    const clock = new TestClock()
    const events: HttpEvent[] = []
    const onEvent = (event: HttpEvent) => events.push(event)
    const { port, engine } = await start(adapter, APP, { clock, http: { onEvent } })
    for (let count = 0; count < 60; count += 1) {
      expect((await send(port, 'POST', '/add', { headers: SAME_ORIGIN })).status).toBe(200)
    }
    engine.forgetCalls()
    for (const path of ['/add', '/begin']) {
      const { status, headers, setCookie, body } = await send(port, 'POST', path, { headers: SAME_ORIGIN })
      expect([status, setCookie, JSON.parse(body).code]).toEqual([429, [], 'ANONYMOUS_LIMIT'])
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    }
    expect(engine.calls).toEqual([])
    expect(events).toEqual(Array(2).fill({ name: 'anonymous_limit', limit: 'address' }))
    const headers = { ...SAME_ORIGIN, 'X-Forwarded-For': '198.51.100.7' }
    expect((await send(port, 'POST', '/add', { headers })).status).toBe(429)
    expect((await send(port, 'POST', '/login', { headers: SAME_ORIGIN })).status).toBe(200)
    clock.advance(60_000)
    expect((await send(port, 'POST', '/add', { headers: SAME_ORIGIN })).status).toBe(200)
  })

  test('T56: an application behind a proxy tells the address, and IPv6 counts by /64', async () => {
    const address = (request: { headers: NodeJS.Dict<string | string[]> }) =>
      String(request.headers['x-real-ip'])
    const http = { address, anonymous: { perAddressPerMinute: 2 } }
    const { port } = await start(adapter, APP, { http })
    const add = async (ip: string) =>
      (await send(port, 'POST', '/add', { headers: { ...SAME_ORIGIN, 'X-Real-IP': ip } })).status
    expect([await add('2001:db8::1'), await add('2001:DB8:0:0::2'), await add('2001:db8::3')]).toEqual([
      200, 200, 429,
    ])
    expect([await add('2001:db8:0:1::1'), await add('192.0.2.1')]).toEqual([200, 200])
  })

  test('T51: a rotation that arrives after the log-out makes no token, and shows nobody', async () => {
    const seen: unknown[] = []
    const slow: Route = async ({ session, response }) => {
      await running.store.revokeUser('u_1')
      seen.push(await session.rotate(), session.id)
      response.write('too late for a cookie')
      seen.push(await session.update((draft) => Object.assign(draft, { late: true })))
      response.end()
    }
    const running = await start(adapter, { ...APP, 'POST /slow': slow })
    const browser = new Browser(running.port)
    await browser.post('/login')
    const { setCookie } = await browser.post('/slow')
    expect([seen, setCookie]).toEqual([[null, null, false], []])
  })

  test('T51: a change that arrives after the log-out is not stored, and starts no new session', async () => {
    const results: unknown[] = []
    const slow: Route = async ({ session, request }) => {
      await running.store.revoke(String(request.headers['x-token']))
      results.push(await session.update((draft) => Object.assign(draft, { late: true })))
      results.push(await session.update((draft) => Object.assign(draft, { later: true })))
      results.push(session.id)
    }
    const running = await start(adapter, { ...APP, 'POST /slow': slow })
    const browser = new Browser(running.port)
    await browser.post('/login')
    const { setCookie } = await browser.post('/slow', { 'X-Token': browser.cookies.get('__Host-id') ?? '' })
    expect([results, setCookie]).toEqual([[false, false, null], []])
    expect(await running.store.list({ userId: 'u_1' })).toEqual([])
  })
})
