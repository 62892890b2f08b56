import { once } from 'node:events'
import { Server } from 'node:http'
import { node } from '@elysiajs/node'
import { type AnyElysia, Elysia, t } from 'elysia'
import { sojourn } from 'sojourn/elysia'
import type { Framework, Port } from '../framework.ts'
import { HOST, portOf } from '../listen.ts'
import { greetingOf, loggedInBy, NOBODY_KNOWN, nextUser, SECRET } from '../users.ts'

/** On Node, beside Elysia's own signed cookie with the data in it. */
export const ELYSIA: Framework = {
  bare: () =>
    serve(
      open()
        .post('/login', () => NOBODY_KNOWN)
        .get('/', () => NOBODY_KNOWN),
    ),
  sojourn: (store) =>
    serve(
      open()
        .use(sojourn(store))
        .post('/login', async ({ session }) => {
          const { userId, data } = nextUser()
          await session.login(userId, { data })
          return greetingOf(session)
        })
        .get('/', ({ session }) => greetingOf(session)),
    ),
  peer() {
    const cookie = t.Cookie({ session: t.Optional(t.Any()) }, { secrets: SECRET, sign: ['session'] })
    return serve(
      open()
        .post(
          '/login',
          ({ cookie: { session } }) => {
            const user = nextUser()
            session.set({ value: user, httpOnly: true })
            return greetingOf(user)
          },
          { cookie },
        )
        .get('/', ({ cookie: { session } }) => greetingOf(loggedInBy(session.value)), { cookie }),
    )
  },
}

function open() {
  return new Elysia({ adapter: node() })
}

async function serve(app: AnyElysia): Promise<Port> {
  const server = serverIn(
    await new Promise<object>((resolve) => app.listen({ port: 0, hostname: HOST }, resolve)),
  )
  if (!server.listening) await once(server, 'listening')
  return portOf(server)
}

/** Elysia tells its own port, which is 0 here. */
function serverIn(info: object): Server {
  const running: unknown = 'node' in info ? info.node : null
  if (typeof running === 'object' && running !== null && 'server' in running) {
    if (running.server instanceof Server) return running.server
  }
  throw new Error('Elysia does not tell its server.')
}
