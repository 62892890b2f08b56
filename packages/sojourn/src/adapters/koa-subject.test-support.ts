import { createServer } from 'node:http'
import { createServer as createServer2 } from 'node:http2'
import { Readable } from 'node:stream'
import Koa, { type ExtendableContext } from 'koa'
import { listen } from '../http/listen.test-support.ts'
import type { Reply, Subject } from './behaviour.test-support.ts'
import { sojourn } from './koa.ts'

/** Koa 3. */
export const KOA: Subject = {
  name: 'koa',
  http2: true,
  serve({ store, options, handle, http2 }) {
    const app = new Koa().use(sojourn(store, options)).use(async (ctx) => {
      const { method, path, querystring, session } = ctx
      answer(ctx, await handle({ method, path, query: new URLSearchParams(querystring), session }))
    })
    // Koa would print what it does not know.
    app.on('error', () => undefined)
    const callback = app.callback()
    return listen(http2 ? createServer2(callback) : createServer(callback))
  },
}

/** Sends a reply by what Koa has. */
function answer(ctx: ExtendableContext, { status = 200, headers = {}, json, redirect, stream }: Reply): void {
  ctx.status = redirect === undefined ? status : 303
  ctx.set({ ...headers })
  if (redirect !== undefined) ctx.redirect(redirect)
  else if (stream !== undefined) ctx.body = Readable.from(stream)
  else if (json !== undefined) {
    ctx.type = 'json'
    ctx.body = JSON.stringify(json)
  }
}
