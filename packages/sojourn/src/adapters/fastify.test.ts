import { type FastifyPluginAsync, fastify } from 'fastify'
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { createSessionStore, type ReadonlyData, type SessionData } from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { send } from '../http/client.test-support.ts'
import { lineOf } from '../http/cookie.ts'
import { answerError, openNode, type RequestSession, SessionGate } from '../http/index.ts'
import { NodeIncoming } from '../http/node-request.ts'
import { behave } from './behaviours.test-support.ts'
import { type SojournOptions, sessionErrors, sojourn } from './fastify.ts'
import { type Adapter, PROMISES, setUp, type TwinName } from './fastify-promises.test-support.ts'
import { answerReply } from './fastify-reply.ts'
import { FASTIFY, listening } from './fastify-subject.test-support.ts'

behave(FASTIFY)

type Plugin = FastifyPluginAsync<SojournOptions>

const inItsScope = (plugin: Plugin): Plugin => Object.assign(plugin, { [Symbol.for('skip-override')]: true })

/** Without the mark, Fastify gives the plugin a scope of its own, and the session stays there. */
const apart: Plugin = (app, options) => sojourn(app, options)

/** Whatever comes to the server is looked up. */
const everywhere = inItsScope(async (app, options) => {
  app.server.prependListener('request', ({ headers: { cookie = '' } }) => {
    void options.store.read(cookie.slice('__Host-id='.length))
  })
  await sojourn(app, options)
})

const lenient = inItsScope((app, { store }) => sojourn(app, { store }))

/** Not bound to the request. */
const shared = inItsScope(async (app, { store, ...http }) => {
  const gate = new SessionGate(store, http)
  let latest: RequestSession<SessionData> | undefined
  const getter = () => latest ?? expect.unreachable()
  app.decorateRequest('session', { getter, setter: () => undefined })
  app.addHook('onRequest', async (asked, reply) => {
    latest = await openNode(gate, { request: asked.raw, response: reply.raw, asked })
  })
})

/** Sets the cookie at once, in Fastify's headers. */
const hasty = inItsScope(async (app, { store, ...http }) => {
  const gate = new SessionGate(store, http)
  app.decorateRequest('session')
  app.addHook('onRequest', async (request, reply) => {
    const session = await gate.open(request, new NodeIncoming(request.raw), {
      isSent: false,
      look: () => undefined,
      fail: () => undefined,
      setCookie: (cookie) => void reply.header('Set-Cookie', lineOf(cookie)),
    })
    request.setDecorator('session', session)
  })
})

const answersAll: Adapter['sessionErrors'] = () => (error, _request, reply) => {
  if (!answerReply(error, reply)) reply.code(500).send()
}
const answersNothing: Adapter['sessionErrors'] = () => (error) => {
  throw error
}
const writesPastTheReply: Adapter['sessionErrors'] = () => (error, _request, reply) => {
  reply.hijack()
  answerError(error, reply.raw)
}

const TWINS: Readonly<Record<TwinName, Adapter>> = {
  'in a scope of its own': { sojourn: apart, sessionErrors },
  everywhere: { sojourn: everywhere, sessionErrors },
  lenient: { sojourn: lenient, sessionErrors },
  shared: { sojourn: shared, sessionErrors },
  hasty: { sojourn: hasty, sessionErrors },
  'answers all': { sojourn, sessionErrors: answersAll },
  'answers nothing': { sojourn, sessionErrors: answersNothing },
  'writes past the reply': { sojourn, sessionErrors: writesPastTheReply },
}

describe('the plugin for Fastify', () => {
  for (const { title, check } of PROMISES) test(title, () => check({ sojourn, sessionErrors }))

  for (const { title, check, twin } of PROMISES) {
    test(`the check catches a twin (${twin}) that breaks this: ${title}`, async () => {
      await expect(check(TWINS[twin])).rejects.toMatchObject({ name: 'AssertionError' })
    })
  }

  test('without sessionErrors Fastify answers with the same status, in its own form', async () => {
    const { app, store, engine, headers } = await setUp({ allowErrorHandlerOverride: false })
    await app.register(sojourn, { store })
    app.get('/', async ({ session }) => session.userId)
    const port = await listening(app)
    engine.cut('fails')
    const { status, body, headers: told } = await send(port, 'GET', '/', { headers })
    expect([status, JSON.parse(body)]).toMatchObject([503, { statusCode: 503, code: 'ENGINE_UNAVAILABLE' }])
    expect(told['retry-after']).toMatch(/^[1-5]$/)
  })

  test('session.data is typed through to the handler, and read-only', async () => {
    const app = fastify()
    app.get('/', async ({ session }) => {
      expectTypeOf(session).toEqualTypeOf<RequestSession<SessionData>>()
      expectTypeOf(session.data).toEqualTypeOf<ReadonlyData<SessionData>>()
      // @ts-expect-error: data is changed by update.
      session.data = {}
    })
    app.post('/', async (request) => {
      // @ts-expect-error: the handle is bound to its request.
      request.session = null
    })
    await app.close()
  })

  test('a store whose data is of another type than the registered one does not compile', async () => {
    const store = await createSessionStore<{ count: number }>({
      engine: memory(),
      sweep: false,
      initial: () => ({ count: 0 }),
    })
    onTestFinished(() => store.close())
    const app = fastify()
    // @ts-expect-error: Register says SessionData.
    await app.register(sojourn, { store })
    await app.close()
  })

  test('the registered type is what the options ask for', () => {
    expectTypeOf<SojournOptions['store']['blank']>().returns.toEqualTypeOf<ReadonlyData<SessionData>>()
  })
})
