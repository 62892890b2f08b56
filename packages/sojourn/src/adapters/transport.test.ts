import { describe, expect, test } from 'vitest'
import { TestClock } from '../core/test-clock.test-support.ts'
import { Browser, send, sendRaw } from '../http/client.test-support.ts'
import type { HttpEvent } from '../http/index.ts'
import { APP, loggedIn, SAME_ORIGIN } from './app.test-support.ts'
import { ADAPTERS, start } from './servers.test-support.ts'

const LINE = /^__Host-id=([A-Za-z0-9_-]{48}); Path=\/; Secure; HttpOnly; SameSite=Lax$/

describe.each(ADAPTERS)('over $name', (adapter) => {
  test('T15: log-in answers with the cookie of production, once, to the byte', async () => {
    const { port } = await start(adapter, APP)
    const { setCookie } = await new Browser(port).post('/login')
    expect(setCookie).toEqual([expect.stringMatching(LINE)])
  })

  test('T16, T161.10: production neither sets nor reads the plain name', async () => {
    const { port, token, engine } = await loggedIn(adapter)
    const answer = await send(port, 'GET', '/me', { headers: { Cookie: `id=${token}`, Host: 'localhost' } })
    expect(JSON.parse(answer.body).userId).toBeNull()
    expect(engine.calls).toEqual([])
  })

  test.each(['localhost', 'localhost:3000', '127.0.0.1:3000', '[::1]:3000'])(
    'T16: development sets and reads the plain name for Host %s',
    async (Host) => {
      const { port } = await start(adapter, APP, { http: { development: true } })
      const login = await send(port, 'POST', '/login', { headers: { ...SAME_ORIGIN, Host } })
      expect(login.setCookie).toEqual([
        expect.stringMatching(/^id=[\w-]{48}; Path=\/; HttpOnly; SameSite=Lax$/),
      ])
      const [cookie = ''] = login.setCookie[0]?.split(';') ?? []
      const me = await send(port, 'GET', '/me', { headers: { Cookie: cookie, Host } })
      expect(JSON.parse(me.body).userId).toBe('u_1')
    },
  )

  test.each([
    'bank.example',
    'localhost.bank.example',
    'LOCALHOST',
    'localhost:x',
    '127.0.0.2',
    'x@localhost',
  ])('T16: development neither sets nor reads a cookie for Host %s', async (Host) => {
    const { port, token, engine } = await loggedIn(adapter, { development: true })
    const headers = { ...SAME_ORIGIN, Host, 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': 'localhost' }
    const me = await send(port, 'GET', '/me', { headers: { ...headers, Cookie: `id=${token}` } })
    expect(JSON.parse(me.body).userId).toBeNull()
    const login = await send(port, 'POST', '/login', { headers })
    expect([login.status, login.setCookie, engine.calls]).toEqual([500, [], []])
  })

  test('T16: X-Forwarded-Proto chooses no cookie name', async () => {
    const { port } = await start(adapter, APP)
    const browser = new Browser(port)
    const { setCookie } = await browser.post('/login', { 'X-Forwarded-Proto': 'http', Host: 'localhost' })
    expect(setCookie).toEqual([expect.stringMatching(LINE)])
  })

  test.each([
    ['a no-break space before the name', (token: string) => `\u00a0__Host-id=${token}`],
    ['a percent-encoded name', (token: string) => `%5F%5FHost-id=${token}`],
    ['a quoted value', (token: string) => `__Host-id="${token}"`],
    ['another case', (token: string) => `__host-id=${token}`],
    ['a nameless cookie', (token: string) => `=__Host-id=${token}`],
  ])('T18, T161.10: %s is no session, and asks the engine nothing', async (_what, cookie) => {
    const { port, token, engine } = await loggedIn(adapter)
    const text = `GET /me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: ${cookie(token)}\r\n\r\n`
    expect(await sendRaw(port, text)).toContain('"userId":null')
    expect(engine.calls).toEqual([])
  })

  test('T19, T161.10: our cookie twice with two values is no session, asks the engine nothing, and is told', async () => {
    const events: HttpEvent[] = []
    const { port, token, engine } = await loggedIn(adapter, { onEvent: (event) => events.push(event) })
    const other = 'A'.repeat(48)
    for (const cookie of [
      `__Host-id=${token}; __Host-id=${other}`,
      `__Host-id=${other}; __Host-id=${token}`,
    ]) {
      const { body } = await send(port, 'GET', '/me', { headers: { Cookie: cookie } })
      expect(JSON.parse(body).userId).toBeNull()
    }
    expect(engine.calls).toEqual([])
    expect(events).toEqual([{ name: 'ambiguous_cookie' }, { name: 'ambiguous_cookie' }])
  })

  test('T19: in two header lines it is twice as well; with one value it is one', async () => {
    const { port, token } = await loggedIn(adapter)
    const other = 'A'.repeat(48)
    const two = await send(port, 'GET', '/me', {
      headers: { Cookie: [`__Host-id=${token}`, `__Host-id=${other}`] },
    })
    expect(JSON.parse(two.body).userId).toBeNull()
    const same = await send(port, 'GET', '/me', {
      headers: { Cookie: [`__Host-id=${token}`, `__Host-id=${token}`] },
    })
    expect(JSON.parse(same.body).userId).toBe('u_1')
  })

  test('T20: log-out clears the cookie as it was set', async () => {
    const { port, cookie } = await loggedIn(adapter)
    const { setCookie } = await send(port, 'POST', '/logout', { headers: { ...SAME_ORIGIN, ...cookie } })
    expect(setCookie).toEqual([
      '__Host-id=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    ])
  })

  test('T21: of several changes in one response the last cookie is sent, alone', async () => {
    const { port, store } = await start(adapter, {
      'POST /': async ({ session, response }) => {
        await session.login('u_1')
        await session.rotate()
        response.writeHead(200, { 'Set-Cookie': 'theme=dark' }).end()
      },
    })
    const { setCookie } = await new Browser(port).post('/')
    expect(setCookie).toEqual(['theme=dark', expect.stringMatching(LINE)])
    const token = LINE.exec(setCookie[1] ?? '')?.[1] ?? ''
    expect(await store.read(token)).toMatchObject({ userId: 'u_1', superseded: false })
  })

  test.each(['login', 'begin', 'update', 'rotate', 'reauthenticate', 'logout', 'revoke'] as const)(
    'T21: %s rejects before anything is stored when the headers are sent',
    async (verb) => {
      const failures: unknown[] = []
      const { port, engine, cookie } = await loggedIn(
        adapter,
        {},
        {
          'POST /late': async ({ session, response }) => {
            response.writeHead(200)
            response.flushHeaders()
            const changes = {
              login: () => session.login('u_2'),
              begin: () => session.begin(),
              update: () => session.update((draft) => Object.assign(draft, { x: 1 })),
              rotate: () => session.rotate({ grace: false }),
              reauthenticate: () => session.reauthenticate({ userId: 'u_1' }),
              logout: () => session.logout(),
              revoke: () => session.revoke(session.id ?? ''),
            }
            await changes[verb]().catch((error: unknown) => failures.push(error))
            response.end()
          },
        },
      )
      // An update of a session that exists needs no cookie, so it is tried without one.
      const headers = verb === 'update' ? SAME_ORIGIN : { ...SAME_ORIGIN, ...cookie }
      const { setCookie } = await send(port, 'POST', '/late', { headers })
      expect(failures).toEqual([expect.objectContaining({ code: 'HEADERS_SENT' })])
      expect(engine.calls).toEqual(verb === 'update' ? [] : ['read'])
      expect(setCookie).toEqual([])
    },
  )

  test('T21: an update that sets no cookie works after the headers are sent', async () => {
    const { port, cookie, store, token } = await loggedIn(
      adapter,
      {},
      {
        'POST /late': async ({ session, response }) => {
          response.write('x')
          await session.update((draft) => Object.assign(draft, { late: true }))
          response.end()
        },
      },
    )
    await send(port, 'POST', '/late', { headers: { ...SAME_ORIGIN, ...cookie } })
    expect(await store.read(token)).toMatchObject({ data: { late: true } })
  })

  test('T21: a log-in that nobody waited for leaves no session behind', async () => {
    let failure: Promise<unknown> = Promise.resolve()
    const { port, store, engine } = await start(adapter, {
      'POST /hasty': ({ session, response }) => {
        // The answer begins when it is too late to refuse the log-in beforehand.
        engine.before(async (verb) => void (verb === 'create' && response.end('welcome')))
        failure = session.login('u_1').catch((error: unknown) => error)
        return failure
      },
    })
    const { setCookie } = await new Browser(port).post('/hasty')
    expect(await failure).toMatchObject({ code: 'HEADERS_SENT' })
    expect([setCookie, await store.list({ userId: 'u_1' })]).toEqual([[], []])
    expect(engine.calls).toContain('create')
  })

  test('T21: a rotation that nobody waited for is told as well', async () => {
    let failure: Promise<unknown> = Promise.resolve()
    const { port, engine, cookie } = await loggedIn(
      adapter,
      {},
      {
        'POST /hasty': ({ session, response }) => {
          engine.before(async (verb) => void (verb === 'replace' && response.end('welcome')))
          failure = session.rotate().catch((error: unknown) => error)
          return failure
        },
      },
    )
    await send(port, 'POST', '/hasty', { headers: { ...SAME_ORIGIN, ...cookie } })
    expect(await failure).toMatchObject({ code: 'HEADERS_SENT' })
    expect(JSON.parse((await send(port, 'GET', '/me', { headers: cookie })).body).userId).toBe('u_1')
  })

  test('T22: the cookie holds the token and nothing of the data, and stays as long as it was', async () => {
    const { port } = await start(adapter, APP)
    const browser = new Browser(port)
    const [line = ''] = (await browser.post('/login')).setCookie
    for (let item = 0; item < 50; item += 1) {
      expect((await browser.post(`/add?item=${'x'.repeat(100)}`)).setCookie).toEqual([])
    }
    expect(Buffer.byteLength(line)).toBeLessThan(200)
    expect(browser.cookie).toMatch(/^__Host-id=[\w-]{48}$/)
  })

  test('T23: a persistent cookie never outlives the absolute deadline, also after a rotation', async () => {
    const clock = new TestClock()
    const { port } = await start(adapter, APP, { clock, http: { cookie: { persistent: true } } })
    const browser = new Browser(port)
    expect((await browser.post('/login')).setCookie[0]).toMatch(/; Max-Age=28800$/)
    clock.advance(1_200_500)
    expect((await browser.post('/rotate')).setCookie[0]).toMatch(/; Max-Age=27599$/)
  })

  test('a request with a dead token is anonymous, and its cookie is left alone', async () => {
    const { port, token, store, cookie } = await loggedIn(adapter)
    await store.revoke(token)
    const { body, setCookie } = await send(port, 'GET', '/me', { headers: cookie })
    expect([JSON.parse(body).userId, setCookie]).toEqual([null, []])
  })

  test('polling that the application does not count as activity keeps no session alive', async () => {
    const clock = new TestClock()
    const touch = (request: { url?: string | undefined }) => request.url !== '/me'
    const { port, store } = await start(adapter, APP, { clock, http: { touch } })
    const browser = new Browser(port)
    await browser.post('/login')
    clock.advance(20 * 60_000)
    expect(JSON.parse((await browser.get('/me')).body).userId).toBe('u_1')
    await store.drain()
    clock.advance(15 * 60_000)
    expect(JSON.parse((await browser.get('/me')).body).userId).toBeNull()
  })
})
