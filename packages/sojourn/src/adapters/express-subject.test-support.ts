import { createServer } from 'node:http'
import express from 'express'
import { listen } from '../http/listen.test-support.ts'
import type { Subject } from './behaviour.test-support.ts'
import { sessionErrors, sojourn } from './express.ts'
import { answer } from './node-subject.test-support.ts'

/** Express 5. */
export const EXPRESS: Subject = {
  name: 'express',
  serve({ store, options, handle }) {
    const app = express()
    app.set('env', 'production')
    app.use(sojourn(store, options))
    app.use(async (request, response) => {
      const query = new URL(request.url, 'http://localhost').searchParams
      const { method, path, session } = request
      const reply = await handle({ method, path, query, session })
      if (reply.redirect === undefined) await answer(response, reply)
      else response.redirect(303, reply.redirect)
    })
    app.use(sessionErrors(), quietly)
    return listen(createServer(app))
  },
}

/** Express would print what it does not know. */
const quietly: express.ErrorRequestHandler = (_error, _request, response, _next) => {
  response.status(500).end()
}
