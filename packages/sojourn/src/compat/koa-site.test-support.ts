import { createServer } from 'node:http'
import Koa from 'koa'
import session from 'koa-session'
import { Browser } from '../http/client.test-support.ts'
import { listen } from '../http/listen.test-support.ts'
import { Gates, type Held, type Site } from './site.test-support.ts'

/** The live session of a request, as far as these tests use it. */
export interface KoaSession extends Record<string, unknown> {
  maxAge: unknown
  readonly externalKey: string
  save(): Promise<void>
  regenerate(): Promise<void>
  manuallyCommit(): Promise<void>
  toJSON(): Record<string, unknown>
}

/** An application with koa-session. */
export interface KoaSite extends Site {
  /** What reached the application's own listener. */
  readonly errors: unknown[]
  /** What koa-session told of in `session:missed` and `session:expired`. */
  readonly dropped: string[]
  hold(name: string): Held
  /** The id of the session of the request that was last answered. */
  readonly key: () => string
}

type Route = (ctx: Koa.Context, live: KoaSession) => Promise<unknown>

function isSession(value: unknown): value is KoaSession {
  return typeof value === 'object' && value !== null && 'regenerate' in value
}

export function koaSessionOf(ctx: Koa.Context): KoaSession {
  const found: unknown = Reflect.get(ctx, 'session')
  if (isSession(found)) return found
  throw new Error('There is no session.')
}

const changed: Route = async ({ query: { set = [], delete: removed = [] } }, live) => {
  for (const pair of [set].flat()) {
    const [key = '', value = ''] = pair.split(':')
    live[key] = value
  }
  for (const key of [removed].flat()) delete live[key]
}

const loggedIn: Route = async (ctx, live) => {
  const { user } = ctx.query
  await live.regenerate()
  Object.assign(live, { user })
}

const loggedOut: Route = async (ctx) => {
  Object.assign(ctx, { session: null })
}

/** Starts a site; without a `store` koa-session keeps the data in the cookie. It ends with the test. */
export async function koaSite(options: object = {}, more: Record<string, Route> = {}): Promise<KoaSite> {
  const gates = new Gates()
  const errors: unknown[] = []
  const dropped: string[] = []
  let key = ''
  const app = new Koa()
  app.keys = ['tests']
  app.on('error', (error) => errors.push(error))
  for (const name of ['session:missed', 'session:expired']) app.on(name, () => dropped.push(name))
  app.use(session({ ...options }, app))
  const routes: Record<string, Route> = {
    '/data': changed,
    '/login': loggedIn,
    '/logout': loggedOut,
    ...more,
  }
  app.use(async (ctx) => {
    await routes[ctx.path]?.(ctx, koaSessionOf(ctx))
    const { hold } = ctx.query
    await gates.pass(hold)
    const now: unknown = Reflect.get(ctx, 'session')
    key = isSession(now) ? now.externalKey : ''
    if (ctx.path === '/login') ctx.redirect('/data')
    else ctx.body = isSession(now) ? now.toJSON() : {}
  })
  const port = await listen(createServer(app.callback()))
  return {
    errors,
    dropped,
    browser: () => new Browser(port),
    hold: (name) => gates.hold(name),
    key: () => key,
  }
}
