import { createServer } from 'node:http'
import { createServer as createServer2 } from 'node:http2'
import { getRequestListener } from '@hono/node-server'
import { listen } from '../http/listen.test-support.ts'
import type { Reply, Subject } from './behaviour.test-support.ts'
import { withSession } from './web.ts'

/** The Fetch standard alone, brought to Node's server by a bridge. */
export const WEB: Subject = {
  name: 'web',
  http2: true,
  serve({ store, options, handle, http2 }) {
    const quiet = { ...options, onError: () => undefined, address: () => '192.0.2.1' }
    const fetch = withSession(store, quiet, async ({ method, url }, session) => {
      const { pathname: path, searchParams: query } = new URL(url)
      return responseOf(await handle({ method, path, query, session }))
    })
    const listener = getRequestListener(fetch)
    return listen(http2 ? createServer2(listener) : createServer(listener))
  },
}

/** A reply as a response of the Fetch standard. */
export function responseOf({ status = 200, headers = {}, json, redirect, stream }: Reply): Response {
  if (redirect !== undefined) return new Response(null, { status: 303, headers: { Location: redirect } })
  if (stream !== undefined) return new Response(bodyOf(stream), { status, headers })
  return json === undefined
    ? new Response(null, { status, headers })
    : Response.json(json, { status, headers })
}

/** The pieces as a body, each drawn when the one before it was taken. */
export function bodyOf(stream: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = stream[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await iterator.next()
        if (done === true) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
    },
    { highWaterMark: 0 },
  )
}
