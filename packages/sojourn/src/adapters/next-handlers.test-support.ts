import { NextResponse } from 'next/server.js'
import { describe, expect, test } from 'vitest'
import type { SessionData } from '../core/index.ts'
import { send } from '../http/client.test-support.ts'
import type { RequestSession } from '../http/index.ts'
import { latch } from './behaviour.test-support.ts'
import { tokenIn } from './behaviours-log-in.test-support.ts'
import { serve, shown, submit, type Twin } from './next-pages.test-support.ts'
import type { NextApp, Place } from './next-subject.test-support.ts'

/** What Route Handlers and the proxy do, in the application that the other tests of Next have built. */
export function handlers(app: () => NextApp): void {
  describe('a Route Handler', () => {
    const own = { 'Sec-Fetch-Site': 'same-origin' }

    test('T25: that does not say withSession is given no session: nothing would keep its answer out of caches', async () => {
      const { port, headers, engine } = await serve(app(), {
        bare: async ({ sessions }) => {
          const results = await Promise.allSettled([sessions.getSession(), sessions.getMutableSession()])
          return Response.json(results.map((result) => result.status === 'rejected' && result.reason.message))
        },
      })
      const { body } = await send(port, 'GET', '/x', { headers })
      const refused = expect.stringContaining('three places')
      expect([JSON.parse(body), engine.calls]).toEqual([[refused, refused], []])
    })

    test('T33: has one session wherever it asks for it, and a GET changes nothing', async () => {
      const { port, headers, engine } = await serve(app(), {
        async route(request, session, { sessions }) {
          const mutable = await sessions.getMutableSession()
          const said = await mutable.login('u_2').then(String, (error) => error.code)
          return Response.json([said, (await sessions.getSession()).userId, session.userId, request.method])
        },
      })
      const got = await send(port, 'GET', '/x', { headers })
      expect([JSON.parse(got.body), engine.calls]).toEqual([
        ['INVALID_ARGUMENT', 'u_1', 'u_1', 'GET'],
        ['read'],
      ])
      expect(got.headers['cache-control']).toBe('private, no-store')
      const posted = await send(port, 'POST', '/x', { headers: { ...headers, ...own } })
      expect([JSON.parse(posted.body), posted.setCookie.length]).toEqual([['null', 'u_2', 'u_2', 'POST'], 1])
    })

    test('that logs in and leaves by redirect() or notFound() sends its cookie along', async () => {
      const { port, store } = await serve(app(), {
        async route(request, session, { redirect, notFound }) {
          await session.login('u_2')
          return request.url.endsWith('/go') ? redirect('/page') : notFound()
        },
      })
      for (const [path, expected] of [
        ['/go', 307],
        ['/none', 404],
      ] as const) {
        const { status, setCookie } = await send(port, 'POST', path, { headers: own })
        expect([path, status, setCookie.length]).toEqual([path, expected, 1])
        expect(await store.read(tokenIn(setCookie))).toMatchObject({ userId: 'u_2' })
      }
    })

    test('T21: that left by redirect() and goes on can change no cookie, and stores nothing', async () => {
      const left = latch()
      let late: Promise<unknown> = Promise.resolve()
      const { port, engine } = await serve(app(), {
        async route(_request, session, { redirect }) {
          late = left.opened.then(() => session.login('u_2')).catch((error) => error.code)
          return redirect('/page')
        },
      })
      expect((await send(port, 'POST', '/x', { headers: own })).status).toBe(307)
      left.open()
      expect([await late, engine.calls]).toEqual(['HEADERS_SENT', []])
    })

    test("sets its cookie beside those of Next's own", async () => {
      const { port } = await serve(app(), {
        async route(_request, session, { cookies }) {
          await session.login('u_2')
          const jar = await cookies()
          jar.set('theme', 'dark')
          return new Response()
        },
      })
      const { setCookie } = await send(port, 'POST', '/x', { headers: own })
      expect([...setCookie].sort()).toEqual([
        expect.stringMatching(/^__Host-id=[\w-]{48}; Path=\/; Secure; HttpOnly; SameSite=lax$/),
        'theme=dark; Path=/',
      ])
    })

    test('hands what is not of sojourn to Next, and hears itself of what Next would answer without the cookie', async () => {
      const heard: string[] = []
      const { port } = await serve(app(), {
        heard: (error) => heard.push(`Next: ${error}`),
        options: { onError: (error) => heard.push(`ours: ${error}`) },
        async route(request, session) {
          if (request.url.endsWith('/changed')) await session.login('u_2')
          throw new Error('mine')
        },
      })
      const plain = await send(port, 'POST', '/x', { headers: own })
      const changed = await send(port, 'POST', '/changed', { headers: own })
      expect([plain.status, plain.setCookie.length, changed.status, changed.setCookie.length]).toEqual([
        500, 0, 500, 1,
      ])
      expect(heard).toEqual(['Next: Error: mine', 'ours: Error: mine'])
    })

    test('T44: goes on where the successor cannot be read, also with a store that was bundled apart', async () => {
      const { port, store, engine, token, headers } = await serve(app(), {
        route: async (_request, session) => Response.json(session.userId),
      })
      await store.rotate(token)
      let reads = 0
      engine.before(async (verb) => {
        reads += verb === 'read' ? 1 : 0
        engine.cut(reads === 2 ? 'fails' : 'none')
      })
      const { body, setCookie } = await send(port, 'GET', '/x', { headers })
      engine.cut('none')
      expect([body, setCookie]).toEqual(['"u_1"', []])
    })
  })

  describe('the proxy', () => {
    const enter = async (_request: unknown, session: RequestSession<SessionData>) => {
      await session.login('u_2')
      return undefined
    }

    test('NX5: renews the cookie, and so does an action, but never a page', async () => {
      const old = async (place: Omit<Place, 'store'>) => {
        const served = await serve(app(), place)
        const issued = await served.store.rotate(served.token)
        served.engine.forgetCalls()
        return { ...served, successor: issued?.token }
      }
      const page = await old({})
      const answer = await send(page.port, 'GET', '/page', { headers: page.headers })
      expect([shown(answer)[0], answer.setCookie, page.engine.calls]).toEqual(['u_1', [], ['read']])
      const proxied = await old({ proxy: async () => undefined })
      const passed = await send(proxied.port, 'GET', '/page', { headers: proxied.headers })
      expect([shown(passed)[0], tokenIn(passed.setCookie)]).toEqual(['u_1', proxied.successor])
      const act: Place['act'] = async ({ sessions }) => void (await sessions.getMutableSession())
      const acting = await old({ act })
      expect(tokenIn((await submit(acting.port, acting.headers)).setCookie)).toBe(acting.successor)
    })

    test('what it logs in is seen by the page and the Route Handler that the same request goes on to', async () => {
      const { port, headers } = await serve(app(), {
        options: { writeOnGet: () => true },
        proxy: enter,
        route: async (_request, session) => Response.json(session.userId),
      })
      const answer = await send(port, 'GET', '/page', { headers })
      expect([shown(answer)[0], answer.setCookie.length]).toEqual(['u_2', 1])
      expect((await send(port, 'GET', '/x', { headers })).body).toBe('"u_2"')
    })

    test('a twin that only sets the cookie of the answer is found out', async () => {
      const naive: Twin = {
        sessionProxy: () => async () => {
          const response = NextResponse.next()
          response.headers.append('Set-Cookie', `__Host-id=${'A'.repeat(48)}; Path=/; Secure; HttpOnly`)
          return response
        },
      }
      const { port, headers } = await serve(app(), { proxy: enter }, () => naive)
      expect(shown(await send(port, 'GET', '/page', { headers }))[0]).toBe('u_1')
    })

    test('sends on or away by who is there, and its word is kept by no cache', async () => {
      const { port, headers } = await serve(app(), {
        proxy: async (request, session) =>
          session.userId === null ? Response.redirect(new URL('/x', request.url), 303) : undefined,
      })
      const away = await send(port, 'GET', '/page')
      expect([away.status, away.headers.location]).toEqual([303, '/x'])
      expect(away.headers).toMatchObject({
        vary: expect.stringContaining('Cookie'),
        'cache-control': 'private, no-store',
      })
      const inside = await send(port, 'GET', '/page', { headers })
      expect([shown(inside)[0], inside.headers['cache-control']]).toEqual(['u_1', 'private, no-store'])
    })

    test('a page that logs out behind a renewal by the proxy leaves the browser without a cookie', async () => {
      const { port, store, token } = await serve(app(), {
        proxy: async () => undefined,
        act: async ({ sessions }) => (await sessions.getMutableSession()).logout(),
      })
      await store.rotate(token)
      const { setCookie } = await submit(port, { Cookie: `__Host-id=${token}` })
      expect(setCookie.at(-1)).toMatch(/^__Host-id=; .*Max-Age=0/)
    })
  })
}
