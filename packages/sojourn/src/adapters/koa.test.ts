import { createServer } from 'node:http'
import Koa, { type ExtendableContext } from 'koa'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore, type SessionData } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { lineOf } from '../http/cookie.ts'
import { answerError, errorResponse, openNode, type RequestSession, SessionGate } from '../http/index.ts'
import { listen } from '../http/listen.test-support.ts'
import { NodeIncoming } from '../http/node-request.ts'
import { behave } from './behaviours.test-support.ts'
import { sojourn } from './koa.ts'
import { type Adapter, PROMISES } from './koa-promises.test-support.ts'
import { KOA } from './koa-subject.test-support.ts'

behave(KOA)

type Session = RequestSession<SessionData>
type Gate = SessionGate<SessionData, ExtendableContext>

/** One way in which the adapter can be wrong. */
interface Fault {
  readonly open?: (gate: Gate, ctx: ExtendableContext) => Promise<Session>
  readonly put?: (ctx: object, session: Session) => void
  readonly fail?: (error: unknown, ctx: ExtendableContext) => unknown
}

const open = (gate: Gate, ctx: ExtendableContext) =>
  openNode(gate, { request: ctx.req, response: ctx.res, asked: ctx })
const put = (ctx: object, value: Session) =>
  Object.defineProperty(ctx, 'session', { value, writable: true, configurable: true })
const answerOrThrow = (error: unknown, ctx: ExtendableContext) => {
  if (!answerError(error, ctx.res)) throw error
}

function twin(fault: Fault): Adapter {
  return (store, options = {}) => {
    const gate: Gate = new SessionGate(store, options)
    return async (ctx, next) => {
      try {
        const session = await (fault.open ?? open)(gate, ctx)
        const place = fault.put ?? put
        place(ctx, session)
        await next()
      } catch (error) {
        await (fault.fail ?? answerOrThrow)(error, ctx)
      }
    }
  }
}

/** Sets its cookie at once, as `ctx.cookies.set` does. */
const hasty: Fault = {
  open: (gate, ctx) =>
    gate.open(ctx, new NodeIncoming(ctx.req), {
      isSent: false,
      look: () => undefined,
      fail: () => undefined,
      setCookie: (cookie) => ctx.set('Set-Cookie', lineOf(cookie)),
    }),
}
let latest: Session | undefined
const shared: Fault = {
  put(ctx, session) {
    latest = session
    Object.defineProperty(ctx, 'session', { get: () => latest, configurable: true })
  },
}
const answersAll: Fault = {
  fail(error, ctx) {
    if (!answerError(error, ctx.res)) ctx.status = 500
  },
}
const leavesRemains: Fault = {
  async fail(error, ctx) {
    const answer = errorResponse(error)
    if (answer === null) throw error
    ctx.status = answer.status
    ctx.body = await answer.text()
  },
}

/** For each promise, an adapter that breaks it. */
const FAULTS: Readonly<Record<keyof typeof PROMISES, Fault>> = {
  seenInFront: {}, // Writes to Node's response, behind Koa's back.
  ownErrors: answersAll,
  ownSession: shared,
  pastKoa: hasty,
  besideOthers: hasty,
  leftAlone: leavesRemains, // Forgets that the handler wanted to answer by itself.
  noRemains: leavesRemains,
  readOnly: {}, // Can be assigned to.
  notTwoKinds: {}, // Does not look what is there.
  firstCounts: {}, // Opens each time.
}

describe('the middleware for Koa', () => {
  for (const { title, check } of Object.values(PROMISES)) test(title, () => check(sojourn))

  for (const [name, fault] of Object.entries(FAULTS)) {
    test(`the check named ${name} catches a twin that breaks it`, async () => {
      const promised = Object.entries(PROMISES).find(([key]) => key === name)?.[1]
      await expect(promised?.check(twin(fault))).rejects.toMatchObject({ name: 'AssertionError' })
    })
  }

  test('refuses at start-up what is unsafe', async () => {
    const store = await createSessionStore({ engine: memory(), sweep: false })
    onTestFinished(() => store.close())
    expect(() => sojourn(store, { origins: [] })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })

  test('hands the options the context of Koa', async () => {
    const store = await createSessionStore({ engine: memory(), sweep: false })
    onTestFinished(() => store.close())
    const writeOnGet = ({ path }: ExtendableContext) => path === '/return'
    const app = new Koa().use(sojourn(store, { writeOnGet })).use(async (ctx) => {
      await ctx.session.login('u_1')
      ctx.body = ctx.session.userId
    })
    app.on('error', () => undefined)
    const port = await listen(createServer(app.callback()))
    expect((await send(port, 'GET', '/return')).body).toBe('u_1')
    expect((await send(port, 'GET', '/')).status).toBe(500)
  })

  test('the data keeps its type up to the handler, and is read-only', async () => {
    const store = await createSessionStore<{ cart: string[] }>({
      engine: memory(),
      sweep: false,
      initial: () => ({ cart: ['tea'] }),
    })
    onTestFinished(() => store.close())
    const app = new Koa<{ readonly theme: string }>().use(sojourn(store)).use((ctx) => {
      const cart: readonly string[] = ctx.session.data.cart
      // @ts-expect-error: no such field.
      const basket: unknown = ctx.session.data.basket
      // @ts-expect-error: data is read-only.
      expect(() => ctx.session.data.cart.push('milk')).toThrow(TypeError)
      // @ts-expect-error: no number.
      const userId: number | null = ctx.session.userId
      // @ts-expect-error: the state of the application keeps its type too.
      const colour: unknown = ctx.state.colour
      ctx.body = [cart, basket, userId, colour]
    })
    const port = await listen(createServer(app.callback()))
    expect((await send(port, 'GET', '/')).body).toBe('[["tea"],null,null,null]')
  })
})
