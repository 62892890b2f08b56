import { cookies } from 'next/headers.js'
import { type NextFetchEvent, type NextRequest, NextResponse } from 'next/server.js'
import {
  errorResponse,
  type RequestSession,
  type SessionGate,
  type SetCookie,
  WebHead,
  WebIncoming,
} from '../http/index.ts'
import { incomingOf, type NextAsked, setIn } from './next-jar.ts'
import type { Writable } from './next-page.ts'

type Gate<Data> = SessionGate<Data, NextAsked>
type Handler<Data, Rest, Answer> = (
  request: NextRequest,
  session: RequestSession<Data>,
  rest: Rest,
) => Answer | Promise<Answer>
type Hear = (error: unknown) => void

const REDIRECT = /^NEXT_REDIRECT;/
const STATUS = /^NEXT_HTTP_ERROR_FALLBACK;(\d{3})$/

interface RouteParts<Data> {
  readonly gate: Gate<Data>
  readonly writable: Writable<Data>
  readonly hear: Hear
}

export function routeIn<Data, Context>(
  { gate, writable, hear }: RouteParts<Data>,
  handler: Handler<Data, Context, Response>,
) {
  return async (request: NextRequest, context: Context): Promise<Response> => {
    const jar = await cookies()
    const head = new KeptHead(gate.varyOn)
    const run = async () => {
      const opened = gate.open(request, incomingOf(request, jar, gate.cookieName), head)
      writable.set(jar, opened)
      return handler(request, await opened, context)
    }
    return answered(head, run, (error, cookie) => {
      if (!REDIRECT.test(digestOf(error))) return givenUp(error, hear)
      // The answer that Next makes of its `redirect()` takes along what is in Next's own jar.
      setIn(jar, cookie)
      throw error
    })
  }
}

export function proxyIn<Data>(
  gate: Gate<Data>,
  handler: Handler<Data, NextFetchEvent, Response | undefined> = () => undefined,
  hear: Hear,
) {
  return async (request: NextRequest, event: NextFetchEvent): Promise<Response> => {
    const head = new KeptHead(gate.varyOn, (cookie) => forward(request, cookie))
    const run = async () => {
      const session = await gate.open(request, new WebIncoming(request), head)
      const response = (await handler(request, session, event)) ?? onward(request, head.cookie)
      // What `cookies()` finds in the page: Next tells it by the cookies of its own class.
      if (head.cookie !== null && isNext(response)) setIn(response.cookies, head.cookie)
      return response
    }
    return answered(head, run, (error) => givenUp(error, hear))
  }
}

/** A head that knows its cookie, for the ways out of Next that have no head. */
class KeptHead extends WebHead {
  readonly #onCookie: (cookie: SetCookie) => void
  cookie: SetCookie | null = null

  constructor(varyOn: readonly string[], onCookie: (cookie: SetCookie) => void = () => undefined) {
    super(varyOn)
    this.#onCookie = onCookie
  }

  override setCookie(cookie: SetCookie): void {
    super.setCookie(cookie)
    this.cookie = cookie
    this.#onCookie(cookie)
  }
}

/**
 * What `run` answers, with what is ours in its head; of what it throws, the failures of sojourn. The rest is Next's,
 * unless a cookie would be lost with it: then `keep` makes an answer that carries it.
 */
async function answered(
  head: KeptHead,
  run: () => Promise<Response>,
  keep: (error: unknown, cookie: SetCookie) => Response,
): Promise<Response> {
  try {
    return head.sealed(await run())
  } catch (error) {
    const response = errorResponse(error)
    if (response !== null) return head.sealed(response)
    if (head.cookie === null) throw error
    return head.sealed(keep(error, head.cookie))
  } finally {
    // Also when Next answers: what its `after` does then comes too late for a cookie.
    head.close()
  }
}

/** As Next answers `notFound()` and its like, and any other error. */
function givenUp(error: unknown, hear: Hear): Response {
  const status = STATUS.exec(digestOf(error))?.[1]
  if (status === undefined) hear(error)
  return new Response(null, { status: Number(status ?? 500) })
}

/** Those who hand on the request's headers hand on the new cookie. */
function forward(request: NextRequest, { name, value }: SetCookie): void {
  if (value === '') request.cookies.delete(name)
  else request.cookies.set(name, value)
}

function onward({ headers }: NextRequest, cookie: SetCookie | null): NextResponse {
  return NextResponse.next(cookie === null ? {} : { request: { headers } })
}

/** By shape: the application and this package may have loaded two copies of the class. */
function isNext(response: Response): response is NextResponse {
  return 'cookies' in response
}

function digestOf(error: unknown): string {
  return error instanceof Error && 'digest' in error ? String(error.digest) : ''
}
