import { type LoaderFunctionArgs, type MiddlewareFunction, redirect } from 'react-router'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore, type SessionData } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import { SessionGate, WebHead, WebIncoming } from '../http/index.ts'
import { behave } from './behaviours.test-support.ts'
import { tokenIn } from './behaviours-log-in.test-support.ts'
import { type Sojourn, sojourn } from './react-router.ts'
import { buildOf, REACT_ROUTER, serveBuild } from './react-router-subject.test-support.ts'

behave(REACT_ROUTER)

const OWN = { 'Sec-Fetch-Site': 'same-origin' }
type Loader = (args: LoaderFunctionArgs, sojourned: Sojourn<SessionData>) => unknown
/** Stands for a component: nothing is rendered here. */
const Page = () => null

async function storeOf() {
  const engine = new FaultyEngine(memory())
  const store = await createSessionStore<SessionData>({ engine, sweep: false })
  onTestFinished(() => store.close())
  const { token } = await store.create({ userId: 'u_1' })
  engine.forgetCalls()
  return { engine, store, token, headers: { ...OWN, Cookie: `__Host-id=${token}` } }
}

type Served = Awaited<ReturnType<typeof storeOf>>
type Before = (served: Served, sojourned: Sojourn<SessionData>) => MiddlewareFunction<Response>[]

/** A page with an `ErrorBoundary` and a resource route, both of this loader, below a root with the middleware. */
async function serve(loader: Loader, before: Before = (_served, { middleware }) => middleware) {
  const served = await storeOf()
  const sojourned = sojourn(served.store)
  const heard: unknown[] = []
  const answer = (args: LoaderFunctionArgs) => loader(args, sojourned)
  const parts = { loader: answer, action: answer }
  const middleware = before(served, sojourned)
  const build = buildOf(
    {
      root: { id: 'root', path: '', module: { default: Page, ErrorBoundary: Page, middleware } },
      page: { id: 'page', parentId: 'root', path: 'page', module: { default: Page, ...parts } },
      data: { id: 'data', parentId: 'root', path: 'data', module: { default: undefined, ...parts } },
    },
    (error) => heard.push(error),
  )
  return { ...served, heard, port: await serveBuild(build) }
}

const whoIsThere: Loader = ({ context }, { sojournContext }) => context.get(sojournContext).userId

describe('the middleware for React Router', () => {
  test('the session is there for a page, for its data and for a resource route, with one read each', async () => {
    const { port, headers, engine } = await serve(whoIsThere)
    const answers = await Promise.all(
      ['/page', '/page.data', '/data'].map((path) => send(port, 'GET', path, { headers })),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(answers.map(({ body }) => body.includes('u_1'))).toEqual([false, true, true])
    for (const answer of answers) expect(answer.headers['cache-control']).toBe('private, no-store')
    expect(engine.calls).toEqual(['read', 'read', 'read'])
  })

  const inOutage = async (before?: Before) => {
    const { port, headers, engine } = await serve(whoIsThere, before)
    engine.cut('fails')
    const answers = await Promise.all(
      ['/page', '/page.data', '/data'].map((path) => send(port, 'GET', path, { headers })),
    )
    expect(answers.flatMap(({ setCookie }) => setCookie)).toEqual([])
    expect(answers.map(({ body }) => body).join()).not.toContain('connection lost')
    return answers.map((answer) => [answer.status, answer.headers['retry-after'] !== undefined])
  }

  test('T75: in an outage the ErrorBoundary of a page knows the 503, and so does the router of the browser', async () => {
    expect(await inOutage()).toEqual([503, 503, 503].map((status) => [status, true]))
  })

  test('T75: a twin that does not hear what a loader throws is found out', async () => {
    const deaf: Before = ({ store }, { sojournContext }) => {
      const gate = new SessionGate<SessionData, Request>(store)
      return [
        async ({ request, context }, next) => {
          context.set(sojournContext, await gate.open(request, new WebIncoming(request), new WebHead([])))
          return next()
        },
      ]
    }
    expect(await inOutage(deaf)).toEqual([500, 500, 500].map((status) => [status, false]))
  })

  test('T55: what a loader does not catch is told by its status, also in a page', async () => {
    const { port, headers } = await serve(({ context }, { sojournContext }) => {
      context.get(sojournContext).requireRecentAuth('1ms')
      return 'done'
    })
    const { status, body } = await send(port, 'GET', '/page', { headers: { ...headers, Cookie: '' } })
    expect([status, body]).toEqual([401, expect.stringContaining('REAUTHENTICATION_REQUIRED')])
  })

  test('what it catches stays with it, and what is not of sojourn goes to React Router', async () => {
    const { port, headers, heard } = await serve(async ({ context, request }, { sojournContext }) => {
      const session = context.get(sojournContext)
      if (new URL(request.url).searchParams.has('mine')) throw new Error('mine')
      return Response.json(
        await session.login('u_2', { carry: ['cart'], assurance: 'x'.repeat(65) }).catch(String),
      )
    })
    const caught = await send(port, 'POST', '/data', { headers })
    expect([caught.status, caught.setCookie]).toEqual([200, []])
    const thrown = await send(port, 'POST', '/data?mine', { headers })
    expect([thrown.status, thrown.headers['content-type'], String(heard)]).toEqual([
      500,
      'text/plain',
      'Error: mine',
    ])
  })

  test('a mistake in the code, a 500 of sojourn, reaches handleError as it is', async () => {
    const { port, headers, heard } = await serve(async ({ context }, { sojournContext }) =>
      context.get(sojournContext).login('u_2'),
    )
    expect((await send(port, 'GET', '/data', { headers })).status).toBe(500)
    expect(heard).toEqual([expect.objectContaining({ code: 'INVALID_ARGUMENT' })])
  })

  test('a redirect that follows a log-in takes its cookie along, also where the browser asks for data', async () => {
    const { port, store, headers } = await serve(async ({ context }, { sojournContext }) => {
      await context.get(sojournContext).login('u_2')
      throw redirect('/page')
    })
    for (const [path, expected] of [
      ['/page', 302],
      ['/page.data', 202],
    ] as const) {
      const { status, setCookie } = await send(port, 'POST', path, { headers })
      expect([path, status]).toEqual([path, expected])
      expect(await store.read(tokenIn(setCookie))).toMatchObject({ userId: 'u_2' })
    }
  })

  test('T31: a request of another site reaches no loader', async () => {
    let calls = 0
    const { port, headers, engine } = await serve(() => {
      calls += 1
      return 'done'
    })
    for (const path of ['/page', '/page.data', '/data']) {
      const forged = { ...headers, 'Sec-Fetch-Site': 'cross-site' }
      expect([path, (await send(port, 'POST', path, { headers: forged })).status]).toEqual([path, 403])
    }
    expect([calls, engine.calls]).toEqual([0, []])
  })

  test('on several routes of one request the first counts, and middleware behind it finds the session', async () => {
    const found: unknown[] = []
    const { port, headers, engine } = await serve(whoIsThere, (_served, { middleware, sojournContext }) => [
      ...middleware,
      ...middleware,
      ({ context }) => void found.push(context.get(sojournContext).userId),
    ])
    expect((await send(port, 'GET', '/data', { headers })).body).toBe('u_1')
    expect([found, engine.calls]).toEqual([['u_1'], ['read']])
  })

  test('T30: requests at a time never see the session of each other', async () => {
    const { port, store } = await serve(whoIsThere)
    const users = Array.from({ length: 50 }, (_, index) => `u_${index}`)
    const issued = await Promise.all(users.map((userId) => store.create({ userId })))
    const answers = await Promise.all(
      issued.map(({ token }) => send(port, 'GET', '/data', { headers: { Cookie: `__Host-id=${token}` } })),
    )
    expect(answers.map(({ body }) => body)).toEqual(users)
  })

  test('its data is typed through to the loader, and options are checked when it is made', async () => {
    const store = await createSessionStore<{ cart: string[] }>({
      engine: memory(),
      sweep: false,
      initial: () => ({ cart: [] }),
    })
    onTestFinished(() => store.close())
    const { sojournContext } = sojourn(store)
    const loader = ({ context }: LoaderFunctionArgs) => {
      const { data } = context.get(sojournContext)
      // @ts-expect-error the data is read-only
      data.cart = []
      // @ts-expect-error there is no such field
      return [data.cart, data.basket]
    }
    expect(loader).toBeTypeOf('function')
    expect(() => sojourn(store, { origins: ['*'] })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })
})
