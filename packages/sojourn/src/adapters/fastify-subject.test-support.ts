import { Readable } from 'node:stream'
import { type FastifyInstance, fastify, type RawServerBase } from 'fastify'
import { onTestFinished } from 'vitest'
import { listen } from '../http/listen.test-support.ts'
import type { App, Reply, Subject } from './behaviour.test-support.ts'
import { sessionErrors, sojourn } from './fastify.ts'
import type { Reply as Answering } from './fastify-reply.ts'

/** Fastify 5, over both kinds of HTTP. */
export const FASTIFY: Subject = {
  name: 'fastify',
  http2: true,
  serve: (app) =>
    app.http2 ? serve(fastify({ http2: true, forceCloseConnections: true }), app) : serve(fastify(), app),
}

async function serve<Server extends RawServerBase>(
  server: FastifyInstance<Server>,
  app: App,
): Promise<number> {
  const { store, options, handle } = app
  await server.register(sojourn, { store, ...options })
  server.setErrorHandler(sessionErrors(quietly))
  server.all('*', async (request, reply) => {
    const { pathname: path, searchParams: query } = new URL(request.url, 'http://localhost')
    const { method, session } = request
    answerFastify(reply, await handle({ method, path, query, session }))
    return reply
  })
  return listening(server)
}

/** What is needed of a reply, over both kinds of HTTP. */
interface Sending extends Pick<Answering, 'code' | 'send'> {
  headers(headers: Readonly<Record<string, string>>): unknown
  type(contentType: string): unknown
  redirect(url: string, status: number): unknown
}

/** Sends a reply by what Fastify itself has. */
export function answerFastify(sending: Sending, reply: Reply): void {
  const { status = 200, headers = {}, json, redirect, stream } = reply
  if (redirect !== undefined) return void sending.redirect(redirect, 303)
  // A text alone would go out as text/plain.
  if (stream === undefined) sending.type('application/json')
  sending.code(status)
  sending.headers(headers)
  sending.send(stream === undefined ? JSON.stringify(json) : Readable.from(stream))
}

/** Its port of loopback, until the test ends. */
export async function listening<Server extends RawServerBase>(app: FastifyInstance<Server>): Promise<number> {
  onTestFinished(() => app.close())
  await app.ready()
  return listen(app.server)
}

/** Fastify would tell the client what the error says. */
const quietly = (_error: unknown, _request: unknown, reply: Answering) => {
  reply.code(500)
  reply.send()
}
