import type { SessionData } from '../core/index.ts'
import type { RequestSession } from '../http/index.ts'
import type { App, Ask, Reply, Subject } from './behaviour.test-support.ts'
import { type Answering, type Asked, serveNode } from './node-subject.test-support.ts'

type Session = RequestSession<SessionData>
type Members = Partial<Record<keyof Session, unknown>>

/** One way in which an adapter can be wrong. */
export interface Fault {
  /** Runs before the adapter sees the request. */
  readonly request?: (request: Asked) => void
  /** Runs after everything else, right before Node writes the head; the status that goes out. */
  readonly head?: (response: Answering, status: number) => number
  /** What the handler finds in place of members of the handle. */
  readonly session?: (session: Session) => Members
  readonly handle?: (ask: Ask, handle: () => Promise<Reply>) => Promise<Reply>
}

/** The adapter for node:http with one fault. */
export function twin(fault: Fault): Subject {
  return {
    name: 'a broken twin',
    http2: true,
    serve(app) {
      return serveNode({ ...app, handle: faultyHandle(app, fault) }, (request, response) => {
        fault.request?.(request)
        spoilHead(response, fault)
      })
    },
  }
}

function faultyHandle({ handle }: App, fault: Fault): App['handle'] {
  return (ask) => {
    const session =
      fault.session === undefined ? ask.session : posing(ask.session, fault.session(ask.session))
    const asked = { ...ask, session }
    return fault.handle === undefined ? handle(asked) : fault.handle(asked, () => handle(asked))
  }
}

/** The same handle with other members in front of its own. */
function posing(session: Session, members: Members): Session {
  const known = new Map<unknown, unknown>(Object.entries(members))
  return new Proxy(session, {
    get(target, name) {
      const value: unknown = known.has(name) ? known.get(name) : Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function spoilHead(response: Answering, { head }: Fault): void {
  if (head === undefined) return
  const writeHead = response.writeHead.bind(response)
  response.writeHead = (status: number, ...rest: unknown[]) => {
    return Reflect.apply(writeHead, response, [head(response, status), ...rest])
  }
}
