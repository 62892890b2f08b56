import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import type { TcpProxy } from 'sojourn-servers'
import { createSessionStore } from '../../core/create-session-store.ts'
import { type ErrorCode, SessionError } from '../../core/errors.ts'
import { leaks, outputsOf } from '../../core/leaks.test-support.ts'
import type { StoreOptions } from '../../core/options.ts'
import type { Engine } from '../../core/port.ts'
import type { SessionStore } from '../../core/session-store.ts'
import type { Driver } from './driver.ts'
import { redis } from './redis.ts'
import type { RedisOptions } from './redis-options.ts'

export const CLIENTS = ['ioredis', 'node-redis'] as const
export type ClientName = (typeof CLIENTS)[number]

/** Each driver, and what the engine makes of a url by itself. */
export const WAYS = [...CLIENTS, 'a url'] as const

export interface Place {
  readonly host: string
  readonly port: number
  readonly username?: string
  readonly password?: string
}

export interface Opened {
  readonly driver: Driver
  close(): void
}

/** So often a client of these tests looks whether its server is back. */
const RETRY_MS = 50

/**
 * A client as an application would make it, but that it looks for its server more often. It need not have
 * found it: what goes wrong must show in the calls.
 */
export function openClient(name: ClientName, { host, port, username, password }: Place): Opened {
  const access = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  }
  if (name === 'ioredis') {
    const driver = new Redis({ host, port, ...access, retryStrategy: () => RETRY_MS })
    driver.on('error', () => undefined)
    return { driver, close: () => driver.disconnect() }
  }
  const driver = createClient({ socket: { host, port, reconnectStrategy: () => RETRY_MS }, ...access })
  driver.on('error', () => undefined)
  driver.connect().catch(() => undefined)
  return { driver, close: () => driver.destroy() }
}

/** The same for a cluster. */
export async function openCluster(name: ClientName, nodes: readonly Place[]): Promise<Opened> {
  if (name === 'ioredis') {
    const driver = new Cluster([...nodes], {
      lazyConnect: true,
      maxRedirections: 4,
      retryDelayOnTryAgain: 20,
    })
    driver.on('error', () => undefined)
    await driver.connect()
    return { driver, close: () => driver.disconnect() }
  }
  const driver = createCluster({ rootNodes: nodes.map(({ host, port }) => ({ socket: { host, port } })) })
  driver.on('error', () => undefined)
  await driver.connect()
  return { driver, close: () => driver.destroy() }
}

type Closing = () => unknown

/** What a test opened, to be closed in reverse order whatever happened. */
export class Opening {
  readonly #closings: Closing[] = []

  also(closing: Closing): void {
    this.#closings.unshift(closing)
  }

  async engine(
    name: ClientName | 'a url',
    place: Place,
    options: Omit<RedisOptions, 'client' | 'url'> = {},
  ): Promise<Engine> {
    if (name === 'a url') {
      const engine = await redis({ url: urlOf(place), ...options })
      this.also(() => engine.close())
      return engine
    }
    const opened = openClient(name, place)
    this.also(() => opened.close())
    return redis({ client: opened.driver, ...options })
  }

  async store<Data = Record<string, number>>(
    engine: Engine,
    options: Omit<StoreOptions<Data>, 'engine'> = {},
  ): Promise<SessionStore<Data>> {
    const store = await createSessionStore<Data>({ engine, sweep: false, ...options })
    // Its calls may hang on a server that is gone: that is what the tests look for, one by one.
    this.also(() => store.drain())
    return store
  }

  async close(): Promise<void> {
    for (const closing of this.#closings.splice(0)) await closing()
  }
}

/** How a call ended: `done`, or the code of its error. An error that is not ours is thrown on. */
export async function outcomeOf(call: Promise<unknown>): Promise<'done' | ErrorCode> {
  try {
    await call
    return 'done'
  } catch (error) {
    if (error instanceof SessionError) return error.code
    throw error
  }
}

/** The error of a call that must fail with one of ours. */
export async function failureOfCall(call: Promise<unknown>): Promise<SessionError> {
  const error = await call.then(
    () => new Error('The call did not fail.'),
    (reason: unknown) => reason,
  )
  if (error instanceof SessionError) return error
  throw error
}

/** What of the secrets can be read from the error, its stack, its cause and what they carry. */
export function secretsIn(error: SessionError, secrets: readonly (string | Uint8Array)[]): string[] {
  const output = [error, error.cause].map((each) => outputsOf(each)).join('\n')
  return leaks(`${output}${error.stack}`, secrets)
}

/** How long a call took, and how it ended. */
export async function timed(call: () => Promise<unknown>): Promise<{ outcome: string; ms: number }> {
  const startedAt = performance.now()
  const outcome = await outcomeOf(call())
  return { outcome, ms: performance.now() - startedAt }
}

/** Calls again and again until it is done, and says how it was refused meanwhile. @throws after `limitMs` */
export async function recovered(
  call: () => Promise<unknown>,
  limitMs = 10_000,
): Promise<ReadonlyMap<string, number>> {
  const refusals = new Map<string, number>()
  const endAt = performance.now() + limitMs
  for (;;) {
    const outcome = await outcomeOf(call())
    if (outcome === 'done') return refusals
    refusals.set(outcome, (refusals.get(outcome) ?? 0) + 1)
    if (performance.now() > endAt)
      throw new Error(`It did not recover within ${limitMs} ms: ${[...refusals].join(' ')}`)
    await new Promise(setImmediate)
  }
}

function urlOf({ host, port, username = '', password }: Place): string {
  const access = password === undefined ? '' : `${username}:${password}@`
  return `redis://${access}${host}:${port}`
}

/** A start for proxies, so that a client finds them as it finds servers. */
export function placeOf({ host, port }: TcpProxy): Place {
  return { host, port }
}
