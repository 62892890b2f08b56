import { expect } from 'vitest'
import { Browser, send } from '../http/client.test-support.ts'
import { add, type Behaviour, latch, run, type Table, told, who } from './behaviour.test-support.ts'
import { SHOP, tokenIn } from './behaviours-log-in.test-support.ts'

const SAME_ORIGIN = { 'Sec-Fetch-Site': 'same-origin' }

async function loggedIn(...args: Parameters<typeof run>) {
  const running = await run(...args)
  const { token } = await running.store.create({ userId: 'u_1' })
  running.engine.forgetCalls()
  return { ...running, token, headers: { ...SAME_ORIGIN, Cookie: `__Host-id=${token}` } }
}

async function* pieces(during: () => Promise<unknown>): AsyncGenerator<string> {
  yield 'one,'
  await during()
  yield 'two'
}

/** What became of a change that comes while the answer is on its way. */
function outcomeOf(change: Promise<unknown>): Promise<string> {
  return change.then(
    () => 'stored',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'failed'),
  )
}

const PAGES: Table = {
  ...SHOP,
  'GET /own': async (ask) => ({ ...who(ask), headers: { 'Cache-Control': 'private, max-age=5' } }),
  'GET /public': async () => ({ json: 1, headers: { 'Cache-Control': 'public, max-age=60' } }),
  'POST /public': async (ask) => {
    await add(ask)
    return { json: 1, headers: { 'Cache-Control': 'public, max-age=60' } }
  },
}

/** What an answer says, and when the store cannot be reached. */
export const ANSWERS: readonly Behaviour[] = [
  {
    title: 'T75: with the store down a request that asks for its session gets 503, and keeps its cookie',
    async check(subject) {
      const { port, engine, headers, token, store } = await loggedIn(subject, PAGES)
      engine.cut('fails')
      for (const [method, path] of [
        ['GET', '/me'],
        ['POST', '/add'],
        ['POST', '/login'],
        ['POST', '/logout'],
      ] as const) {
        const answer = await send(port, method, path, { headers })
        expect([path, answer.status, answer.setCookie]).toEqual([path, 503, []])
        expect(answer.headers['retry-after']).toMatch(/^[1-5]$/)
        expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
        expect(answer.body).not.toMatch(/connection lost/)
      }
      expect((await send(port, 'GET', '/free', { headers })).status).toBe(200)
      engine.cut('none')
      expect(await store.read(token)).toMatchObject({ userId: 'u_1' })
      expect(told(await send(port, 'GET', '/me', { headers }))).toMatchObject({ userId: 'u_1' })
    },
  },
  {
    title: 'T16: the cookie of the development mode has the plain name, and none of production is read there',
    async check(subject) {
      const { port, store } = await run(subject, PAGES, { options: { development: true } })
      const { setCookie } = await send(port, 'POST', '/login', { headers: SAME_ORIGIN })
      expect(setCookie).toEqual([expect.stringMatching(/^id=[^;]{48}; Path=\/; HttpOnly; SameSite=Lax$/)])
      const { token } = await store.create({ userId: 'u_2' })
      const foreign = await send(port, 'GET', '/me', { headers: { Cookie: `__Host-id=${token}` } })
      expect(told(foreign)).toMatchObject({ userId: null })
    },
  },
  {
    title: 'HO3: an untouched request without a cookie asks the store nothing and sets no cookie',
    async check(subject) {
      const { port, engine } = await run(subject, PAGES)
      for (const path of ['/free', '/me']) {
        const { setCookie, status } = await send(port, 'GET', path)
        expect([status, setCookie, engine.calls]).toEqual([200, [], []])
      }
    },
  },
  {
    title: 'complaint 28: no Set-Cookie when nothing changed, and one read of the store',
    async check(subject) {
      const { port, engine, headers } = await loggedIn(subject, PAGES)
      const me = await send(port, 'GET', '/me', { headers })
      expect([me.status, me.setCookie, engine.calls]).toEqual([200, [], ['read']])
      const added = await send(port, 'POST', '/add', { headers })
      expect([added.status, added.setCookie]).toEqual([200, []])
    },
  },
  {
    title: "T25: who looked at the session answers privately; the application's own word stays",
    async check(subject) {
      const { port, headers } = await loggedIn(subject, PAGES)
      for (const sent of [{ headers }, {}]) {
        const looked = await send(port, 'GET', '/me', sent)
        expect(looked.headers).toMatchObject({ 'cache-control': 'private, no-store' })
        expect(looked.headers.vary).toMatch(/\bCookie\b/)
      }
      const own = await send(port, 'GET', '/own', { headers })
      expect(own.headers['cache-control']).toBe('private, max-age=5')
      const free = await send(port, 'GET', '/public', { headers })
      expect(free.headers['cache-control']).toBe('public, max-age=60')
      expect(free.headers.vary ?? '').not.toMatch(/Cookie/)
    },
  },
  {
    title: 'T24: an answer with our cookie is never stored by a cache, whatever the application said',
    async check(subject) {
      const { port } = await run(subject, PAGES)
      const { setCookie, headers } = await send(port, 'POST', '/public', { headers: SAME_ORIGIN })
      expect([setCookie.length, headers['cache-control']]).toEqual([1, 'private, no-store'])
    },
  },
  {
    title:
      'T21: a stream that follows a change carries the cookie; a change during it is refused and not stored',
    async check(subject) {
      const outcome = latch()
      let late = ''
      const { port, store, engine } = await run(subject, {
        'POST /stream': async (ask) => {
          await add(ask)
          return {
            stream: pieces(async () => {
              late = await outcomeOf(ask.session.login('u_1'))
              outcome.open()
            }),
          }
        },
      })
      const { setCookie, body, status } = await send(port, 'POST', '/stream', { headers: SAME_ORIGIN })
      expect([status, body]).toEqual([200, 'one,two'])
      await outcome.opened
      expect(late).toBe('HEADERS_SENT')
      expect(engine.calls.filter((verb) => verb === 'create')).toHaveLength(1)
      expect(await store.read(tokenIn(setCookie))).toMatchObject({ userId: null, data: { cart: ['tea'] } })
    },
  },
  {
    title: 'HO4: what a handler stored before it threw stays, with its cookie, and the answer is a bare 500',
    async check(subject) {
      const { port, store } = await run(subject, {
        'POST /break': async (ask) => {
          await ask.session.login('u_1')
          await add(ask)
          throw new Error('marked-detail')
        },
      })
      const { status, setCookie, body } = await send(port, 'POST', '/break', { headers: SAME_ORIGIN })
      expect(status).toBe(500)
      expect(body).not.toContain('marked-detail')
      expect(await store.read(tokenIn(setCookie))).toMatchObject({ userId: 'u_1', data: { cart: ['tea'] } })
    },
  },
  {
    title: 'T31: a request that another site made is 403 before anything happens',
    async check(subject) {
      const { port, headers, engine, store, token } = await loggedIn(subject, PAGES)
      for (const site of ['cross-site', 'same-site']) {
        const forged = { ...headers, 'Sec-Fetch-Site': site }
        const { status, setCookie } = await send(port, 'POST', '/add', { headers: forged })
        expect([status, setCookie, engine.calls]).toEqual([403, [], []])
      }
      expect(await store.read(token)).toMatchObject({ data: { cart: [] } })
    },
  },
  {
    title: 'T29: a GET to open a WebSocket that another site made is 403 before anything happens',
    async check(subject) {
      const { port, headers, engine } = await loggedIn(subject, PAGES)
      const upgrade = { ...headers, Connection: 'Upgrade', Upgrade: 'websocket' }
      const forged = { ...upgrade, 'Sec-Fetch-Site': 'same-site', Origin: 'https://evil.bank.example' }
      expect([(await send(port, 'GET', '/me', { headers: forged })).status, engine.calls]).toEqual([403, []])
      expect(told(await send(port, 'GET', '/me', { headers: upgrade }))).toMatchObject({ userId: 'u_1' })
    },
  },
  {
    title: 'T33: a GET changes nothing',
    async check(subject) {
      const { port, headers, store, token } = await loggedIn(subject, {
        'GET /add': async (ask) => ({ json: await add(ask) }),
      })
      expect((await send(port, 'GET', '/add', { headers })).status).toBe(500)
      expect(await store.read(token)).toMatchObject({ data: { cart: [] } })
    },
  },
  {
    title: 'US2: a forged, cut or doubled cookie is nobody, never an error, and asks the store at most once',
    async check(subject) {
      const { port, engine, token } = await loggedIn(subject, PAGES)
      const cookies = [
        `__Host-id=${token.slice(0, -1)}`,
        `__Host-id=${token.slice(0, 16)}${'A'.repeat(32)}`,
        `__Host-id=${token}; __Host-id=${'B'.repeat(48)}`,
        '__Host-id={"a":1}',
        '__Host-id=%00',
      ]
      for (const Cookie of cookies) {
        engine.forgetCalls()
        const { status, setCookie, body } = await send(port, 'GET', '/me', { headers: { Cookie } })
        expect([Cookie, status, setCookie, JSON.parse(body).userId]).toEqual([Cookie, 200, [], null])
        expect(engine.calls.length).toBeLessThanOrEqual(1)
      }
    },
  },
  {
    title: 'US3: data of 20 KB goes in and comes back whole',
    async check(subject) {
      const text = 'ü'.repeat(10_000)
      const { port } = await run(subject, {
        ...PAGES,
        'POST /fill': async (ask) => {
          await add(ask, text)
          return { status: 201, json: 'done' }
        },
      })
      const browser = new Browser(port)
      expect((await browser.post('/fill')).status).toBe(201)
      expect(told(await browser.get('/me')).data).toEqual({ cart: [text] })
    },
  },
]
