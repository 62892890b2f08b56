import { getIronSession, type IronSession } from 'iron-session'
import { cookies } from 'next/headers.js'
import type { NextRequest } from 'next/server.js'
import type { SessionStore } from 'sojourn'
import { nextSessions } from 'sojourn/next'
import type { Payload } from '../../payload.ts'
import { greetingOf, type LoggedIn, loggedInBy, NOBODY_KNOWN, nextUser, SECRET } from '../users.ts'
import { borrowed } from './lent.ts'

type RouteHandler = (request: NextRequest, context: unknown) => Response | Promise<Response>

interface Routes {
  readonly greet: RouteHandler
  readonly logIn: RouteHandler
}

// One build serves every side, so the side is chosen when a server loads it.
export const { greet, logIn } = routes()

function routes(): Routes {
  const lent = borrowed()
  if (lent.kind === 'sojourn') return withSojourn(lent.store)
  return lent.kind === 'peer' ? withIronSession() : bare()
}

function bare(): Routes {
  const answer = () => Response.json(NOBODY_KNOWN)
  return { greet: answer, logIn: answer }
}

function withSojourn(store: SessionStore<Payload>): Routes {
  const { withSession } = nextSessions(store)
  return {
    greet: withSession((_request, session) => Response.json(greetingOf(session))),
    logIn: withSession(async (_request, session) => {
      const { userId, data } = nextUser()
      await session.login(userId, { data })
      return Response.json(greetingOf(session))
    }),
  }
}

function withIronSession(): Routes {
  return {
    greet: async () => Response.json(greetingOf(loggedInBy(await ironSession()))),
    async logIn() {
      const user = nextUser()
      const session = await ironSession()
      Object.assign(session, user)
      await session.save()
      return Response.json(greetingOf(user))
    },
  }
}

/** Next's cookies are what it takes; its types refuse theirs under `exactOptionalPropertyTypes` only. */
async function ironSession(): Promise<IronSession<Partial<LoggedIn>>> {
  const options = { password: SECRET, cookieName: 'session' }
  return Reflect.apply(getIronSession, null, [await cookies(), options])
}
