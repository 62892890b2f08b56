import { createServer } from 'node:http'
import { createServer as createServer2 } from 'node:http2'
import { getRequestListener } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { listen } from '../http/listen.test-support.ts'
import type { App, Reply, Subject } from './behaviour.test-support.ts'
import { sojourn } from './hono.ts'
import { bodyOf, responseOf } from './web-subject.test-support.ts'

/** Hono 4 on its server for Node. */
export const HONO: Subject = {
  name: 'hono',
  http2: true,
  serve(app) {
    const listener = getRequestListener(appOf(app).fetch)
    return listen(app.http2 ? createServer2(listener) : createServer(listener))
  },
}

function appOf({ store, options, handle }: App) {
  return new Hono()
    .use(sojourn(store, options))
    .onError((_error, c) => c.text('broken', 500))
    .all('*', async (c) => {
      const { method, path, url } = c.req
      const query = new URL(url).searchParams
      return replyBy(c, await handle({ method, path, query, session: c.var.session }))
    })
}

/** By what Hono itself has. */
function replyBy(c: Context, reply: Reply): Response {
  const { status = 200, headers = {}, json, redirect, stream } = reply
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  if (redirect !== undefined) return c.redirect(redirect, 303)
  if (stream !== undefined) return c.body(bodyOf(stream))
  return status === 200 && json !== undefined ? c.json(json) : responseOf(reply)
}
