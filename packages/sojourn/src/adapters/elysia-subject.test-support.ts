import { once } from 'node:events'
import { Server } from 'node:http'
import { node } from '@elysiajs/node'
import { type AnyElysia, type Context, Elysia } from 'elysia'
import { onTestFinished } from 'vitest'
import type { App, Reply, Subject } from './behaviour.test-support.ts'
import { sojourn } from './elysia.ts'

/** Elysia 1.4 on its adapter for Node, which speaks HTTP/2 over TLS only. */
export const ELYSIA: Subject = {
  name: 'elysia',
  serve: (app) => listenWith(appOf(app)),
}

function appOf({ store, options, handle }: App) {
  return new Elysia({ adapter: node() })
    .use(sojourn(store, options))
    .onError(({ set }) => {
      // Elysia itself would answer with the message.
      set.status = 500
      return 'broken'
    })
    .all('*', async ({ request, session, set }) => {
      const { pathname: path, searchParams: query } = new URL(request.url)
      return answerBy(await handle({ method: request.method, path, query, session }), set)
    })
}

/** What Elysia makes the response of. */
function answerBy(
  { status = 200, headers = {}, json, redirect, stream }: Reply,
  set: Context['set'],
): unknown {
  Object.assign(set.headers, headers)
  set.status = status
  if (redirect !== undefined) {
    set.status = 303
    set.headers['location'] = redirect
    return ''
  }
  if (stream !== undefined) return stream
  return json === undefined || typeof json === 'object' ? json : JSON.stringify(json)
}

/** Listens by Elysia's own `listen` on a free port of loopback until the test ends. */
export async function listenWith(app: AnyElysia): Promise<number> {
  const server = await serverOf(app)
  if (!server.listening) await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return address.port
}

/** The server of Node that `listen` makes. It would be closed when the process has nothing left to do. */
function serverOf(app: AnyElysia): Promise<Server> {
  const before = process.listeners('beforeExit')
  return new Promise((resolve, reject) => {
    app.listen({ port: 0, hostname: '127.0.0.1' }, ({ node: { server } }: { node: { server: unknown } }) => {
      if (server instanceof Server) resolve(server)
      else reject(new Error('Elysia did not tell its server.'))
    })
    for (const listener of process.listeners('beforeExit')) {
      if (!before.includes(listener)) process.off('beforeExit', listener)
    }
  })
}
