import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { over } from '../testing/shareable-store.test-support.ts'
import { called, expressSite } from './express-site.test-support.ts'
import { Processes, sessionFor, standStill } from './express-world.test-support.ts'
import { dataOf } from './site.test-support.ts'

const WRITES = ['create', 'replace', 'touch', 'end']

function revived(key: string, value: unknown): unknown {
  return key === 'expires' && typeof value === 'string' ? new Date(value) : value
}

describe.each(ENGINES)('express-session over $name', (engine) => {
  test('EX1: get after set has the cookie with its date; each get is an object of its own; null is absent', async () => {
    const move = standStill()
    const { store } = await (await Processes.over(engine)).start()
    await called((done) => store.set('a', sessionFor(60_000), done))
    const [first, second] = [
      await called((done) => store.get('a', done)),
      await called((done) => store.get('a', done)),
    ]
    expect(first).toEqual(JSON.parse(JSON.stringify(sessionFor(60_000)), revived))
    expect(second).toEqual(first)
    expect(second).not.toBe(first)
    expect(await called((done) => store.get('missing', done))).toBeNull()
    move(60_000)
    expect(await called((done) => store.get('a', done))).toBeNull()
  })

  test('EX2: maxAge 5 dies after 5 ms, no date is the default, and a past date stores nothing', async () => {
    const move = standStill()
    const { store, line, sessions } = await (await Processes.over(engine)).start()
    const { idle } = sessions.policy.lifetime
    await called((done) => store.set('five', sessionFor(5), done))
    await called((done) => store.set('none', sessionFor(null), done))
    move(4)
    expect(await called((done) => store.get('five', done))).toMatchObject({ x: 1 })
    move(1)
    expect(await called((done) => store.get('five', done))).toBeNull()
    move(idle - 6)
    const kept = await called((done) => store.get('none', done))
    expect(kept).toMatchObject({ x: 1, cookie: { expires: null, originalMaxAge: null } })
    move(1)
    expect(await called((done) => store.get('none', done))).toBeNull()
    line.forget()
    await called((done) => store.set('past', sessionFor(-1), done))
    expect(line.calls.filter((verb) => WRITES.includes(verb))).toEqual([])
    expect(await called((done) => store.get('past', done))).toBeNull()
  })

  test('EX2: with the middleware itself, maxAge 5 lives 4 ms', async () => {
    const move = standStill()
    const { store } = await (await Processes.over(engine)).start()
    const site = await expressSite(store, { cookie: { maxAge: 5 }, rolling: true })
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    move(4)
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: '1', cookie: { originalMaxAge: 5 } })
    move(5)
    expect(dataOf((await browser.get('/data')).body)).not.toHaveProperty('x')
  })

  test('EX3: touch of a missing, expired or destroyed id is no error, and makes nothing', async () => {
    const move = standStill()
    const { store } = await (await Processes.over(engine)).start()
    await called((done) => store.set('expired', sessionFor(5), done))
    await called((done) => store.set('destroyed', sessionFor(60_000), done))
    await called((done) => store.destroy('destroyed', done))
    move(5)
    for (const id of ['missing', 'expired', 'destroyed']) {
      await called((done) => store.touch(id, sessionFor(60_000), done))
      expect(await called((done) => store.get(id, done))).toBeNull()
    }
  })

  test('EX4: a session that another process destroys stays absent after a save and after a touch', async () => {
    const processes = await Processes.over(engine)
    const [a, b] = [await processes.start(), await processes.start()]
    const [site, other] = [await expressSite(a.store), await expressSite(b.store)]
    for (const query of ['set=x:1', 'nothing']) {
      const browser = site.browser()
      await browser.post('/data?set=user:ada')
      const { cookie } = browser
      const held = site.hold('slow')
      const slow = browser.post(`/data?${query}&hold=slow`)
      await held.reached
      await other.browser().post('/logout', { Cookie: cookie })
      held.release()
      expect((await slow).status).toBe(200)
      expect(site.errors).toEqual([])
      for (const { browser: fresh } of [site, other]) {
        expect(dataOf((await fresh().get('/data', { Cookie: cookie })).body)).not.toHaveProperty('user')
      }
      expect(await a.sessions.list({ userId: 'ada' })).toEqual([])
    }
    expect(a.sessions.counters().lateWritesRefused).toBe(1)
  })

  test.each([['first'], ['last']])(
    'EX5: of two requests in two processes each keeps its key; the holder ends %s',
    async (order) => {
      const processes = await Processes.over(engine)
      const [site, other] = [
        await expressSite((await processes.start()).store),
        await expressSite((await processes.start()).store),
      ]
      const browser = site.browser()
      await browser.post('/data?set=z:1&set=w:1')
      const { cookie } = browser
      const changes = ['set=x:1&delete=z', 'set=y:1&delete=w']
      const [a, b] = [site.hold('a'), other.hold('b')]
      const answers = [
        site.browser().post(`/data?${changes[0]}&hold=a`, { Cookie: cookie }),
        other.browser().post(`/data?${changes[1]}&hold=b`, { Cookie: cookie }),
      ]
      await Promise.all([a.reached, b.reached])
      const [first, second] = order === 'first' ? [0, 1] : [1, 0]
      const releases = [a.release, b.release]
      releases[first]?.()
      await answers[first]
      releases[second]?.()
      await answers[second]
      const { cookie: _cookie, ...left } = dataOf((await browser.get('/data')).body)
      expect(left).toEqual({ x: '1', y: '1' })
    },
  )

  test('EX6: resave of an unchanged session writes no data and undoes nothing', async () => {
    const processes = await Processes.over(engine)
    const [a, b] = [await processes.start(), await processes.start()]
    const [site, other] = [await expressSite(a.store, { resave: true }), await expressSite(b.store)]
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    const held = site.hold('slow')
    const slow = browser.get('/data?hold=slow')
    await held.reached
    await other.browser().post('/data?set=x:2', { Cookie: browser.cookie })
    a.line.forget()
    held.release()
    await slow
    await a.sessions.drain()
    expect(a.line.calls).toEqual([])
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: '2' })
  })

  test('EX7: regenerate, save and redirect leave one session, and the old id is refused', async () => {
    const processes = await Processes.over(engine)
    const { store, sessions } = await processes.start()
    const site = await expressSite(store)
    const browser = site.browser()
    await browser.post('/data?set=cart:tea')
    const { cookie: old } = browser
    const { status } = await browser.post('/login?user=ada')
    expect(status).toBe(303)
    expect(browser.cookie).not.toBe(old)
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ user: 'ada' })
    expect(await sessions.list({ userId: 'ada' })).toHaveLength(1)
    expect(await called((done) => store.length(done))).toBe(1)
    const { cookie: _cookie, ...left } = dataOf((await site.browser().get('/data', { Cookie: old })).body)
    expect(left).toEqual({})
    expect(site.errors).toEqual([])
  })

  test('EX8: a read that fails is a 500 and no fresh session, and nothing is destroyed for it', async () => {
    const processes = await Processes.over(engine)
    const { store, line } = await processes.start()
    const site = await expressSite(store, { unset: 'destroy' })
    const browser = site.browser()
    await browser.post('/data?set=user:ada')
    const { cookie } = browser
    line.fail('read')
    const { status, setCookie } = await browser.get('/data')
    expect([status, setCookie]).toEqual([500, []])
    expect(site.errors).toMatchObject([{ name: 'SessionError', code: 'ENGINE_UNAVAILABLE' }])
    expect(line.calls).not.toContain('end')
    expect(dataOf((await browser.get('/data', { Cookie: cookie })).body)).toMatchObject({ user: 'ada' })
  })

  test('EX8: an engine that says ENOENT is out of order, and not empty', async () => {
    const processes = await Processes.over(engine)
    let isDown = false
    const down = () => Promise.reject(Object.assign(new Error('connect ENOENT'), { code: 'ENOENT' }))
    const { store } = await processes.start((up) =>
      over(up, { read: (ids) => (isDown ? down() : up.read(ids)) }),
    )
    const site = await expressSite(store)
    const browser = site.browser()
    await browser.post('/data?set=user:ada')
    const { cookie } = browser
    isDown = true
    const { status, setCookie } = await browser.get('/data')
    expect([status, setCookie]).toEqual([500, []])
    expect(site.errors).toMatchObject([{ code: 'ENGINE_UNAVAILABLE' }])
    isDown = false
    expect(dataOf((await browser.get('/data', { Cookie: cookie })).body)).toMatchObject({ user: 'ada' })
  })

  test('EX9: all tells handles that destroy takes and get does not; length and clear go by pages', async () => {
    const move = standStill()
    const processes = await Processes.over(engine)
    const [{ store, line, sessions }, other] = [await processes.start(), await processes.start()]
    await sessions.create({ userId: 'native' })
    const ids = Array.from({ length: 250 }, (_, index) => `id ${index}`)
    for (const id of ids) await called((done) => store.set(id, sessionFor(null, { user: 'ada', id }), done))
    await called((done) => store.set('short', sessionFor(5), done))
    await called((done) => store.destroy('id 0', done))
    move(5)
    line.forget()
    expect(await called((done) => other.store.length(done))).toBe(249)
    const all = await called((done) => store.all(done))
    expect(line.calls.filter((verb) => verb === 'scan').length).toBeGreaterThan(2)
    const found: [string, { id: string }][] = Object.entries(all ?? {})
    expect(found.map(([, { id }]) => id).sort()).toEqual(ids.slice(1).sort())
    const [[handle = ''] = []] = found
    expect(await called((done) => store.get(handle, done))).toBeNull()
    await called((done) => store.destroy(handle, done))
    expect(await called((done) => store.length(done))).toBe(248)
    await called((done) => store.clear(done))
    expect(await called((done) => store.length(done))).toBe(0)
    expect(await sessions.list({ userId: 'ada' })).toEqual([])
    expect(await sessions.list({ userId: 'native' })).toHaveLength(1)
  })

  test('EX10: what JSON cannot hold reaches the callback with its path, and nothing throws', async () => {
    const { store } = await (await Processes.over(engine)).start()
    const cycle: Record<string, unknown> = {}
    Object.assign(cycle, { cycle })
    const bad = { fn: () => 1, symbol: Symbol('s'), cycle, number: Number.NaN, map: new Map() }
    for (const [key, value] of Object.entries(bad)) {
      const saved = called((done) => store.set('a', sessionFor(null, { deep: [{ [key]: value }] }), done))
      await expect(saved).rejects.toMatchObject({
        code: 'DATA_REFUSED',
        message: expect.stringContaining(`data.deep[0].${key}`),
      })
      expect(await called((done) => store.get('a', done))).toBeNull()
    }
  })
})
