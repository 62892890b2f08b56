import { randomInt } from 'node:crypto'
import { ERRORS, type ErrorCode } from '../core/index.ts'
import type { NodeResponse } from './node-head.ts'

/** Seconds by status, spread out so that those turned away do not come back all at once (SECURITY T75). */
const RETRY_AFTER = new Map([
  [429, { min: 30, max: 60 }],
  [503, { min: 1, max: 5 }],
])
/** What described a body that is not sent now, and where it may be kept in spite of `Cache-Control`. */
const OF_THE_BODY = [
  'Accept-Ranges',
  'CDN-Cache-Control',
  'Surrogate-Control',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Length',
  'Content-Range',
  'ETag',
  'Last-Modified',
]

/** What an answer is written to: a response of Node, or what a framework lays over one. */
interface Answering extends Pick<NodeResponse, 'headersSent' | 'setHeader' | 'removeHeader'> {
  writeHead(status: number): unknown
  end(body: string): unknown
}

/** A failure as it is told to a client. */
interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Answers a failure of sojourn as `application/problem+json` (RFC 9457): status, code and a fixed title, and
 * nothing that the request, the store or the configuration said. False when it is not for us to answer: a
 * foreign error; a 500, which is a mistake in code or set-up that the application's own handler must see; or
 * an answer that has begun.
 */
export function answerError(error: unknown, response: Answering): boolean {
  const problem = response.headersSent ? null : problemOf(error)
  if (problem === null) return false
  for (const name of OF_THE_BODY) response.removeHeader(name)
  for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value)
  response.writeHead(problem.status)
  response.end(problem.body)
  return true
}

/**
 * The same as a response of the Fetch standard; null when it is not for us to answer. Of the one that it takes the
 * place of, headers such as those of CORS stay.
 */
export function errorResponse(error: unknown, replaced?: Response): Response | null {
  const problem = problemOf(error)
  if (problem === null) return null
  const headers = new Headers(replaced?.headers)
  for (const name of OF_THE_BODY) headers.delete(name)
  for (const [name, value] of Object.entries(problem.headers)) headers.set(name, value)
  return new Response(problem.body, { status: problem.status, headers })
}

function problemOf(error: unknown): Problem | null {
  const code = codeOf(error)
  if (code === null || ERRORS[code].status === 500) return null
  const { status, message: title } = ERRORS[code]
  const body = JSON.stringify({ type: `urn:sojourn:error:${code}`, title, status, code })
  const wait = waitAfter(status)
  return {
    status,
    headers: {
      'Cache-Control': 'no-store',
      'Content-Type': 'application/problem+json',
      'Content-Length': String(Buffer.byteLength(body)),
      ...(wait === null ? {} : { 'Retry-After': String(wait) }),
    },
    body,
  }
}

/** The status of a failure of sojourn; null for a foreign error. */
export function statusOf(error: unknown): number | null {
  const code = codeOf(error)
  return code === null ? null : ERRORS[code].status
}

/** The seconds that a client should wait after this status; null when it should not come back by itself. */
export function waitAfter(status: number): number | null {
  const wait = RETRY_AFTER.get(status)
  return wait === undefined ? null : randomInt(wait.min, wait.max + 1)
}

/** By name and code: two loaded copies of the package agree on strings, not on a class. */
function codeOf(error: unknown): ErrorCode | null {
  if (!(error instanceof Error) || error.name !== 'SessionError' || !('code' in error)) return null
  const { code } = error
  return isCode(code) ? code : null
}

function isCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code)
}
