import { onTestFinished, vi } from 'vitest'
import { createSessionStore } from '../core/create-session-store.ts'
import type { EngineUnderTest, Storage } from '../core/engines.test-support.ts'
import type { StoreOptions } from '../core/options.ts'
import type { Engine } from '../core/port.ts'
import type { SessionStore } from '../core/session-store.ts'
import { StagedEngine } from '../core/staged-engine.test-support.ts'
import { type ExpressStore, session } from './express-module.test-support.ts'
import { expressSessionStore } from './express-session.ts'

/** The data of the sessions in these tests. */
type Data = Record<string, unknown>

/** One process with a store for express-session. */
export interface Process {
  readonly store: ExpressStore
  readonly sessions: SessionStore<Data>
  readonly line: StagedEngine
}

export function userIn({ user }: Data): string | undefined {
  return typeof user === 'string' ? user : undefined
}

/** Processes over one storage. They end with the test. */
export class Processes {
  readonly #storage: Storage
  readonly #options: Partial<StoreOptions<Data>>

  static async over(engine: EngineUnderTest, options: Partial<StoreOptions<Data>> = {}): Promise<Processes> {
    const storage = await engine.prepare()
    onTestFinished(() => storage.dispose())
    return new Processes(storage, options)
  }

  constructor(storage: Storage, options: Partial<StoreOptions<Data>>) {
    this.#storage = storage
    this.#options = options
  }

  async start(wrap: (engine: Engine) => Engine = (engine) => engine): Promise<Process> {
    const line = new StagedEngine(wrap(await this.#storage.open()))
    const sessions = await createSessionStore<Data>({ sweep: false, ...this.#options, engine: line })
    onTestFinished(() => sessions.close())
    return { store: expressSessionStore(session.Store, sessions, { userId: userIn }), sessions, line }
  }
}

/** Stops the wall clock, for the middleware and the store alike; the returned function moves it. */
export function standStill(): (ms: number) => void {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  return (ms) => void vi.setSystemTime(Date.now() + ms)
}

/** A session as user code would write it into the store; null for a cookie without a date. */
export function sessionFor(ms: number | null, data: object = { x: 1 }): object {
  const expires = ms === null ? null : new Date(Date.now() + ms)
  return { ...data, cookie: { path: '/', httpOnly: true, originalMaxAge: ms, expires } }
}
