import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import express from 'express'
import { onTestFinished } from 'vitest'
import {
  type Clock,
  createSessionStore,
  type SessionData,
  type SessionStore,
  type StoreOptions,
} from '../core/index.ts'
import { memory } from '../engines/memory/index.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import type { HttpOptions, RequestSession } from '../http/index.ts'
import { listen } from '../http/listen.test-support.ts'
import { sessionErrors, sojourn } from './express.ts'
import { withSession } from './node.ts'

/** What a route of a test gets, whichever adapter runs it. */
export interface Turn {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly session: RequestSession<SessionData>
}

export type Route = (turn: Turn) => unknown
/** By method and path, such as `POST /login`. What it returns is sent as JSON. */
export type Routes = Readonly<Record<string, Route>>

export interface Adapter {
  readonly name: string
  listener(store: SessionStore<SessionData>, options: HttpOptions, routes: Routes): RequestListener
}

const node: Adapter = {
  name: 'node',
  listener(store, options, routes) {
    return withSession(
      store,
      { ...options, onError: () => undefined },
      async (request, response, session) => {
        const path = request.url?.split('?')[0]
        await run(routes[`${request.method === 'HEAD' ? 'GET' : request.method} ${path}`], {
          request,
          response,
          session,
        })
      },
    )
  },
}

const express5: Adapter = {
  name: 'express',
  listener(store, options, routes) {
    const app = express()
    app.set('env', 'production')
    app.use(sojourn(store, options))
    app.use(async (request, response) => {
      const method = request.method === 'HEAD' ? 'GET' : request.method
      await run(routes[`${method} ${request.path}`], { request, response, session: request.session })
    })
    app.use(sessionErrors())
    app.use(quietly)
    return app
  },
}

export const ADAPTERS: readonly Adapter[] = [node, express5]

/** Express would print what it does not know. */
const quietly: express.ErrorRequestHandler = (_error, _request, response, _next) => {
  if (response.headersSent) response.destroy()
  else response.status(500).end()
}

async function run(route: Route | undefined, turn: Turn): Promise<void> {
  const { response } = turn
  if (route === undefined) {
    response.writeHead(404).end()
    return
  }
  const answer = await route(turn)
  if (response.writableEnded) return
  if (answer === undefined) {
    response.end()
    return
  }
  response.setHeader('Content-Type', 'application/json')
  response.end(JSON.stringify(answer))
}

export interface Running {
  readonly port: number
  readonly store: SessionStore<SessionData>
  readonly engine: FaultyEngine
}

export interface Setup {
  readonly http?: HttpOptions
  readonly store?: Omit<StoreOptions<SessionData>, 'engine'>
  readonly clock?: Clock
  readonly engine?: FaultyEngine
}

/** A store and a server of its own for one test, both closed at its end. */
export async function start(adapter: Adapter, routes: Routes, setup: Setup = {}): Promise<Running> {
  const engine = setup.engine ?? new FaultyEngine(memory())
  const store = await createSessionStore<SessionData>({
    initial: () => ({ cart: [] }),
    sweep: false,
    ...setup.store,
    engine,
    ...(setup.clock === undefined ? {} : { clock: setup.clock }),
  })
  const port = await listen(createServer(adapter.listener(store, setup.http ?? {}, routes)))
  onTestFinished(async () => {
    engine.cut('none')
    await store.close()
  })
  engine.forgetCalls()
  return { port, store, engine }
}
