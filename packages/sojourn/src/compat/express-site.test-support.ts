import { createServer } from 'node:http'
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express'
import { Browser } from '../http/client.test-support.ts'
import { listen } from '../http/listen.test-support.ts'
import { type ExpressSession, type ExpressStore, session } from './express-module.test-support.ts'
import { Gates, type Held, type Site } from './site.test-support.ts'

/** An application with express-session, and what it knows of its requests. */
export interface ExpressSite extends Site {
  readonly store: ExpressStore
  /** What reached the error handler. */
  readonly errors: unknown[]
  hold(name: string): Held
  /** The session of the request that was last answered. */
  readonly last: () => ExpressSession | null
}

type Route = (request: Request, session: ExpressSession) => Promise<unknown>

/** Calls what takes a callback; rejects with the error that it was called with. */
export function called(
  run: (callback: (error?: unknown, answer?: unknown) => void) => unknown,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    run((error, answer) => (error ? reject(error) : resolve(answer)))
  })
}

function isSession(value: unknown): value is ExpressSession {
  return typeof value === 'object' && value !== null && 'save' in value
}

export function sessionOf(request: object): ExpressSession {
  const found: unknown = Reflect.get(request, 'session')
  if (isSession(found)) return found
  throw new Error('There is no session.')
}

function texts(value: unknown): string[] {
  return [value].flat().filter((text) => typeof text === 'string')
}

const changed: Route = async ({ query: { set, delete: removed } }, live) => {
  for (const pair of texts(set)) {
    const [key = '', value = ''] = pair.split(':')
    live[key] = value
  }
  for (const key of texts(removed)) delete live[key]
}

const loggedIn: Route = async (request, old) => {
  await called((done) => old.regenerate(done))
  const live = sessionOf(request)
  const { user } = request.query
  Object.assign(live, { user })
  await called((done) => live.save(done))
}

/** Starts a site over a store; it ends with the test. */
export async function expressSite(
  store: ExpressStore,
  options: object = {},
  more: Record<string, Route> = {},
) {
  const gates = new Gates()
  const errors: unknown[] = []
  let last: ExpressSession | null = null
  const middleware = session({ resave: false, saveUninitialized: false, secret: 'tests', ...options, store })
  const answer =
    (route: Route): RequestHandler =>
    async (request, response) => {
      const before = sessionOf(request)
      await route(request, before)
      const { hold } = request.query
      await gates.pass(hold)
      const now: unknown = Reflect.get(request, 'session')
      last = isSession(now) ? now : null
      if (request.path === '/login') response.redirect(303, '/data')
      else response.json(last)
    }
  const failed: ErrorRequestHandler = (error, _request, response, next) => {
    errors.push(error)
    if (response.headersSent) next(error)
    else response.status(500).send('failed')
  }
  const app = express()
  app.set('env', 'test')
  app.use(middleware)
  app.all('/data', answer(changed))
  app.all('/login', answer(loggedIn))
  app.all(
    '/logout',
    answer(async (_request, live) => called((done) => live.destroy(done))),
  )
  for (const [path, route] of Object.entries(more)) app.all(path, answer(route))
  app.use(failed)
  const port = await listen(createServer(app))
  const site: ExpressSite = {
    store,
    errors,
    browser: () => new Browser(port),
    hold: (name) => gates.hold(name),
    last: () => last,
  }
  return site
}
