import { createRequire } from 'node:module'
import { type FastifyInstance, type FastifyPluginCallback, type FastifyRequest, fastify } from 'fastify'
import { onTestFinished } from 'vitest'
import { Browser } from '../http/client.test-support.ts'
import { listen } from '../http/listen.test-support.ts'
import type { FastifySessionStore } from './fastify-session.ts'
import { Gates, type Held, type Site } from './site.test-support.ts'

/** The live session of a request, as far as these tests use it. */
export interface LiveSession extends Record<string, unknown> {
  readonly sessionId: string
  readonly cookie: { maxAge: unknown; expires: unknown; originalMaxAge: unknown }
  save(): Promise<void>
  destroy(): Promise<void>
  regenerate(keys?: readonly string[]): Promise<void>
  reload(): Promise<void>
  options(cookie: object): void
}

interface SessionModule extends FastifyPluginCallback<Record<string, unknown>> {
  readonly MemoryStore: new () => FastifySessionStore
}

// Not imported, because its types would give `request.session` a second meaning beside that of our own plugin.
const load = createRequire(import.meta.url)

function isPlugin(loaded: unknown): loaded is FastifyPluginCallback<Record<string, unknown>> {
  return typeof loaded === 'function'
}

function isSessionModule(loaded: unknown): loaded is SessionModule {
  return typeof loaded === 'function' && 'MemoryStore' in loaded
}

function moduleOf<Module>(name: string, isModule: (loaded: unknown) => loaded is Module): Module {
  const loaded: unknown = load(name)
  if (isModule(loaded)) return loaded
  throw new Error(`${name} exports something else.`)
}

const cookies = moduleOf('@fastify/cookie', isPlugin)
const sessions = moduleOf('@fastify/session', isSessionModule)
export const { MemoryStore } = sessions

/** An application with @fastify/session. */
export interface FastifySite extends Site {
  readonly app: FastifyInstance
  readonly port: number
  hold(name: string): Held
  /** The session of the request that was last answered. */
  readonly last: () => LiveSession | null
}

type Route = (request: FastifyRequest, session: LiveSession) => Promise<unknown>

function isSession(value: unknown): value is LiveSession {
  return typeof value === 'object' && value !== null && 'sessionId' in value
}

export function liveSessionOf(request: FastifyRequest): LiveSession {
  const found: unknown = Reflect.get(request, 'session')
  if (isSession(found)) return found
  throw new Error('There is no session.')
}

function texts(value: unknown): string[] {
  return [value].flat().filter((text) => typeof text === 'string')
}

/** What the routes look at. */
interface Query {
  readonly set?: unknown
  readonly delete?: unknown
  readonly user?: unknown
  readonly hold?: unknown
}

function queryOf({ query }: FastifyRequest): Query {
  return typeof query === 'object' && query !== null ? { ...query } : {}
}

const changed: Route = async (request, live) => {
  const { set, delete: removed } = queryOf(request)
  for (const pair of texts(set)) {
    const [key = '', value = ''] = pair.split(':')
    live[key] = value
  }
  for (const key of texts(removed)) delete live[key]
}

const loggedIn: Route = async (request, old) => {
  await old.regenerate()
  Object.assign(liveSessionOf(request), { user: queryOf(request).user })
}

/** Starts a site over a store; it ends with the test. */
export async function fastifySite(
  store: object,
  { cookie = {}, ...options }: { readonly cookie?: object; readonly [option: string]: unknown } = {},
  more: Record<string, Route> = {},
): Promise<FastifySite> {
  const gates = new Gates()
  let last: LiveSession | null = null
  const app = fastify({ forceCloseConnections: true })
  onTestFinished(() => app.close())
  await app.register(cookies)
  await app.register(sessions, {
    secret: 's'.repeat(32),
    saveUninitialized: false,
    ...options,
    cookie: { secure: false, ...cookie },
    store,
  })
  // Read when the handler has begun: a body may come late.
  app.addContentTypeParser('multipart/form-data', (_request, payload, done) => {
    payload.on('end', () => done(null, {}))
    payload.resume()
  })
  const routes: Record<string, Route> = {
    '/data': changed,
    '/login': loggedIn,
    '/logout': (_request, live) => live.destroy(),
    ...more,
  }
  for (const [path, route] of Object.entries(routes)) {
    app.all(path, async (request, reply) => {
      await route(request, liveSessionOf(request))
      await gates.pass(queryOf(request).hold)
      const now: unknown = Reflect.get(request, 'session')
      last = isSession(now) ? now : null
      return path === '/login' ? reply.redirect('/data', 303) : reply.send(JSON.stringify(last ?? {}))
    })
  }
  await app.ready()
  const port = await listen(app.server)
  return { app, port, browser: () => new Browser(port), hold: (name) => gates.hold(name), last: () => last }
}
