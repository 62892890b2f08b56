import { expect, onTestFinished } from 'vitest'
import { type Clock, createSessionStore, type SessionData, type SessionStore } from '../core/index.ts'
import { TestClock } from '../core/test-clock.test-support.ts'
import { memory } from '../engines/memory/index.ts'
import type { Answer } from '../http/client.test-support.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import type { HttpOptions, RequestSession } from '../http/index.ts'

/** A request, as every framework can tell of it, with its session. */
export interface Ask {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly session: RequestSession<SessionData>
}

/** What is to be answered, in the framework's own way. */
export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly json?: unknown
  /** Answered with 303 and this `Location`. */
  readonly redirect?: string
  /** Sent piece by piece, each as it comes. */
  readonly stream?: AsyncIterable<string>
}

export type Handle = (ask: Ask) => Promise<Reply>
/** What of `HttpOptions` does not depend on a framework's request. */
type Options = Omit<HttpOptions, 'touch' | 'writeOnGet' | 'address'>

/** A framework under test: an application of one handler, with the adapter in front of it. */
export interface Subject {
  readonly name: string
  /** Listens on a free port of loopback until the test ends. Over HTTP/2 without TLS where `http2` says so. */
  serve(app: App): Promise<number>
  /** Whether the framework runs over HTTP/2. */
  readonly http2?: true
}

export interface App {
  readonly store: SessionStore<SessionData>
  readonly options: Options
  readonly handle: Handle
  readonly http2: boolean
}

/** By method and path, such as `POST /login`. */
export type Table = Readonly<Record<string, Handle>>

/** One promise about every adapter. */
export interface Behaviour {
  readonly title: string
  check(subject: Subject): Promise<void>
}

export interface Running {
  readonly port: number
  readonly store: SessionStore<SessionData>
  readonly engine: FaultyEngine
  readonly clock: TestClock
  /** Another process's store over the same storage. */
  readonly elsewhere: SessionStore<SessionData>
}

export interface Setup {
  readonly options?: Options
  readonly http2?: boolean
}

/** The framework with an application of these routes and a store of its own, all closed when the test ends. */
export async function run(subject: Subject, table: Table, setup: Setup = {}): Promise<Running> {
  const clock = new TestClock()
  const inner = memory()
  const engine = new FaultyEngine(inner)
  const store = await storeOver(engine, clock)
  const elsewhere = await storeOver(inner, clock)
  const handle: Handle = (ask) => {
    const method = ask.method === 'HEAD' ? 'GET' : ask.method
    return (table[`${method} ${ask.path}`] ?? missing)(ask)
  }
  const { options = {}, http2 = false } = setup
  const port = await subject.serve({ store, options, handle, http2 })
  onTestFinished(async () => {
    engine.cut('none')
    await store.close()
  })
  engine.forgetCalls()
  return { port, store, engine, clock, elsewhere }
}

function storeOver(
  engine: ReturnType<typeof memory> | FaultyEngine,
  clock: Clock,
): Promise<SessionStore<SessionData>> {
  return createSessionStore<SessionData>({
    engine,
    clock,
    sweep: false,
    timeout: 200,
    initial: () => ({ cart: [] }),
  })
}

const missing: Handle = async () => ({ status: 404 })

/** Who is there now, as JSON. */
export function who({ session }: Ask): Reply {
  return { json: { id: session.id, userId: session.userId, data: session.data } }
}

/** What `who` answered. */
export function told(answer: Answer): { id: string | null; userId: string | null; data: SessionData } {
  expect(answer.status).toBe(200)
  return JSON.parse(answer.body)
}

/** Adds to the cart. */
export async function add({ session, query }: Ask, item = query.get('item') ?? 'tea'): Promise<boolean> {
  return session.update((draft) => {
    const { cart } = draft
    Object.assign(draft, { cart: [...(Array.isArray(cart) ? cart : []), item] })
  })
}

/** Something that one side waits for and the other lets go. */
export function latch(): { readonly opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
