import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type Next from 'next'
import type { NextRequest } from 'next/server.js'
import type { SessionData, SessionStore } from '../core/index.ts'
import type { RequestSession } from '../http/index.ts'
import { listen } from '../http/listen.test-support.ts'
import type { App, Subject } from './behaviour.test-support.ts'
import type { NextOptions, NextSessions } from './next.ts'
import { buildNextApp } from './next-app.test-support.ts'
import { responseOf } from './web-subject.test-support.ts'

/** What a place of the application lends to the test that it asks. */
interface Lent {
  readonly sessions: NextSessions<SessionData>
  readonly after: (run: () => unknown) => void
}

/** What a test says the application does. */
export interface Place extends Pick<App, 'store'> {
  readonly options?: NextOptions
  /** Left out, the application makes its own of the adapter that Next has bundled for it. */
  readonly sessions?: NextSessions<SessionData>
  readonly route?: (
    request: NextRequest,
    session: RequestSession<SessionData>,
    lent: Pick<Lent, 'sessions'> & {
      notFound(): never
      redirect(to: string): never
      cookies(): Promise<{ set(name: string, value: string): unknown }>
    },
  ) => Promise<Response>
  /** A Route Handler that does not say `withSession`. */
  readonly bare?: (lent: Pick<Lent, 'sessions'>) => Promise<Response>
  readonly proxy?: (
    request: NextRequest,
    session: RequestSession<SessionData>,
  ) => Promise<Response | undefined>
  /** What the page shows beside the user's id. */
  readonly render?: (lent: Lent) => Promise<string>
  readonly act?: (lent: Lent & { redirect(to: string): never }) => Promise<void>
  /** Next's own hook for what was thrown. */
  readonly heard?: (error: unknown) => void
}

/** The application runs in this very process, so that it and a test share a store. */
export interface NextApp {
  /** Listens on a free port of loopback until the test ends. */
  serve(place: Place): Promise<number>
  close(): Promise<void>
}

// Its types say `default`, where Node gives what the module exports.
const next: typeof Next.default = createRequire(import.meta.url)('next')
const PLACES = Symbol.for('sojourn.next-app')

export async function startNextApp(): Promise<NextApp> {
  const { folder, remove } = await buildNextApp()
  const places = new Map<string, Place>()
  Reflect.set(globalThis, PLACES, places)
  const app = next({ dev: false, dir: folder, quiet: true })
  await app.prepare()
  const handle = app.getRequestHandler()
  const answer: RequestListener = (request, response) => void handle(request, response)
  return {
    async serve(place) {
      const port = await listen(createServer(answer))
      places.set(String(port), place)
      return port
    },
    async close() {
      await app.close()
      // The store of the application from the documentation.
      const store: SessionStore<SessionData> | undefined = await Reflect.get(globalThis, 'sessions')
      await store?.close()
      Reflect.deleteProperty(globalThis, PLACES)
      remove()
    },
  }
}

const OPTIONS = { onError: () => undefined, address: () => '192.0.2.1' }

/** Next's App Router, whose Route Handlers answer, or its proxy. */
export function nextSubject(answering: 'route' | 'proxy', app: () => NextApp): Subject {
  return {
    name: `next (${answering})`,
    serve({ store, options, handle }) {
      const answer = async (request: Request, session: RequestSession<SessionData>) => {
        const { pathname: path, searchParams: query } = new URL(request.url)
        const reply = await handle({ method: request.method, path, query, session })
        // A proxy must say the whole URL; Next makes it short again.
        const { redirect } = reply
        return redirect === undefined || answering === 'route'
          ? responseOf(reply)
          : Response.redirect(new URL(redirect, request.url), 303)
      }
      return app().serve({ store, options: { ...options, ...OPTIONS }, [answering]: answer })
    },
  }
}
