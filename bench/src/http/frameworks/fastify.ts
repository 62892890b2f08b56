import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { type FastifyInstance, fastify } from 'fastify'
import { sessionErrors, sojourn } from 'sojourn/fastify'
import type { Payload } from '../../payload.ts'
import type { Framework, Port } from '../framework.ts'
import { HOST, portOf } from '../listen.ts'
import { greetingOf, loggedInBy, NOBODY_KNOWN, nextUser, SECRET } from '../users.ts'

declare module 'sojourn/fastify' {
  interface Register {
    data: Payload
  }
}

/** Beside @fastify/session as its documentation begins: its store in memory, a cookie with every answer. */
export const FASTIFY: Framework = {
  bare() {
    const app = fastify()
    app.post('/login', async () => NOBODY_KNOWN)
    app.get('/', async () => NOBODY_KNOWN)
    return serve(app)
  },
  async sojourn(store) {
    const app = fastify()
    await app.register(sojourn, { store })
    app.setErrorHandler(sessionErrors())
    app.post('/login', async (request) => {
      const { userId, data } = nextUser()
      await request.session.login(userId, { data })
      return greetingOf(request.session)
    })
    app.get('/', async (request) => greetingOf(request.session))
    return serve(app)
  },
  async peer() {
    const app = fastify()
    await app.register(cookie)
    // Here is no TLS; without it no cookie would be set.
    await app.register(session, { secret: SECRET, cookie: { secure: false } })
    app.post('/login', async (request) => {
      const user = nextUser()
      Object.assign(request.session, user)
      return greetingOf(user)
    })
    app.get('/', async (request) => greetingOf(loggedInBy(request.session)))
    return serve(app)
  },
}

async function serve(app: FastifyInstance): Promise<Port> {
  await app.listen({ port: 0, host: HOST })
  return portOf(app.server)
}
