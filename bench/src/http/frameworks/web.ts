import { getRequestListener } from '@hono/node-server'
import { withSession } from 'sojourn/web'
import type { Framework } from '../framework.ts'
import { listen } from '../listen.ts'
import { greetingOf, NOBODY_KNOWN, nextUser } from '../users.ts'

/** The Fetch standard, brought to Node's server by Hono's bridge. It has no middleware either. */
export const WEB: Framework = {
  bare: () => listen(getRequestListener(() => Response.json(NOBODY_KNOWN))),
  sojourn(store) {
    const fetch = withSession(store, {}, async (request, session) => {
      if (request.method === 'POST') {
        const { userId, data } = nextUser()
        await session.login(userId, { data })
      }
      return Response.json(greetingOf(session))
    })
    return listen(getRequestListener((request) => fetch(request)))
  },
  peer: null,
}
