import { Agent } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TestClock } from '../core/test-clock.test-support.ts'
import { Browser, send } from '../http/client.test-support.ts'
import { APP, SAME_ORIGIN } from './app.test-support.ts'
import { ADAPTERS, type Adapter, type Route, type Routes, type Setup, start } from './servers.test-support.ts'

const MINUTE = 60_000

/** A browser with an anonymous session that holds a cart and a colour. */
async function visiting(adapter: Adapter, routes: Routes = {}, setup: Setup = {}) {
  const colour: Route = ({ session }) => session.update((draft) => Object.assign(draft, { colour: 'red' }))
  const running = await start(adapter, { ...APP, 'POST /colour': colour, ...routes }, setup)
  const agent = new Agent({ keepAlive: true, maxSockets: 200 })
  onTestFinished(() => agent.destroy())
  const browser = new Browser(running.port, agent)
  await browser.post('/add?item=tea')
  await browser.post('/colour')
  const token = browser.cookies.get('__Host-id') ?? ''
  return { ...running, browser, token, agent }
}

/** Whether log-in left anything of the session that an attacker may have planted. */
async function isFixated(adapter: Adapter, login: Route): Promise<boolean> {
  const { browser, store, token } = await visiting(adapter, { 'POST /login': login })
  await browser.post('/login')
  const old = await store.read(token)
  const now = await store.read(browser.cookies.get('__Host-id') ?? '')
  return old !== null || now?.id === token.slice(0, 16) || now?.userId !== 'u_1'
}

describe.each(ADAPTERS)('over $name', (adapter) => {
  test('T37: log-in makes a new id and a new secret, and the session before is dead', async () => {
    const login: Route = ({ session }) => session.login('u_1')
    expect(await isFixated(adapter, login)).toBe(false)
  })

  test.each([
    [
      'only notes the user in the data',
      ({ session }) => session.update((draft) => Object.assign(draft, { user: 'u_1' })),
    ],
    ['only rotates', ({ session }) => session.rotate()],
  ] satisfies [string, Route][])('the check of T37 catches a log-in that %s', async (_mistake, login) => {
    expect(await isFixated(adapter, login)).toBe(true)
  })

  test('T37: only the named fields move, and given ones lie on top', async () => {
    const login: Route = async ({ session, response }) => {
      await session.login('u_1', { carry: ['cart'], data: { name: 'Ann' } })
      response.end(JSON.stringify(session.data))
    }
    const { browser } = await visiting(adapter, { 'POST /login': login })
    expect(JSON.parse((await browser.post('/login')).body)).toEqual({ cart: ['tea'], name: 'Ann' })
  })

  test('T37: what is carried is what is stored at log-in, not what the request began with', async () => {
    const login: Route = async ({ session }) => {
      await running.store.update(running.token, (draft) => Object.assign(draft, { cart: ['tea', 'jam'] }))
      await session.login('u_1', { carry: ['cart'] })
    }
    const running = await visiting(adapter, { 'POST /login': login })
    await running.browser.post('/login')
    expect(JSON.parse((await running.browser.get('/me')).body).data.cart).toEqual(['tea', 'jam'])
  })

  test('T37: without carry nothing moves', async () => {
    const { browser } = await visiting(adapter, { 'POST /login': ({ session }) => session.login('u_1') })
    await browser.post('/login')
    expect(JSON.parse((await browser.get('/me')).body).data).toEqual({ cart: [] })
  })

  test('T37: one user after another in one browser: each log-in is a session of its own', async () => {
    const { browser, store } = await visiting(adapter)
    await browser.post('/login?user=u_1')
    const first = browser.cookies.get('__Host-id') ?? ''
    await browser.post('/login?user=u_2')
    expect(await store.read(first)).toBeNull()
    expect(await store.list({ userId: 'u_1' })).toEqual([])
    expect(JSON.parse((await browser.get('/me')).body).userId).toBe('u_2')
  })

  test.each([
    '{"userId":"admin"}',
    '{"replaces":"x"}',
    '{"authenticatedAt":0}',
    '{"absolute":"400d"}',
    '{"keep":true}',
  ])('T37: log-in has no option that turns this off: %s is refused', async (json) => {
    const { browser, engine } = await visiting(adapter, {
      'POST /login': ({ session }) => session.login('u_1', JSON.parse(json)),
    })
    engine.forgetCalls()
    expect([(await browser.post('/login')).status, engine.calls]).toEqual([500, ['read']])
  })

  test.each(['undefined', 'null', '7', '""'])(
    'T37: log-in as %s is refused, and nobody is logged in',
    async (json) => {
      const { browser, engine } = await visiting(adapter, {
        'POST /login': ({ session }) =>
          session.login(json === 'undefined' ? JSON.parse('[]')[0] : JSON.parse(json)),
      })
      engine.forgetCalls()
      expect((await browser.post('/login')).status).toBe(500)
      expect(engine.calls).not.toContain('create')
    },
  )

  test('T38: the new record is stored, then the old one ends, and only then the cookie is set', async () => {
    const order: string[] = []
    const { browser, engine } = await visiting(adapter, {
      'POST /login': async ({ session, response }) => {
        const writeHead = response.writeHead.bind(response)
        response.writeHead = (...args: [number]) => {
          order.push('head')
          return writeHead(...args)
        }
        await session.login('u_1')
        response.end()
      },
    })
    engine.before(async (verb) => void order.push(verb))
    await browser.post('/login')
    expect(order).toEqual(['read', 'read', 'create', 'end', 'head'])
  })

  test.each(['create', 'end'] as const)(
    'T38: when %s fails, the answer is 503 and the old token stays what it was',
    async (verb) => {
      const { browser, engine, store, token } = await visiting(adapter)
      engine.cut('fails', [verb])
      const { status, setCookie } = await browser.post('/login')
      engine.cut('none')
      expect([status, setCookie]).toEqual([503, []])
      expect(browser.cookies.get('__Host-id')).toBe(token)
      expect(await store.read(token)).toMatchObject({ userId: null, data: { cart: ['tea'] } })
    },
  )

  test('T38: a thousand parallel requests with the old token see the old data or nobody, never the user', async () => {
    const { port, browser, token, agent } = await visiting(adapter)
    const headers = { Cookie: `__Host-id=${token}` }
    const seen = Array.from({ length: 1_000 }, () => send(port, 'GET', '/me', { headers, agent }))
    const login = browser.post('/login')
    const bodies = (await Promise.all(seen)).map(({ body }) => JSON.parse(body))
    await login
    expect(bodies.every(({ userId }) => userId === null)).toBe(true)
    for (const { id, data } of bodies)
      expect(id === null ? data.cart : [data.colour]).toEqual(id === null ? [] : ['red'])
    expect(JSON.parse((await browser.get('/me')).body).userId).toBe('u_1')
  })

  test('T39: after a rotation without grace the old token is dead on the next call', async () => {
    const { browser, store } = await visiting(adapter)
    await browser.post('/login')
    const old = browser.cookies.get('__Host-id') ?? ''
    const { setCookie } = await browser.post('/rotate?grace=no')
    expect(setCookie).toHaveLength(1)
    expect(await store.read(old)).toBeNull()
    expect(JSON.parse((await browser.get('/me')).body)).toMatchObject({ id: old.slice(0, 16), userId: 'u_1' })
  })

  test('T39: also when the request came with an old token in its grace', async () => {
    const { port, browser, store } = await visiting(adapter)
    await browser.post('/login')
    const headers = { Cookie: browser.cookie, ...SAME_ORIGIN }
    const old = browser.cookies.get('__Host-id') ?? ''
    await browser.post('/rotate')
    const successor = browser.cookies.get('__Host-id') ?? ''
    const { setCookie } = await send(port, 'POST', '/rotate?grace=no', { headers })
    expect([await store.read(old), await store.read(successor)]).toEqual([null, null])
    const [, token = ''] = /^__Host-id=([\w-]{48});/.exec(setCookie[0] ?? '') ?? []
    expect(await store.read(token)).toMatchObject({ userId: 'u_1' })
  })

  test('T40: re-authentication of a session that ended meanwhile asks for a log-in, and shows nobody', async () => {
    const seen: unknown[] = []
    const late: Route = async ({ session }) => {
      await running.store.revokeUser('u_1')
      await session.reauthenticate({ userId: 'u_1' }).catch((error: unknown) => seen.push(error))
      seen.push(session.userId)
    }
    const running = await visiting(adapter, { 'POST /late': late })
    await running.browser.post('/login')
    expect((await running.browser.post('/late')).setCookie).toEqual([])
    expect(seen).toEqual([expect.objectContaining({ code: 'REAUTHENTICATION_REQUIRED' }), null])
  })

  test('T42: a bearer client gets the one successor when it asks, and nothing is made twice', async () => {
    const routes: Routes = { 'POST /renew': async ({ session }) => ({ token: await session.rotate() }) }
    const { port, store, engine } = await start(adapter, routes, { http: { transport: 'bearer' } })
    const { token } = await store.create({ userId: 'u_1' })
    const headers = { Authorization: `Bearer ${token}` }
    const first = JSON.parse((await send(port, 'POST', '/renew', { headers })).body)
    const second = JSON.parse((await send(port, 'POST', '/renew', { headers })).body)
    expect(await store.read(first.token)).toMatchObject({ userId: 'u_1' })
    expect(second).toEqual(first)
    engine.forgetCalls()
    await send(port, 'GET', '/elsewhere', { headers })
    expect(engine.calls).toEqual(['read'])
  })

  test('T40: re-authentication sets a new token, notes the time and resets both deadlines', async () => {
    const clock = new TestClock()
    const { browser, store } = await visiting(adapter, {}, { clock })
    await browser.post('/login')
    const before = await store.read(browser.cookies.get('__Host-id') ?? '')
    clock.advance(20 * MINUTE)
    expect((await browser.post('/prove')).setCookie).toHaveLength(1)
    const after = await store.read(browser.cookies.get('__Host-id') ?? '')
    expect(after).toMatchObject({
      id: before?.id,
      assurance: 'passkey',
      authenticatedAt: clock.now(),
      expiresAt: clock.now() + 30 * MINUTE,
      absoluteAt: clock.now() + 8 * 60 * MINUTE,
    })
  })

  test('T40: re-authentication as another user is refused with 403, and changes nothing', async () => {
    const { browser, store } = await visiting(adapter)
    await browser.post('/login')
    const token = browser.cookies.get('__Host-id') ?? ''
    const { status, setCookie, body } = await browser.post('/prove?user=u_2')
    expect([status, setCookie, JSON.parse(body).code]).toEqual([403, [], 'USER_MISMATCH'])
    expect(await store.read(token)).toMatchObject({ userId: 'u_1', assurance: 'password' })
  })

  test('T40: re-authentication without a session asks for a log-in', async () => {
    const { port } = await start(adapter, APP)
    const { status, body, setCookie } = await new Browser(port).post('/prove')
    expect([status, JSON.parse(body).code, setCookie]).toEqual([401, 'REAUTHENTICATION_REQUIRED', []])
  })

  test('T42: in the grace every request with the old token gets the one successor, also by GET', async () => {
    const { port, browser, agent } = await visiting(adapter)
    await browser.post('/login')
    const headers = { Cookie: browser.cookie, ...SAME_ORIGIN }
    const rotated = await send(port, 'POST', '/rotate', { headers })
    const others = await Promise.all(
      Array.from({ length: 20 }, () => send(port, 'GET', '/me', { headers, agent })),
    )
    for (const { setCookie, headers: sent } of others) {
      expect(setCookie).toEqual(rotated.setCookie)
      expect(sent['cache-control']).toBe('private, no-store')
    }
  })

  test('T44: parallel rotations of one token make one successor', async () => {
    const { port, browser, store } = await visiting(adapter)
    await browser.post('/login')
    const headers = { Cookie: browser.cookie, ...SAME_ORIGIN }
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => send(port, 'POST', '/rotate', { headers })),
    )
    const lines = new Set(answers.flatMap(({ setCookie }) => setCookie))
    expect([lines.size, answers.every(({ status }) => status === 200)]).toEqual([1, true])
    const [line = ''] = lines
    expect(await store.read(line.slice('__Host-id='.length).split(';')[0] ?? '')).toMatchObject({
      userId: 'u_1',
    })
  })

  test('T44: when the successor cannot be read the request goes on, and gets it the next time', async () => {
    const { port, browser, engine } = await visiting(adapter)
    await browser.post('/login')
    const headers = { Cookie: browser.cookie, ...SAME_ORIGIN }
    await send(port, 'POST', '/rotate', { headers })
    let reads = 0
    engine.before(async (verb) => {
      reads += verb === 'read' ? 1 : 0
      engine.cut(reads === 2 ? 'fails' : 'none')
    })
    const first = await send(port, 'GET', '/me', { headers })
    expect([first.status, JSON.parse(first.body).userId, first.setCookie]).toEqual([200, 'u_1', []])
    expect((await send(port, 'GET', '/me', { headers })).setCookie).toHaveLength(1)
  })

  test('T55: a recent log-in is asked for by the clock, and nobody can write it', async () => {
    const clock = new TestClock()
    const forge: Route = ({ session }) =>
      session.update((draft) => {
        Object.assign(draft, {
          authenticatedAt: clock.now() + 1e9,
          assurance: 'aal3',
          userId: 'admin',
          expiresAt: 9e15,
        })
      })
    const { browser } = await visiting(adapter, { 'POST /forge': forge }, { clock })
    expect((await browser.post('/transfer')).status).toBe(401)
    await browser.post('/login')
    clock.advance(5 * MINUTE)
    expect((await browser.post('/transfer')).status).toBe(200)
    await browser.post('/rotate')
    clock.advance(1)
    await browser.post('/forge')
    const { status, body, setCookie } = await browser.post('/transfer')
    expect([status, JSON.parse(body).code, setCookie]).toEqual([401, 'REAUTHENTICATION_REQUIRED', []])
    expect(JSON.parse((await browser.get('/me')).body).userId).toBe('u_1')
    await browser.post('/prove')
    expect((await browser.post('/transfer')).status).toBe(200)
  })

  test('T57: a log-in that waits for a second factor is nobody yet, and dies after ten minutes', async () => {
    const clock = new TestClock()
    const { browser, store, token } = await visiting(adapter, {}, { clock })
    expect(JSON.parse((await browser.post('/begin')).body)).toMatchObject({
      userId: null,
      data: { stage: 'code', cart: ['tea'] },
    })
    expect(await store.read(token)).toBeNull()
    for (let minute = 0; minute < 9; minute += 1) {
      clock.advance(MINUTE)
      await browser.get('/me')
      await store.drain()
    }
    expect(JSON.parse((await browser.get('/me')).body).data.stage).toBe('code')
    clock.advance(MINUTE)
    expect(JSON.parse((await browser.get('/me')).body)).toMatchObject({ id: null, data: { cart: [] } })
  })

  test('T57: after the second factor the user is in, and the half-finished session is dead', async () => {
    const { browser, store } = await visiting(adapter)
    await browser.post('/begin')
    const half = browser.cookies.get('__Host-id') ?? ''
    expect(JSON.parse((await browser.post('/login')).body)).toMatchObject({
      userId: 'u_1',
      data: { cart: ['tea'] },
    })
    expect(await store.read(half)).toBeNull()
  })

  test.each(['"11m"', '600001', '0', '"soon"'])(
    'T57: %s is refused as the limit of a half-finished log-in',
    async (json) => {
      const { browser } = await visiting(adapter, {
        'POST /begin': ({ session }) => session.begin({ absolute: JSON.parse(json) }),
      })
      const { status, setCookie } = await browser.post('/begin')
      expect([status, setCookie]).toEqual([500, []])
    },
  )
})
