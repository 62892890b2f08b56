import { createServer } from 'node:http'
import { createServer as createServer2 } from 'node:http2'
import { getRequestListener } from '@hono/node-server'
import { H3, type H3Event, redirect as redirectTo } from 'h3'
import { toNodeHandler } from 'h3/node'
import { listen } from '../http/listen.test-support.ts'
import type { App, Reply, Subject } from './behaviour.test-support.ts'
import { sessionOf, sojourn } from './h3.ts'
import { bodyOf, responseOf } from './web-subject.test-support.ts'

/** h3 2 on Node, where what is ours is added when Node writes the head. */
export const H3_NODE: Subject = {
  name: 'h3 on node',
  http2: true,
  serve(app) {
    const listener = toNodeHandler(appOf(app, answer))
    return listen(app.http2 ? createServer2(listener) : createServer(listener))
  },
}

/** h3 2 as a function from Request to Response, as it runs elsewhere. */
export const H3_WEB: Subject = {
  name: 'h3 on the Fetch standard',
  serve: (app) => {
    const options = { ...app.options, address: () => '192.0.2.1' }
    const h3 = appOf({ ...app, options }, (_event, reply) => responseOf(reply))
    return listen(createServer(getRequestListener((request) => h3.fetch(request))))
  },
}

function appOf({ store, options, handle }: App, render: (event: H3Event, reply: Reply) => unknown): H3 {
  const app = new H3({ silent: true })
  app.use(sojourn(store, options))
  return app.all('/**', async (event) => {
    const { pathname: path, searchParams: query } = event.url
    const session = sessionOf(event, store)
    return render(event, await handle({ method: event.req.method, path, query, session }))
  })
}

/** Answers by what h3 has. */
function answer(event: H3Event, { status = 200, headers = {}, json, redirect, stream }: Reply): unknown {
  if (redirect !== undefined) return redirectTo(redirect, 303)
  event.res.status = status
  for (const [name, value] of Object.entries(headers)) event.res.headers.set(name, value)
  if (stream !== undefined) return bodyOf(stream)
  if (json === undefined) return ''
  event.res.headers.set('Content-Type', 'application/json')
  return JSON.stringify(json)
}
