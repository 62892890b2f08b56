import type { IncomingMessage, ServerResponse } from 'node:http'
import { withSession } from 'sojourn/node'
import type { Framework } from '../framework.ts'
import { listen } from '../listen.ts'
import { type Greeting, greetingOf, NOBODY_KNOWN, nextUser } from '../users.ts'

/** Node's own server. It has no middleware, so there is nothing that is used most. */
export const NODE: Framework = {
  bare: () => listen((_request, response) => send(response, NOBODY_KNOWN)),
  sojourn: (store) =>
    listen(
      withSession(store, {}, async (request, response, session) => {
        if (isLogIn(request)) {
          const { userId, data } = nextUser()
          await session.login(userId, { data })
        }
        send(response, greetingOf(session))
      }),
    ),
  peer: null,
}

function isLogIn({ method, url }: IncomingMessage): boolean {
  return method === 'POST' && url === '/login'
}

function send(response: ServerResponse, greeting: Greeting): void {
  const body = JSON.stringify(greeting)
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
