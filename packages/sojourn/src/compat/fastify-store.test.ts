import type { FastifyRequest } from 'fastify'
import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { called } from './express-site.test-support.ts'
import { sessionFor, standStill } from './express-world.test-support.ts'
import { fastifySessionStore } from './fastify-session.ts'
import { fastifySite, type LiveSession, liveSessionOf } from './fastify-site.test-support.ts'
import { fastifyProcesses } from './fastify-world.test-support.ts'
import { dataOf } from './site.test-support.ts'

describe('the store for @fastify/session', () => {
  const [memory] = ENGINES

  test('L9: is a plain object with functions of its own that need no this', async () => {
    const { store } = await (await fastifyProcesses(memory))()
    const { get, set, destroy } = { ...store }
    await called((done) => set('a', sessionFor(null), done))
    expect(await called((done) => get('a', done))).toMatchObject({ x: 1 })
    destroy('a')
    expect(await called((done) => get('a', done))).toBeNull()
  })

  test('refuses options that do not exist', async () => {
    const { sessions } = await (await fastifyProcesses(memory))()
    const open = (options: object) => () => Reflect.apply(fastifySessionStore, null, [sessions, options])
    expect(open({ ttl: 5 })).toThrow(/no option "ttl"/)
    expect(open({ label: 'a b' })).toThrow(/label/)
    expect(open({ userId: 'ada' })).toThrow(/userId/)
  })

  test('L6: stores what the session was when it was saved', async () => {
    const { store } = await (await fastifyProcesses(memory))()
    const live = { cart: ['tea'], ...sessionFor(null) }
    const saving = called((done) => store.set('a', live, done))
    live.cart.push('late')
    await saving
    expect(await called((done) => store.get('a', done))).toMatchObject({ cart: ['tea'] })
  })

  test('FA6, EX10: what JSON cannot hold is an error with its path, and nothing is stored', async () => {
    const { store } = await (await fastifyProcesses(memory))()
    const bad = { fn: () => 1, symbol: Symbol('s'), number: Number.NaN, map: new Map(), big: 1n }
    for (const [key, value] of Object.entries(bad)) {
      const saved = called((done) => store.set('a', sessionFor(null, { deep: [{ [key]: value }] }), done))
      await expect(saved).rejects.toMatchObject({
        code: 'DATA_REFUSED',
        message: expect.stringContaining(`data.deep[0].${key}`),
      })
      expect(await called((done) => store.get('a', done))).toBeNull()
    }
  })

  test('FA6, EX10: with the plugin the request fails, and the session stays as it was', async () => {
    const { store } = await (await fastifyProcesses(memory))()
    const bad = async (_request: object, live: Record<string, unknown>) => {
      Object.assign(live, { total: { sum: Number.NaN } })
    }
    const site = await fastifySite(store, {}, { '/bad': bad })
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    const { status, body } = await browser.post('/bad')
    expect([status, body]).toEqual([422, expect.stringContaining('data.total.sum')])
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: '1' })
  })

  test.each(['save', 'set', 'get', 'touch', 'reload', 'regenerate', 'destroy', 'options', 'isModified'])(
    'a field with the name of the method %s is refused, so that it locks nobody out',
    async (name) => {
      const { store } = await (await fastifyProcesses(memory))()
      const shadow = async (_request: object, live: Record<string, unknown>) => {
        live[name] = 'mine'
        const saved = called((done) => store.set('a', live, done))
        await expect(saved).rejects.toMatchObject({ message: expect.stringContaining(`data.${name} `) })
        delete live[name]
      }
      const site = await fastifySite(store, {}, { '/shadow': shadow })
      const browser = site.browser()
      await browser.post('/data?set=x:1')
      expect((await browser.post('/shadow')).status).toBe(200)
      expect((await browser.get('/data')).status).toBe(200)
    },
  )

  test('a reload sees what others wrote, and the next save is a change to that', async () => {
    const start = await fastifyProcesses(memory)
    const other = await fastifySite((await start()).store)
    const site = await fastifySite(
      (await start()).store,
      {},
      {
        '/reload': async (request, live) => {
          await other.browser().post('/data?set=x:2&set=y:2', { Cookie: request.headers.cookie ?? '' })
          await live.reload()
          Object.assign(liveSessionOf(request), { z: 1 })
          await other.browser().post('/data?set=y:3', { Cookie: request.headers.cookie ?? '' })
        },
      },
    )
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    await browser.post('/reload')
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: '2', y: '3', z: 1 })
  })

  test('a reload that fails empties nothing, whether the error is caught or not', async () => {
    const { store, line } = await (await fastifyProcesses(memory))()
    const site = await fastifySite(
      store,
      {},
      {
        '/reload': async (_request, live) => {
          line.fail('read')
          await live.reload()
        },
        '/caught': async (_request, live) => {
          line.fail('read')
          await live.reload().catch(() => undefined)
        },
      },
    )
    const browser = site.browser()
    await browser.post('/data?set=user:ada')
    for (const path of ['/reload', '/caught']) {
      expect((await browser.post(path)).status).toBe(503)
      expect(dataOf((await browser.get('/data')).body)).toMatchObject({ user: 'ada' })
    }
  })

  test('several saves of one request each start from the one before', async () => {
    const start = await fastifyProcesses(memory)
    const other = await fastifySite((await start()).store)
    const saves = async (request: { headers: { cookie?: string | undefined } }, live: LiveSession) => {
      Object.assign(live, { x: 1 })
      await live.save()
      await other.browser().post('/data?set=x:other', { Cookie: request.headers.cookie ?? '' })
      Object.assign(live, { y: 1 })
    }
    const site = await fastifySite((await start()).store, {}, { '/saves': saves })
    const browser = site.browser()
    await browser.post('/data?set=z:1')
    await browser.post('/saves')
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: 'other', y: 1, z: '1' })
  })

  test('regenerate keeps the fields that it is told to, under a new id', async () => {
    const { store, sessions } = await (await fastifyProcesses(memory))()
    const site = await fastifySite(
      store,
      {},
      {
        '/step-up': async (request, live) => {
          await live.regenerate(['user', 'cart'])
          Object.assign(liveSessionOf(request), { level: 2 })
        },
      },
    )
    const browser = site.browser()
    await browser.post('/data?set=user:ada&set=cart:tea')
    await browser.post('/step-up')
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ user: 'ada', cart: 'tea', level: 2 })
    expect(await sessions.list({ userId: 'ada' })).toHaveLength(1)
  })

  test('a cookie of a fixed date keeps it', async () => {
    const move = standStill()
    const { store } = await (await fastifyProcesses(memory))()
    const site = await fastifySite(store, { cookie: { expires: new Date(Date.now() + 60_000) } })
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    move(40_000)
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: '1' })
    move(20_000)
    expect(dataOf((await browser.get('/data')).body)).not.toHaveProperty('x')
  })

  test('a date that the application makes earlier holds', async () => {
    const move = standStill()
    const { store } = await (await fastifyProcesses(memory))()
    const soon = async (_request: object, live: { readonly cookie: { expires: unknown } }) => {
      live.cookie.expires = new Date(Date.now() + 1_000)
    }
    const site = await fastifySite(store, { cookie: { maxAge: 600_000 } }, { '/soon': soon })
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    await browser.post('/soon')
    move(1_000)
    expect(dataOf((await browser.get('/data')).body)).not.toHaveProperty('x')
  })

  test('a slow request does not take back what a later one gave to the deadline', async () => {
    const move = standStill()
    const { store } = await (await fastifyProcesses(memory))()
    const site = await fastifySite(store, { cookie: { maxAge: 60_000 } })
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    const held = site.hold('slow')
    const slow = browser.get('/data?hold=slow')
    await held.reached
    move(50_000)
    await browser.get('/data')
    held.release()
    await slow
    move(59_999)
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: '1' })
  })

  test('other options of the cookie, set in a handler, take nothing away of what was read', async () => {
    const start = await fastifyProcesses(memory)
    const other = await fastifySite((await start()).store)
    const options = async (request: FastifyRequest, live: LiveSession) => {
      await other.browser().post('/data?set=y:1&delete=x', { Cookie: request.headers.cookie ?? '' })
      live.options({ maxAge: 60_000 })
      Object.assign(live, { z: 1 })
    }
    const browser = (await fastifySite((await start()).store, {}, { '/options': options })).browser()
    await browser.post('/data?set=x:1')
    await browser.post('/options')
    const { cookie, ...left } = dataOf((await browser.get('/data')).body)
    expect([cookie, left]).toMatchObject([{ originalMaxAge: 60_000 }, { y: '1', z: 1 }])
    expect(left).not.toHaveProperty('x')
  })

  test('"remember me" is a longer cookie, and is kept from then on', async () => {
    const move = standStill()
    const start = await fastifyProcesses(memory, { lifetime: { idle: '30m', absolute: '30d' } })
    const { store } = await start()
    const remember = async (_request: object, live: { readonly cookie: { maxAge: unknown } }) => {
      live.cookie.maxAge = 86_400_000
    }
    const site = await fastifySite(store, { cookie: { maxAge: 60_000 } }, { '/remember': remember })
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    await browser.post('/remember')
    for (let day = 0; day < 3; day += 1) {
      move(86_000_000)
      expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: '1' })
    }
    move(86_400_000)
    expect(dataOf((await browser.get('/data')).body)).not.toHaveProperty('x')
  })

  test('a log-in without a new id makes the session its user’s, and log-out by the user ends it', async () => {
    const { store, sessions } = await (await fastifyProcesses(memory))()
    const browser = (await fastifySite(store)).browser()
    await browser.post('/data?set=cart:tea')
    await browser.post('/data?set=user:ada')
    expect(await sessions.list({ userId: 'ada' })).toHaveLength(1)
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ cart: 'tea', user: 'ada' })
    await sessions.revokeUser('ada')
    expect(dataOf((await browser.get('/data')).body)).not.toHaveProperty('cart')
  })

  test('L3: the log-out of a visitor who has no session leaves no trace', async () => {
    const { store, line } = await (await fastifyProcesses(memory))()
    const site = await fastifySite(store)
    line.forget()
    for (let turn = 0; turn < 10; turn += 1) await site.browser().post('/logout')
    expect(line.calls.filter((verb) => verb !== 'read')).toEqual([])
  })

  test('T152: neither the cookie nor the id of the plugin is in what is stored', async () => {
    const { store, sessions } = await (await fastifyProcesses(memory))()
    const site = await fastifySite(store)
    const browser = site.browser()
    await browser.post('/data?set=user:ada')
    const id = site.last()?.sessionId ?? ''
    expect(id.length).toBeGreaterThan(20)
    const [listed] = await sessions.list({ userId: 'ada' })
    expect(JSON.stringify(listed)).not.toContain(id)
    for (const known of [listed?.id ?? '', id]) {
      expect(await sessions.read(known)).toBeNull()
      expect(await called((done) => store.get(listed?.id ?? '', done))).toBeNull()
    }
  })
})
