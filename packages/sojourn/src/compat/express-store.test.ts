import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { session } from './express-module.test-support.ts'
import { expressSessionStore } from './express-session.ts'
import { called, expressSite } from './express-site.test-support.ts'
import { Processes, sessionFor, standStill } from './express-world.test-support.ts'
import { dataOf } from './site.test-support.ts'

const WRITES = ['create', 'replace', 'touch', 'end']

describe('the store for express-session', () => {
  const [memory] = ENGINES

  test('belongs to one middleware: a second one is refused when it is made', async () => {
    const processes = await Processes.over(memory)
    const { store, sessions } = await processes.start()
    const options = { resave: false, saveUninitialized: false, secret: 'x' }
    session({ ...options, store })
    expect(() => session({ ...options, store })).toThrow(/call expressSessionStore for each/)
    session({ ...options, store: expressSessionStore(session.Store, sessions) })
  })

  test('two middlewares over the same sessions each keep their cookie', async () => {
    const { store, sessions } = await (await Processes.over(memory)).start()
    const site = await expressSite(store, { name: 'a', cookie: { maxAge: 60_000 } })
    const other = await expressSite(expressSessionStore(session.Store, sessions), {
      name: 'b',
      cookie: { path: '/', maxAge: null },
    })
    const { setCookie } = await site.browser().post('/data?set=x:1')
    const { setCookie: otherCookie } = await other.browser().post('/data?set=x:1')
    expect(setCookie[0]).toMatch(/^a=.*Expires=/)
    expect(otherCookie[0]).toMatch(/^b=/)
    expect(otherCookie[0]).not.toMatch(/Expires/)
  })

  test('refuses what is no class, and options that do not exist', async () => {
    const { sessions } = await (await Processes.over(memory)).start()
    const open = (Store: unknown, options: object) => () =>
      Reflect.apply(expressSessionStore, null, [Store, sessions, options])
    expect(open(sessions, {})).toThrow(/session.Store/)
    expect(open(session.Store, { ttl: 5 })).toThrow(/no option "ttl"/)
    expect(open(session.Store, { label: 'a b' })).toThrow(/label/)
    expect(open(session.Store, { userId: 'ada' })).toThrow(/userId/)
  })

  test('L7: calls back once, although the callback throws', async () => {
    const { store } = await (await Processes.over(memory)).start()
    const thrown: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => thrown.push(error))
    let calls = 0
    const last = new Promise<void>((resolve) => {
      store.get('a', () => {
        calls += 1
        setImmediate(resolve)
        throw new Error('mine')
      })
    })
    await last
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect([calls, thrown.length]).toEqual([1, 1])
  })

  test('takes no callback, as regenerate and user code may have none', async () => {
    const { store } = await (await Processes.over(memory)).start()
    store.set('a', sessionFor(null))
    expect(await called((done) => store.get('a', done))).toMatchObject({ x: 1 })
    store.touch('a', sessionFor(null))
    store.destroy('a')
    expect(await called((done) => store.get('a', done))).toBeNull()
    store.clear()
  })

  test('L6: stores what the session was when it was saved', async () => {
    const { store } = await (await Processes.over(memory)).start()
    const live = { cart: ['tea'], ...sessionFor(null) }
    const saving = called((done) => store.set('a', live, done))
    live.cart.push('late')
    await saving
    expect(await called((done) => store.get('a', done))).toMatchObject({ cart: ['tea'] })
  })

  test('a log-in without a new id makes the session its user’s, and log-out by the user ends it', async () => {
    const { store, sessions } = await (await Processes.over(memory)).start()
    const site = await expressSite(store)
    const browser = site.browser()
    await browser.post('/data?set=cart:tea')
    await browser.post('/data?set=user:ada')
    expect(await sessions.list({ userId: 'ada' })).toHaveLength(1)
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ cart: 'tea', user: 'ada' })
    await sessions.revokeUser('ada')
    expect(dataOf((await browser.get('/data')).body)).not.toHaveProperty('cart')
  })

  test('a reload sees what others wrote, and the next save is a change to that', async () => {
    const processes = await Processes.over(memory)
    const [a, b] = [await processes.start(), await processes.start()]
    const other = await expressSite(b.store)
    const site = await expressSite(
      a.store,
      {},
      {
        '/reload': async (request, live) => {
          const { headers } = request
          await other.browser().post('/data?set=x:2&set=y:2', { Cookie: headers.cookie ?? '' })
          await called((done) => live.reload(done))
          Object.assign(Reflect.get(request, 'session'), { z: 1 })
        },
      },
    )
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    await browser.post('/reload')
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: '2', y: '2', z: 1 })
  })

  test('"remember me" is a longer cookie, and is kept from then on', async () => {
    const move = standStill()
    const { store } = await (
      await Processes.over(memory, { lifetime: { idle: '30m', absolute: '30d' } })
    ).start()
    const site = await expressSite(
      store,
      { cookie: { maxAge: 60_000 } },
      {
        '/remember': async (_request, live) => {
          live.cookie.maxAge = 86_400_000
        },
      },
    )
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    await browser.post('/remember')
    for (let day = 0; day < 3; day += 1) {
      move(86_000_000)
      expect(dataOf((await browser.get('/data')).body)).toMatchObject({
        x: '1',
        cookie: { originalMaxAge: 86_400_000 },
      })
    }
    move(86_400_000)
    expect(dataOf((await browser.get('/data')).body)).not.toHaveProperty('x')
  })

  test('L13: a thousand requests within the throttle write nothing, and none expires early', async () => {
    const move = standStill()
    const { store, line, sessions } = await (await Processes.over(memory)).start()
    const site = await expressSite(store, { cookie: { maxAge: 600_000 } })
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    move(30_000)
    line.forget()
    for (let turn = 0; turn < 100; turn += 1) await browser.get('/data')
    expect(line.calls.filter((verb) => WRITES.includes(verb))).toEqual([])
    move(30_000)
    await browser.get('/data')
    await sessions.drain()
    expect(line.calls.filter((verb) => WRITES.includes(verb))).toEqual(['touch'])
    move(599_999)
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: '1' })
  })

  test('a request that ends its response while it still saves is answered once, and its data is there', async () => {
    const { store, line } = await (await Processes.over(memory)).start()
    const site = await expressSite(store)
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    line.fail('replace')
    const { status } = await browser.post('/data?set=x:2')
    expect(status).toBe(200)
    expect(site.errors).toMatchObject([{ code: 'ENGINE_UNAVAILABLE' }])
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: '1' })
  })

  test('T152: destroy ends nothing by the public id of a session, its own or the application’s', async () => {
    const { store, sessions } = await (await Processes.over(memory)).start()
    await called((done) => store.set('a', sessionFor(null, { user: 'ada' }), done))
    await sessions.create({ userId: 'ada' })
    const listed = await sessions.list({ userId: 'ada' })
    expect(listed).toHaveLength(2)
    const all = await called((done) => store.all(done))
    for (const { id } of listed) {
      expect(Object.keys(all ?? {}).join()).not.toContain(id)
      for (const sid of [id, `~${id}`, `~${id}${'A'.repeat(12)}`]) {
        await called((done) => store.destroy(sid, done))
      }
    }
    expect(await sessions.list({ userId: 'ada' })).toHaveLength(2)
  })

  test('T152: neither the cookie nor the id of the middleware is in what is stored', async () => {
    const processes = await Processes.over(memory)
    const { store, sessions } = await processes.start()
    const site = await expressSite(store)
    const browser = site.browser()
    await browser.post('/data?set=user:ada')
    const id = site.last()?.id ?? ''
    expect(id).toHaveLength(32)
    const [listed] = await sessions.list({ userId: 'ada' })
    expect(JSON.stringify([listed, await called((done) => store.all(done))])).not.toContain(id)
    for (const known of [listed?.id ?? '', id]) {
      expect(await sessions.read(known)).toBeNull()
      expect(await sessions.read(known + id)).toBeNull()
    }
  })
})
