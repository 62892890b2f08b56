import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createServer2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { SessionData } from '../core/index.ts'
import type { NodeRequest, NodeResponse } from '../http/index.ts'
import { listen } from '../http/listen.test-support.ts'
import type { App, Reply, Subject } from './behaviour.test-support.ts'
import { withSession } from './node.ts'

/** What a server of either kind of HTTP gives. */
export type Asked = NodeRequest & { readonly url?: string | undefined }
export type Answering = NodeResponse & { write(piece: string): boolean; destroy(): unknown }

/** Plain node:http. */
export const NODE: Subject = { name: 'node', http2: true, serve: (app) => serveNode(app, () => undefined) }

/** The adapter for Node's own servers; `before` sees every request first. */
export function serveNode(app: App, before: (request: Asked, response: Answering) => void): Promise<number> {
  return listen(
    app.http2
      ? createServer2(listenerFor<Http2ServerRequest, Http2ServerResponse>(app, before))
      : createServer(listenerFor<IncomingMessage, ServerResponse>(app, before)),
  )
}

function listenerFor<Request extends Asked, Response extends Answering>(
  { store, options, handle }: App,
  before: (request: Request, response: Response) => void,
) {
  const quiet = { ...options, onError: () => undefined }
  const listener = withSession<SessionData, Request, Response>(
    store,
    quiet,
    async (request, response, session) => {
      const url = new URL(request.url ?? '/', 'http://localhost')
      const { method = '' } = request
      await answer(response, await handle({ method, path: url.pathname, query: url.searchParams, session }))
    },
  )
  return (request: Request, response: Response) => {
    before(request, response)
    return listener(request, response)
  }
}

/** Sends a reply by what Node itself has. */
export async function answer(response: Answering, reply: Reply): Promise<void> {
  const { status = 200, headers = {}, json, redirect, stream } = reply
  if (redirect !== undefined) {
    response.writeHead(303, { Location: redirect })
    response.end()
    return
  }
  if (stream !== undefined) {
    response.writeHead(status, { ...headers })
    for await (const piece of stream) response.write(piece)
    response.end()
    return
  }
  const body = json === undefined ? '' : JSON.stringify(json)
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
  response.end(body)
}
