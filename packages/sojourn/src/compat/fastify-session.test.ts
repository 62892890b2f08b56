import { request as httpRequest } from 'node:http'
import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { over } from '../testing/shareable-store.test-support.ts'
import { called } from './express-site.test-support.ts'
import { sessionFor, standStill } from './express-world.test-support.ts'
import { fastifySite, liveSessionOf } from './fastify-site.test-support.ts'
import { fastifyProcesses } from './fastify-world.test-support.ts'
import { dataOf } from './site.test-support.ts'

const WRITES = ['create', 'replace', 'touch', 'end']

/** Sends the head of a request, and its body only when it is told to. */
function sendInTwo(port: number, headers: Record<string, string>, path: string, body: string) {
  const outgoing = httpRequest({
    host: '127.0.0.1',
    port,
    path,
    method: 'POST',
    headers: { ...headers, 'Content-Length': body.length },
    agent: false,
  })
  const answered = new Promise<number>((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
  })
  outgoing.flushHeaders()
  return { finish: () => outgoing.end(body), answered }
}

describe.each(ENGINES)('@fastify/session over $name', (engine) => {
  test('FA1: rolling on a session that did not change writes no data', async () => {
    const start = await fastifyProcesses(engine)
    const { store, line, sessions } = await start()
    const site = await fastifySite(store, { cookie: { maxAge: 600_000 } })
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    line.forget()
    for (let turn = 0; turn < 10; turn += 1) {
      const { setCookie } = await browser.get('/data')
      expect(setCookie[0]).toMatch(/^sessionId=.*Expires=/)
    }
    await sessions.drain()
    expect(line.calls.filter((verb) => WRITES.includes(verb))).toEqual([])
  })

  test('FA2: the rolling save of a slow request leaves what another process wrote meanwhile', async () => {
    const start = await fastifyProcesses(engine)
    const [site, other] = [await fastifySite((await start()).store), await fastifySite((await start()).store)]
    const browser = site.browser()
    await browser.post('/data?set=x:1&set=old:1')
    const held = site.hold('slow')
    const slow = browser.get('/data?hold=slow')
    await held.reached
    await other.browser().post('/data?set=x:2&set=y:2&delete=old', { Cookie: browser.cookie })
    held.release()
    expect((await slow).status).toBe(200)
    const { cookie: _cookie, ...left } = dataOf((await browser.get('/data')).body)
    expect(left).toEqual({ x: '2', y: '2' })
  })

  test.each([['nothing'], ['set=x:1']])(
    'FA3, FA6, EX4: a log-out in another process is not undone by a slow request with %s, which is no 500',
    async (query) => {
      const start = await fastifyProcesses(engine)
      const [a, b] = [await start(), await start()]
      const [site, other] = [await fastifySite(a.store), await fastifySite(b.store)]
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
        expect(dataOf((await fresh().get('/data', { Cookie: cookie })).body)).not.toHaveProperty('user')
      }
      expect(await a.sessions.list({ userId: 'ada' })).toEqual([])
    },
  )

  test('FA4: reload of a session that was destroyed elsewhere does not bring it back', async () => {
    const start = await fastifyProcesses(engine)
    const [a, b] = [await start(), await start()]
    const other = await fastifySite(b.store)
    const site = await fastifySite(
      a.store,
      {},
      {
        '/reload': async (request, live) => {
          await other.browser().post('/logout', { Cookie: request.headers.cookie ?? '' })
          await live.reload()
          Object.assign(liveSessionOf(request), { late: 1 })
        },
      },
    )
    const browser = site.browser()
    await browser.post('/data?set=user:ada')
    const { cookie } = browser
    expect((await browser.post('/reload')).status).toBe(200)
    for (const { browser: fresh } of [site, other]) {
      const { cookie: _cookie, ...left } = dataOf((await fresh().get('/data', { Cookie: cookie })).body)
      expect(left).toEqual({})
    }
  })

  test('FA5: a session of which only the deadline moved is loaded until that deadline', async () => {
    const move = standStill()
    const start = await fastifyProcesses(engine)
    const { store, line, sessions } = await start()
    const site = await fastifySite(store, { cookie: { maxAge: 60_000 } })
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    line.forget()
    for (let turn = 0; turn < 5; turn += 1) {
      move(50_000)
      expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: '1' })
    }
    await sessions.drain()
    expect(new Set(line.calls.filter((verb) => WRITES.includes(verb)))).toEqual(new Set(['touch']))
    move(60_000)
    expect(dataOf((await browser.get('/data')).body)).not.toHaveProperty('x')
  })

  test('FA6, EX1: get after set has the cookie with its date; each get is an object of its own; null is absent', async () => {
    const move = standStill()
    const start = await fastifyProcesses(engine)
    const { store } = await start()
    await called((done) => store.set('a', sessionFor(60_000), done))
    const [first, second] = [
      await called((done) => store.get('a', done)),
      await called((done) => store.get('a', done)),
    ]
    const expires = new Date(Date.now() + 60_000)
    expect(first).toMatchObject({
      x: 1,
      cookie: { path: '/', httpOnly: true, originalMaxAge: 60_000, expires },
    })
    expect(JSON.stringify(second)).toBe(JSON.stringify(first))
    expect(second).not.toBe(first)
    expect(await called((done) => store.get('missing', done))).toBeNull()
    move(60_000)
    expect(await called((done) => store.get('a', done))).toBeNull()
  })

  test('FA6, EX2: maxAge 5 dies after 5 ms, no date is the default, and a past date stores nothing', async () => {
    const move = standStill()
    const start = await fastifyProcesses(engine)
    const { store, line, sessions } = await start()
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

  test('FA6, EX2: with the plugin itself, maxAge 5 lives 4 ms', async () => {
    const move = standStill()
    const { store } = await (await fastifyProcesses(engine))()
    const browser = (await fastifySite(store, { cookie: { maxAge: 5 } })).browser()
    await browser.post('/data?set=x:1')
    move(4)
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ x: '1', cookie: { originalMaxAge: 5 } })
    move(5)
    expect(dataOf((await browser.get('/data')).body)).not.toHaveProperty('x')
  })

  test('FA6, EX7: regenerate and redirect leave one session, and the old id is refused', async () => {
    const start = await fastifyProcesses(engine)
    const { store, sessions } = await start()
    const site = await fastifySite(store)
    const browser = site.browser()
    await browser.post('/data?set=cart:tea')
    const { cookie: old } = browser
    expect((await browser.post('/login?user=ada')).status).toBe(303)
    expect(browser.cookie).not.toBe(old)
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ user: 'ada' })
    expect(await sessions.list({ userId: 'ada' })).toHaveLength(1)
    const { cookie: _cookie, ...left } = dataOf((await site.browser().get('/data', { Cookie: old })).body)
    expect(left).toEqual({})
  })

  test('FA6, EX8: an engine that says ENOENT is out of order, and not empty', async () => {
    const start = await fastifyProcesses(engine)
    let isDown = false
    const down = () => Promise.reject(Object.assign(new Error('connect ENOENT'), { code: 'ENOENT' }))
    const { store } = await start((up) => over(up, { read: (ids) => (isDown ? down() : up.read(ids)) }))
    const browser = (await fastifySite(store)).browser()
    await browser.post('/data?set=user:ada')
    isDown = true
    const { status, setCookie } = await browser.get('/data')
    // Fastify answers with the status of the error.
    expect([status, setCookie]).toEqual([503, []])
    isDown = false
    expect(dataOf((await browser.get('/data')).body)).toMatchObject({ user: 'ada' })
  })

  test.each([['POST'], ['GET']])('FA7, EX5: a %s carries what its request has read', async (method) => {
    const start = await fastifyProcesses(engine)
    const { store, sessions } = await start()
    const site = await fastifySite(store)
    const browser = site.browser()
    await browser.post('/data?set=z:1')
    const held = site.hold('slow')
    const slow =
      method === 'POST' ? browser.post('/data?set=x:1&hold=slow') : browser.get('/data?set=x:1&hold=slow')
    await held.reached
    await browser.post('/data?set=y:1&delete=z')
    held.release()
    await slow
    const { cookie: _cookie, ...left } = dataOf((await browser.get('/data')).body)
    expect(left).toEqual({ x: '1', y: '1' })
    expect(sessions.counters().fieldsOverwritten).toBe(0)
  })

  test.each([
    ['application/json', '{"a":1}'],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
    ],
  ])('FA7: a POST of %s whose body comes late carries what its request has read', async (type, body) => {
    const start = await fastifyProcesses(engine)
    const { store, line } = await start()
    const site = await fastifySite(store)
    const browser = site.browser()
    await browser.post('/data?set=z:1')
    const read = line.hold('read', 'after')
    const headers = { 'Content-Type': type, Cookie: browser.cookie }
    const late = sendInTwo(site.port, headers, '/data?set=x:1', body)
    await read.reached
    read.release()
    await browser.post('/data?set=y:1&delete=z')
    late.finish()
    expect(await late.answered).toBe(200)
    const { cookie: _cookie, ...left } = dataOf((await browser.get('/data')).body)
    expect(left).toEqual({ x: '1', y: '1' })
  })
})
