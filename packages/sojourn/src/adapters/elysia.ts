import type { Elysia } from 'elysia'
import { SessionError, type SessionStore } from '../core/index.ts'
import {
  errorResponse,
  type HttpOptions,
  RequestSession,
  SessionGate,
  WebHead,
  WebIncoming,
} from '../http/index.ts'

/** What is known of a request while it is answered. */
interface Turn {
  head: WebHead | null
  session: unknown
}

/** By the request itself, so that no other can ever see it (SECURITY T30). */
const turns = new WeakMap<Request, Turn>()

/**
 * A plugin that opens the session of each request to the routes behind it, and hands it to their handlers as `session`.
 * Failures of sojourn are answered as problem+json, unless an `onError` in front of the plugin answers them. Of several
 * on one route the first counts, so that a part of the application can have its own transport. Once the handler has
 * returned it is too late for a cookie, also while its body goes on.
 * @throws SessionError `INVALID_ARGUMENT` for options that are unknown, malformed or unsafe
 */
export function sojourn<Data>(store: SessionStore<Data>, options: HttpOptions<Request> = {}) {
  const gate = new SessionGate<Data, Request>(store, options)
  // A function, not an instance: of an instance that is used in a group, Elysia forgets what `wrap` said.
  return (app: Elysia) => {
    // Apart from the chain, so that it is no part of what the routes answer by their types.
    app.onError(({ error }) => errorResponse(error) ?? undefined)
    return app.wrap(sealing).derive(async ({ request }) => ({ session: await open(gate, request) }))
  }
}

async function open<Data>(gate: SessionGate<Data, Request>, request: Request): Promise<RequestSession<Data>> {
  const turn = turns.get(request)
  if (turn === undefined) {
    throw new SessionError(
      'INVALID_ARGUMENT',
      'Elysia did not run what writes the cookie: `aot` must stay on, and sojourn must come before other plugins of its group.',
    )
  }
  if (isOpen<Data>(turn.session)) return turn.session
  turn.head = new WebHead(gate.varyOn)
  const session = await gate.open(request, new WebIncoming(request, addressOf(request)), turn.head)
  turn.session = session
  return session
}

function isOpen<Data>(session: unknown): session is RequestSession<Data> {
  return session instanceof RequestSession
}

/**
 * Around everything that Elysia does for a request, because its own hooks do not see every answer: `mapResponse` ends with
 * the first hook that returns something, and Elysia's own cookies are written after it, over what it set.
 */
const sealing = (handle: (request: Request) => unknown) => async (request: Request) => {
  if (turns.has(request)) return handle(request)
  const turn: Turn = { head: null, session: null }
  turns.set(request, turn)
  try {
    const response = await handle(request)
    return response instanceof Response && turn.head !== null ? turn.head.sealed(response) : response
  } finally {
    turns.delete(request)
  }
}

/** Where srvx, the server of @elysiajs/node, tells it. */
function addressOf(request: Request): string | undefined {
  return 'ip' in request && typeof request.ip === 'string' ? request.ip : undefined
}
