import { type H3Event, toResponse } from 'h3'
import type { SessionData } from '../core/index.ts'
import {
  errorResponse,
  openNode,
  type RequestSession,
  SessionGate,
  WebHead,
  WebIncoming,
} from '../http/index.ts'
import type { Adapter, PROMISES } from './h3-promises.test-support.ts'

type Session = RequestSession<SessionData>

/** One way in which the adapter can be wrong. */
interface Fault {
  /** What the session is kept by. */
  readonly keptBy?: (event: H3Event) => object
  /** Whether it goes by the head that Node writes, where there is one. */
  readonly byNode?: (event: H3Event) => boolean
  /** False for one that leaves errors and unknown paths to h3. */
  readonly renders?: false
  readonly spoil?: (response: Response) => Response
  readonly request?: (event: H3Event) => Request
  readonly fail?: (error: unknown) => unknown
}

const failing = (error: unknown) => {
  const response = errorResponse(error)
  if (response === null) throw error
  return response
}

/** The adapter, written anew with a fault. It opens a session each time that it is asked. */
function twin(fault: Fault): Adapter {
  const { keptBy = (event) => event, byNode = () => true, fail = failing } = fault
  const opened = new WeakMap<object, Session>()
  return {
    sojourn(store, options = {}) {
      const gate = new SessionGate<SessionData, H3Event>(store, options)
      return async (event, next) => {
        const answer = async (opening: Promise<Session>) => {
          try {
            opened.set(keptBy(event), await opening)
            return await next()
          } catch (error) {
            return fail(error)
          }
        }
        const { req: request, res: response } = event.runtime?.node ?? {}
        if (request !== undefined && response !== undefined && byNode(event)) {
          return answer(openNode(gate, { request, response, asked: event }))
        }
        const head = new WebHead(gate.varyOn)
        const incoming = new WebIncoming(fault.request?.(event) ?? event.req)
        return rendered(event, head, answer(gate.open(event, incoming, head)), fault)
      }
    },
    sessionOf(event) {
      const session = opened.get(keptBy(event))
      if (session === undefined) throw new Error('No session was opened.')
      return session
    },
  }
}

async function rendered(event: H3Event, head: WebHead, answered: Promise<unknown>, fault: Fault) {
  const result = fault.renders === false ? await answered : answered
  if (typeof result === 'symbol') return result
  const { onResponse, ...config } = event.app?.config ?? {}
  const sealed = head.sealed(await toResponse(result, event, config))
  return fault.spoil?.(sealed) ?? sealed
}

const never = () => false

/** Takes the header that h3 takes for the cookie. */
const byHeader: Fault = {
  byNode: never,
  request({ req }) {
    const headers = new Headers(req.headers)
    headers.set('cookie', `__Host-id=${headers.get('x-h3-session')}`)
    return new Request(req.url, { headers })
  },
}
const swallows: Fault = { fail: (error) => errorResponse(error) ?? new Response(null, { status: 302 }) }
const leavesErrors: Fault = { byNode: never, renders: false }
/** Replaces what others set. */
const alone: Fault = {
  byNode: never,
  spoil(response) {
    const [, ours = ''] = response.headers.getSetCookie()
    response.headers.set('set-cookie', ours)
    return response
  },
}

/** Forgets what was there before. */
const bare: Fault = { byNode: never, spoil: ({ body, status }) => new Response(body, { status }) }

/** For each promise, an adapter that breaks it. */
export const TWINS: Readonly<Record<keyof typeof PROMISES, Adapter>> = {
  ownErrors: twin(swallows),
  errorPage: twin(leavesErrors),
  nowhere: twin(leavesErrors),
  besideOthers: twin(alone),
  otherOrigins: twin(bare),
  pastH3: twin({ byNode: never }),
  seenInFront: twin({ byNode: never }),
  ownSession: twin({ keptBy: (event) => event.context }),
  asksItself: twin({}),
  cookieOnly: twin(byHeader),
  firstCounts: twin({}),
  mounted: twin({}),
}
