import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { over } from '../testing/shareable-store.test-support.ts'
import { standStill } from './express-world.test-support.ts'
import { koaSite } from './koa-site.test-support.ts'
import { koaProcesses } from './koa-world.test-support.ts'
import { dataOf } from './site.test-support.ts'

const WRITES = ['create', 'replace', 'touch', 'end']

describe.each(ENGINES)('koa-session over $name', (engine) => {
  test('KO1: what changed before a save in the middle of a request is stored', async () => {
    const { store } = await (await koaProcesses(engine))()
    const site = await koaSite(
      { store },
      {
        '/save': async (_ctx, live) => {
          Object.assign(live, { x: 2 })
          await live.save()
        },
      },
    )
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    await browser.post('/save')
    expect(dataOf((await browser.get('/data')).body)).toEqual({ x: 2 })
  })

  test('KO2: data and a new maxAge are both stored', async () => {
    const move = standStill()
    const { store } = await (await koaProcesses(engine))()
    const site = await koaSite(
      { store, maxAge: 60_000 },
      {
        '/remember': async (_ctx, live) => {
          Object.assign(live, { x: 'kept' })
          live.maxAge = 600_000
        },
        '/age': async (ctx, live) => {
          ctx.set('X-Max-Age', String(live.maxAge))
        },
      },
    )
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    await browser.post('/remember')
    move(599_000)
    const { headers, body } = await browser.get('/age')
    expect([headers['x-max-age'], dataOf(body)]).toEqual(['600000', { x: 'kept' }])
    move(1_001)
    expect(dataOf((await browser.get('/data')).body)).toEqual({})
  })

  test('KO3: regenerate gives the data a new id, and the old one is refused', async () => {
    const { store, sessions } = await (await koaProcesses(engine))()
    const site = await koaSite({ store })
    const browser = site.browser()
    await browser.post('/data?set=cart:tea')
    const { cookie: old } = browser
    await browser.post('/login?user=ada')
    expect(browser.cookie).not.toBe(old)
    expect(dataOf((await browser.get('/data')).body)).toEqual({ cart: 'tea', user: 'ada' })
    expect(dataOf((await site.browser().get('/data', { Cookie: old })).body)).toEqual({})
    expect(await sessions.list({ userId: 'ada' })).toHaveLength(1)
  })

  test.each([{ rolling: true }, { renew: true }])(
    'KO4: %j on a session that did not change writes no data, and the next request loads it',
    async (options) => {
      const move = standStill()
      const { store, line, sessions } = await (await koaProcesses(engine))()
      const site = await koaSite({ store, maxAge: 60_000, ...options })
      const browser = site.browser()
      await browser.post('/data?set=x:1')
      line.forget()
      for (let turn = 0; turn < 5; turn += 1) {
        move(45_000)
        expect(dataOf((await browser.get('/data')).body)).toEqual({ x: '1' })
      }
      await sessions.drain()
      expect(new Set(line.calls.filter((verb) => WRITES.includes(verb)))).toEqual(new Set(['touch']))
      expect(site.dropped).toEqual([])
      move(60_001)
      expect(dataOf((await browser.get('/data')).body)).toEqual({})
    },
  )

  test("KO5: with maxAge 'session' it lives for the store's idle timeout, and its cookie has no date", async () => {
    const move = standStill()
    const { store, sessions } = await (await koaProcesses(engine))()
    const { idle } = sessions.policy.lifetime
    const browser = (await koaSite({ store, maxAge: 'session' })).browser()
    const { setCookie } = await browser.post('/data?set=x:1')
    expect(setCookie.join()).not.toMatch(/expires/i)
    move(idle - 1)
    const changed = await browser.post('/data?set=y:1')
    expect([dataOf(changed.body), changed.setCookie.join()]).toEqual([
      { x: '1', y: '1' },
      expect.not.stringMatching(/expires/i),
    ])
    move(idle)
    expect(dataOf((await browser.get('/data')).body)).toEqual({})
  })

  test('KO6: ten thousand log-outs without a session leave nothing behind', async () => {
    const { store, line } = await (await koaProcesses(engine))()
    const site = await koaSite({ store })
    const before = (await line.scan(null, 100)).records.length
    line.forget()
    await site.browser().post('/logout')
    for (let turn = 0; turn < 100; turn += 1) {
      const keys = Array.from({ length: 100 }, (_, index) => `key ${turn} ${index}`)
      await Promise.all(keys.map((key) => store.destroy(key, { ctx: {} })))
    }
    expect(line.calls.filter((verb) => verb !== 'read')).toEqual([])
    expect((await line.scan(null, 100)).records).toHaveLength(before)
  })

  test.each([['nothing'], ['set=x:1']])(
    'KO7: a log-out in another process is not undone by a slow request with %s',
    async (query) => {
      const start = await koaProcesses(engine)
      const [a, b] = [await start(), await start()]
      const site = await koaSite({ store: a.store, rolling: true })
      const other = await koaSite({ ContextStore: b.ContextStore })
      const browser = site.browser()
      await browser.post('/data?set=user:ada')
      const { cookie } = browser
      const held = site.hold('slow')
      const slow = browser.post(`/data?${query}&hold=slow`)
      await held.reached
      await other.browser().post('/logout', { Cookie: cookie })
      held.release()
      expect((await slow).status).toBe(200)
      for (const { browser: fresh } of [site, other]) {
        expect(dataOf((await fresh().get('/data', { Cookie: cookie })).body)).toEqual({})
      }
      expect(await a.sessions.list({ userId: 'ada' })).toEqual([])
      expect(site.errors).toEqual([])
    },
  )

  test('KO8: get with an undefined maxAge finds what is there', async () => {
    const { store } = await (await koaProcesses(engine))()
    const ctx = {}
    await store.set('a', { x: 1 }, 60_000, { ctx })
    expect(await store.get('a', undefined, { ctx: {} })).toMatchObject({ x: 1 })
    const browser = (await koaSite({ store })).browser()
    await browser.post('/data?set=x:1')
    expect(dataOf((await browser.get('/data')).body)).toEqual({ x: '1' })
  })

  test.each([['first'], ['last']])(
    'EX5: of two requests in two processes each keeps its key; the holder ends %s',
    async (order) => {
      const start = await koaProcesses(engine)
      const site = await koaSite({ store: (await start()).store })
      const other = await koaSite({ store: (await start()).store })
      const browser = site.browser()
      await browser.post('/data?set=z:1&set=w:1')
      const { cookie: Cookie } = browser
      const [a, b] = [site.hold('a'), other.hold('b')]
      const answers = [
        site.browser().post('/data?set=x:1&delete=z&hold=a', { Cookie }),
        other.browser().post('/data?set=y:1&delete=w&hold=b', { Cookie }),
      ]
      await Promise.all([a.reached, b.reached])
      const releases = order === 'first' ? [a.release, b.release] : [b.release, a.release]
      for (const [index, release] of releases.entries()) {
        release()
        await answers[order === 'first' ? index : 1 - index]
      }
      expect(dataOf((await browser.get('/data')).body)).toEqual({ x: '1', y: '1' })
    },
  )

  test('EX8: an engine that says ENOENT is out of order, and not empty', async () => {
    let isDown = false
    const down = () => Promise.reject(Object.assign(new Error('connect ENOENT'), { code: 'ENOENT' }))
    const { store } = await (await koaProcesses(engine))((up) =>
      over(up, { read: (ids) => (isDown ? down() : up.read(ids)) }),
    )
    const site = await koaSite({ store })
    const browser = site.browser()
    await browser.post('/data?set=user:ada')
    isDown = true
    const { status, setCookie } = await browser.get('/data')
    expect([status, setCookie]).toEqual([503, []])
    expect(site.errors).toMatchObject([{ code: 'ENGINE_UNAVAILABLE' }])
    isDown = false
    expect(dataOf((await browser.get('/data')).body)).toEqual({ user: 'ada' })
  })
})
