import { answerError } from '../http/index.ts'

/** What is needed of a reply of Fastify, over HTTP/1.1 and HTTP/2 alike. */
export interface Reply {
  readonly sent: boolean
  readonly raw: { readonly headersSent: boolean }
  header(name: string, value: string | readonly string[]): unknown
  removeHeader(name: string): unknown
  code(status: number): unknown
  send(body?: unknown): unknown
}

/**
 * What `answerError` does, by the reply's own means: what hooks and other plugins have set on it, such as the headers of
 * CORS, goes out as well.
 */
export function answerReply(error: unknown, reply: Reply): boolean {
  return answerError(error, {
    headersSent: reply.sent || reply.raw.headersSent,
    removeHeader: (name) => void reply.removeHeader(name),
    setHeader: (name, value) => reply.header(name, value),
    writeHead: (status) => reply.code(status),
    end: (body) => reply.send(body),
  })
}
