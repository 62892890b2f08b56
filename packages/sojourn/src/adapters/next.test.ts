import './next-environment.test-support.ts'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createSessionStore, type SessionData } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { latch } from './behaviour.test-support.ts'
import { behave } from './behaviours.test-support.ts'
import { tokenIn } from './behaviours-log-in.test-support.ts'
import { nextSessions } from './next.ts'
import { handlers } from './next-handlers.test-support.ts'
import {
  fromHeader,
  fromJar,
  reading,
  type Store,
  saidIn,
  serve,
  shown,
  submit,
  type Twin,
} from './next-pages.test-support.ts'
import { type NextApp, nextSubject, type Place, startNextApp } from './next-subject.test-support.ts'

let app: NextApp

beforeAll(async () => {
  // Next prints what it is given to handle.
  for (const level of ['log', 'error', 'warn'] as const) vi.spyOn(console, level).mockReturnValue(undefined)
  app = await startNextApp()
}, 240_000)

afterAll(async () => {
  await app.close()
  vi.restoreAllMocks()
})

behave(nextSubject('route', () => app))
behave(nextSubject('proxy', () => app))

describe('a page', () => {
  test('NX1: that is rendered with an expired session shows nobody, and does not throw', async () => {
    const { port, store, id, headers } = await serve(app)
    await store.revoke({ id, userId: 'u_1' }, { reason: 'revoked' })
    const answer = await send(port, 'GET', '/page', { headers })
    expect([shown(answer), answer.setCookie]).toEqual([['nobody', 'nobody', 'nobody'], []])
  })

  /** How many attempts to change something from a page were told where that may be done. */
  const told = async (twin?: (store: Store) => Twin) => {
    const render: Place['render'] = async ({ sessions }) => {
      const session: object = await sessions.getSession()
      const attempts = ['login', 'update', 'touch', 'rotate', 'logout'].map(async (verb) =>
        Reflect.apply(Reflect.get(session, verb), session, verb === 'update' ? [() => undefined] : ['u_2']),
      )
      const results = await Promise.allSettled([sessions.getMutableSession(), ...attempts])
      const reasons = results.map((result) => (result.status === 'rejected' ? String(result.reason) : ''))
      return String(reasons.filter((reason) => reason.includes('three places')).length)
    }
    const { port, headers, engine } = await serve(app, { render }, twin)
    const { setCookie, ...answer } = await send(port, 'GET', '/page', { headers })
    return { refused: Number(saidIn({ setCookie, ...answer })), setCookie, calls: engine.calls }
  }

  test('NX2: that tries to change a session is told the three places where it may', async () => {
    expect(await told()).toEqual({ refused: 6, setCookie: [], calls: ['read'] })
  })

  test('NX2: a twin whose pages may write is found out', async () => {
    expect((await told((store) => reading(store, fromHeader))).refused).toBe(1)
  })

  const reads = async (twin?: (store: Store) => Twin) => {
    const { port, headers, engine } = await serve(app, {}, twin)
    expect(shown(await send(port, 'GET', '/page', { headers }))).toEqual(['u_1', 'u_1', 'u_1'])
    return engine.calls.length
  }

  test('NX3: whose title and two components ask costs one read of the store', async () => {
    expect(await reads()).toBe(1)
  })

  test('NX3: the same where Next does not bundle the package', async () => {
    expect(await reads((store) => nextSessions(store))).toBe(1)
  })

  test('NX3: a twin that forgets is found out', async () => {
    expect(await reads((store) => ({ getSession: () => nextSessions(store).getSession() }))).toBe(3)
  })

  test('two requests at a time never see the session of each other', async () => {
    const { port, store } = await serve(app)
    const users = Array.from({ length: 20 }, (_, index) => `u_${index}`)
    const issued = await Promise.all(users.map((userId) => store.create({ userId })))
    const answers = await Promise.all(
      issued.map(({ token }) => send(port, 'GET', '/page', { headers: { Cookie: `__Host-id=${token}` } })),
    )
    expect(answers.map(shown)).toEqual(users.map((user) => [user, user, user]))
  })

  const strange = async (twin?: (store: Store) => Twin) => {
    const { port, token } = await serve(app, {}, twin)
    const encoded = `%${token.charCodeAt(0).toString(16)}${token.slice(1)}`
    const cookies = [`__Host-id=${encoded}`, `__Host-id=${'A'.repeat(48)}; __Host-id=${token}`]
    const answers = await Promise.all(
      cookies.map((Cookie) => send(port, 'GET', '/page', { headers: { Cookie } })),
    )
    return answers.flatMap(shown)
  }

  test('T18, T19: decodes no cookie, and of two takes none', async () => {
    expect(new Set(await strange())).toEqual(new Set(['nobody']))
  })

  test("T18, T19: a twin that believes Next's own cookies is found out", async () => {
    expect(new Set(await strange((store) => reading(store, fromJar)))).toEqual(new Set(['u_1']))
  })

  test('T25: that shows a session is kept by no cache: Next says so itself', async () => {
    const { port, headers } = await serve(app)
    const answer = await send(port, 'GET', '/page', { headers })
    expect(answer.headers['cache-control']).toMatch(/private.*no-store/)
  })
})

describe('a Server Action', () => {
  const logIn: Place['act'] = async ({ sessions }) => {
    const session = await sessions.getMutableSession()
    await session.login('u_2', { carry: ['cart'] })
  }

  test('NX4: that logs in is seen by the page in the same answer, which no cache keeps', async () => {
    const { port, store, token } = await serve(app, { act: logIn })
    const answer = await submit(port, { Cookie: `__Host-id=${token}` })
    expect(shown(answer)).toEqual(['u_2', 'u_2', 'u_2'])
    expect(answer.setCookie).toEqual([
      expect.stringMatching(/^__Host-id=[\w-]{48}; Path=\/; Secure; HttpOnly; SameSite=lax$/),
    ])
    expect(answer.headers['cache-control']).toMatch(/no-store/)
    expect(await store.read(tokenIn(answer.setCookie))).toMatchObject({ userId: 'u_2' })
    expect(await store.read(token)).toBeNull()
  })

  test('NX4: a twin that reads the header of the request only is found out', async () => {
    const { port } = await serve(app, { act: logIn }, (store) => reading(store, fromHeader))
    expect(shown(await submit(port))).toEqual(['nobody', 'nobody', 'nobody'])
  })

  test("NX4: that Next's router calls sets the same cookie", async () => {
    const { port, store } = await serve(app, { act: logIn })
    const { body } = await send(port, 'GET', '/page')
    const [, action = ''] = /name="\$ACTION_ID_([^"]+)"/.exec(body) ?? []
    const own = { Origin: `http://127.0.0.1:${port}`, 'Sec-Fetch-Site': 'same-origin', 'Next-Action': action }
    const sent = { headers: { ...own, 'Content-Type': 'text/plain;charset=UTF-8' }, body: '[]' }
    const { setCookie } = await send(port, 'POST', '/page', sent)
    expect(await store.read(tokenIn(setCookie))).toMatchObject({ userId: 'u_2' })
  })

  test('that logs out takes the cookie back, and the page shows nobody', async () => {
    const { port, headers, store, token } = await serve(app, {
      act: async ({ sessions }) => (await sessions.getMutableSession()).logout(),
    })
    const answer = await submit(port, headers)
    expect(shown(answer)).toEqual(['nobody', 'nobody', 'nobody'])
    expect(answer.setCookie).toEqual([
      '__Host-id=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly; SameSite=lax',
    ])
    expect(await store.read(token)).toBeNull()
  })

  test('that logs in and then redirects sends the cookie along', async () => {
    const { port, store } = await serve(app, {
      async act({ sessions, redirect }) {
        await (await sessions.getMutableSession()).login('u_2')
        redirect('/page')
      },
    })
    const { status, setCookie } = await submit(port)
    expect([status, await store.read(tokenIn(setCookie))]).toEqual([
      303,
      expect.objectContaining({ userId: 'u_2' }),
    ])
  })

  test('that asks twice has one session, and getSession sees what it has changed', async () => {
    let seen: unknown[] = []
    const { port } = await serve(app, {
      async act({ sessions }) {
        const before = (await sessions.getSession()).userId
        await (await sessions.getMutableSession()).login('u_2')
        await (await sessions.getMutableSession()).update(
          (draft) => Object.assign(draft, { cart: ['tea'] }) && undefined,
        )
        const { userId, data } = await sessions.getSession()
        seen = [before, userId, data]
      },
    })
    expect((await submit(port)).setCookie).toHaveLength(1)
    expect(seen).toEqual([null, 'u_2', { cart: ['tea'] }])
  })

  test('T31: that another site calls changes nothing, also where Next itself lets it through', async () => {
    const heard: unknown[] = []
    const { port, headers, store, token } = await serve(app, {
      act: logIn,
      heard: (error) => heard.push(error),
    })
    const forged = { ...headers, Origin: null, 'Sec-Fetch-Site': 'cross-site' }
    const { status, setCookie } = await submit(port, forged)
    expect([status, setCookie, heard]).toEqual([
      500,
      [],
      [expect.objectContaining({ code: 'ORIGIN_REFUSED' })],
    ])
    expect(await store.read(token)).toMatchObject({ userId: 'u_1' })
  })

  test('T21: that goes on after its answer can change no cookie, and stores nothing', async () => {
    const said: unknown[] = []
    const done = latch()
    const { port, headers, engine } = await serve(app, {
      async act({ sessions, after }) {
        const session = await sessions.getMutableSession()
        after(async () => {
          said.push(await session.login('u_2').catch((error) => error.code))
          said.push(await sessions.getMutableSession().catch((error) => error.code))
          said.push((await sessions.getSession()).userId)
          done.open()
        })
      },
    })
    await submit(port, headers)
    await done.opened
    expect(said).toEqual(['HEADERS_SENT', 'INVALID_ARGUMENT', 'u_1'])
    expect(engine.calls).not.toContain('create')
  })
})

handlers(() => app)

test('the application of docs/next.md does what it says', async () => {
  const { port } = await serve(app)
  const browser = new Map<string, string>()
  const forms = ['add', 'logIn', 'logOutOthers', 'logOut']
  const post = async (form: string, fields: Record<string, string> = {}) => {
    const cookie = browser.get('cookie') ?? null
    const filled = { path: '/shop', nth: forms.indexOf(form), fields }
    const answer = await submit(port, { Cookie: cookie }, filled)
    for (const line of answer.setCookie) browser.set('cookie', line.split(';')[0] ?? '')
    return answer.body.replaceAll('<!-- -->', '')
  }
  const cart = async () => {
    const headers = { Cookie: browser.get('cookie') ?? '' }
    return JSON.parse((await send(port, 'GET', '/shop/api', { headers })).body)
  }
  expect(await cart()).toEqual([])
  expect(await post('add', { item: 'apples' })).toContain('nobody: apples')
  expect(await post('logIn', { name: 'ada' })).toContain('ada: apples')
  expect(await post('add', { item: 'pears' })).toContain('ada: apples, pears')
  expect(await cart()).toEqual(['apples', 'pears'])
  expect(await post('logOutOthers')).toContain('this device')
  expect(await post('logOut')).toContain('nobody: ')
  expect(await cart()).toEqual([])
  const away = await send(port, 'GET', '/account')
  expect([away.status, away.headers.location]).toEqual([307, '/'])
})

test('options are checked when the sessions are made', async () => {
  const store = await createSessionStore<SessionData>({ engine: memory(), sweep: false })
  expect(() => nextSessions(store, { origins: ['*'] })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  )
  await store.close()
})

test('its data is typed through to every place', async () => {
  const store = await createSessionStore<{ cart: string[] }>({
    engine: memory(),
    sweep: false,
    initial: () => ({ cart: [] }),
  })
  const { getSession, getMutableSession, withSession, sessionProxy } = nextSessions(store)
  const page = async () => {
    const session = await getSession()
    // @ts-expect-error a page cannot log in
    await session.login('u_1')
    // @ts-expect-error there is no such field
    return [session.data.cart.join(), session.data.basket]
  }
  const action = async () => {
    const session = await getMutableSession()
    // @ts-expect-error the data is read-only
    session.data.cart = []
    return session.update((draft) => draft.cart.push('tea'))
  }
  const route = withSession(async (_request, { data }, { params }: { params: Promise<{ id: string }> }) =>
    Response.json([data.cart, (await params).id]),
  )
  // @ts-expect-error an answer is a response
  const wrong = sessionProxy(async (_request, { data }) => data.cart)
  expect([page, action, route, wrong]).toHaveLength(4)
  await store.close()
})
