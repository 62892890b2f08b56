import { argv, kill, pid } from 'node:process'
import pg from 'pg'
import { archiveTo, type EndedSession } from '../../core/archive.ts'
import type { Clock } from '../../core/clock.ts'
import { createSessionStore } from '../../core/create-session-store.ts'
import type { Engine } from '../../core/port.ts'
import { systemClock } from '../../core/system-clock.ts'
import { lmdb } from '../../engines/lmdb/index.ts'
import { redis } from '../../engines/redis/index.ts'
import { PassingEngine } from '../../testing/passing-engine.test-support.ts'
import { postgres } from './postgres.ts'

/** Where a session is kept, where it goes, and what becomes of the process on the way. */
export interface Errand {
  /** `lmdb:<path>` or the URL of a Redis server. */
  readonly store: string
  readonly database: string
  /** How far this process's clock is ahead, in milliseconds. */
  readonly aheadMs: number
  /** It dies at this call: a verb of the engine or `write`, before or after it was done. */
  readonly dies: { readonly at: string; readonly stage: 'before' | 'after' } | null
  /** `hasty`: it takes a batch for stored before it is. `forgetful`: it writes what is there once more. */
  readonly mode: 'honest' | 'hasty' | 'forgetful'
}

/** A clock that is ahead, so that nobody waits for what expires. */
export function clockAhead(ms: number): Clock {
  return {
    now: () => systemClock.now() + ms,
    monotonic: () => systemClock.monotonic() + ms,
    after: systemClock.after,
  }
}

export async function engineAt(store: string): Promise<Engine> {
  if (store.startsWith('lmdb:')) return lmdb({ path: store.slice('lmdb:'.length) })
  return redis({ url: store, driver: 'ioredis', due: true })
}

/** Calls `pass` around each thing that can be the last. */
class DyingEngine extends PassingEngine {
  readonly #death: Death

  constructor(engine: Engine, death: Death) {
    super(engine)
    this.#death = death
  }

  override pass<T>(verb: string, run: () => Promise<T>): Promise<T> {
    return this.#death.around(verb, run)
  }
}

class Death {
  readonly #dies: Errand['dies']
  isNear = false

  constructor(dies: Errand['dies']) {
    this.#dies = dies
  }

  async around<T>(name: string, run: () => Promise<T>): Promise<T> {
    if (!this.isNear || this.#dies === null || name !== this.#dies.at) return run()
    if (this.#dies.stage === 'after') await run()
    return this.#die()
  }

  #die(): Promise<never> {
    kill(pid, 'SIGKILL')
    return new Promise(() => undefined)
  }
}

/** Settles what is due, as a process of an application would, and dies on the way. */
async function settle({ store, database, aheadMs, dies, mode }: Errand): Promise<void> {
  const pool = new pg.Pool({ connectionString: database, max: 2 })
  const death = new Death(dies)
  const destination = postgres({ pool })
  const written = async (batch: readonly EndedSession[]): Promise<unknown> => {
    if (mode === 'honest') return destination.write(batch)
    if (mode === 'hasty')
      return void setTimeout(() => void destination.write(batch).catch(() => undefined), 50)
    return pool.query('INSERT INTO twice SELECT unnest($1::text[])', [batch.map(({ id }) => id)])
  }
  const write = (batch: readonly EndedSession[]) => death.around('write', () => written(batch))
  const sessions = await createSessionStore({
    engine: new DyingEngine(await engineAt(store), death),
    clock: clockAhead(aheadMs),
    sweep: false,
    // A machine that is busy with other tests is slow, and that is not what is looked for.
    timeout: '20s',
    atEnd: archiveTo({ ...destination, write }, { select: ({ data }) => data }),
  })
  death.isNear = true
  while ((await sessions.sweep()) > 0);
  await sessions.close()
  await pool.end()
}

const [, file = '', errand] = argv
if (errand !== undefined && file.includes('settler-child')) await settle(JSON.parse(errand))
