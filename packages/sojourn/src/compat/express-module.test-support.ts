import { createRequire } from 'node:module'
import type { RequestHandler } from 'express'

/** The live session of a request, as far as these tests use it. */
export interface ExpressSession extends Record<string, unknown> {
  readonly id: string
  readonly cookie: { originalMaxAge: unknown; maxAge: unknown; expires: unknown }
  save(callback: (error?: unknown) => void): unknown
  destroy(callback: (error?: unknown) => void): unknown
  regenerate(callback: (error?: unknown) => void): unknown
  reload(callback: (error?: unknown) => void): unknown
}

/** A store as the middleware calls it. */
export interface ExpressStore {
  get(id: string, callback: (error: unknown, session?: unknown) => void): void
  set(id: string, session: object, callback?: (error?: unknown) => void): void
  destroy(id: string, callback?: (error?: unknown) => void): void
  touch(id: string, session: object, callback?: (error?: unknown) => void): void
  all(callback: (error: unknown, sessions?: unknown) => void): void
  length(callback: (error: unknown, length?: number) => void): void
  clear(callback?: (error?: unknown) => void): void
  createSession(request: object, session: object): object
  regenerate(request: object, callback: (error?: unknown) => void): void
  load(id: string, callback: (error: unknown, session?: unknown) => void): void
}

interface ExpressSessionModule {
  (options: object): RequestHandler
  readonly Store: abstract new () => ExpressStore
  readonly MemoryStore: new () => ExpressStore
}

interface ConnectRedisModule {
  readonly RedisStore: new (options: { readonly client: unknown; readonly prefix: string }) => ExpressStore
}

// Not imported, because their types would give `req.session` a second meaning beside that of our own middleware.
const load = createRequire(import.meta.url)

function isExpressSession(loaded: unknown): loaded is ExpressSessionModule {
  return typeof loaded === 'function' && 'Store' in loaded && 'MemoryStore' in loaded
}

function isConnectRedis(loaded: unknown): loaded is ConnectRedisModule {
  return typeof loaded === 'object' && loaded !== null && 'RedisStore' in loaded
}

function moduleOf<Module>(loaded: unknown, isModule: (loaded: unknown) => loaded is Module): Module {
  if (isModule(loaded)) return loaded
  throw new Error('The module exports something else.')
}

export const session = moduleOf(load('express-session'), isExpressSession)
export const { RedisStore } = moduleOf(load('connect-redis'), isConnectRedis)
