import { getRequestListener } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { getSignedCookie, setSignedCookie } from 'hono/cookie'
import { sojourn } from 'sojourn/hono'
import type { Framework } from '../framework.ts'
import { listen } from '../listen.ts'
import { greetingOf, loggedInBy, NOBODY_KNOWN, nextUser, SECRET } from '../users.ts'

const NAME = 'session'

/** Beside Hono's own signed cookie with the data in it: Hono ships no sessions, and this is what others build on. */
export const HONO: Framework = {
  bare() {
    const answer = (c: Context) => c.json(NOBODY_KNOWN)
    return serve(new Hono().post('/login', answer).get('/', answer))
  },
  sojourn: (store) =>
    serve(
      new Hono()
        .use(sojourn(store))
        .post('/login', async (c) => {
          const { userId, data } = nextUser()
          const { session } = c.var
          await session.login(userId, { data })
          return c.json(greetingOf(session))
        })
        .get('/', (c) => c.json(greetingOf(c.var.session))),
    ),
  peer: () =>
    serve(
      new Hono()
        .post('/login', async (c) => {
          const user = nextUser()
          await setSignedCookie(c, NAME, JSON.stringify(user), SECRET, { httpOnly: true })
          return c.json(greetingOf(user))
        })
        .get('/', async (c) => {
          const text = await getSignedCookie(c, SECRET, NAME)
          return c.json(greetingOf(loggedInBy(JSON.parse(text || 'null'))))
        }),
    ),
}

function serve(app: { readonly fetch: Parameters<typeof getRequestListener>[0] }) {
  return listen(getRequestListener(app.fetch))
}
