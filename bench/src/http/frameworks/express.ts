import express, { type Express } from 'express'
import { sessionErrors, sojourn } from 'sojourn/express'
import type { Payload } from '../../payload.ts'
import type { Framework } from '../framework.ts'
import { listen } from '../listen.ts'
import { greetingOf, loggedInBy, NOBODY_KNOWN, nextUser } from '../users.ts'
import { expressSession } from './express-session.ts'

declare module 'sojourn/express' {
  interface Register {
    data: Payload
  }
}

/** Beside express-session. */
export const EXPRESS: Framework = {
  bare() {
    const app = express()
    app.post('/login', (_request, response) => void response.json(NOBODY_KNOWN))
    app.get('/', (_request, response) => void response.json(NOBODY_KNOWN))
    return listen(app)
  },
  sojourn(store) {
    const app = express()
    app.use(sojourn(store))
    app.post('/login', async (request, response) => {
      const { userId, data } = nextUser()
      await request.session.login(userId, { data })
      response.json(greetingOf(request.session))
    })
    app.get('/', (request, response) => void response.json(greetingOf(request.session)))
    app.use(sessionErrors())
    return listen(app)
  },
  peer: () => listen(withExpressSession(express())),
}

function withExpressSession(app: Express): Express {
  app.use(expressSession())
  app.post('/login', (request, response) => {
    const user = nextUser()
    Object.assign(request.session, user)
    response.json(greetingOf(user))
  })
  app.get('/', (request, response) => void response.json(greetingOf(loggedInBy(request.session))))
  return app
}
