import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import type pg from 'pg'
import { type PostgresServer, type RedisServer, startPostgres, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { archiveTo } from '../../core/archive.ts'
import { createSessionStore } from '../../core/create-session-store.ts'
import type { SessionStore } from '../../core/session-store.ts'
import { type Children, COMPILE_MS, compileChildren } from '../../engines/lmdb/children.test-support.ts'
import { poolOf } from './places.test-support.ts'
import { postgres } from './postgres.ts'
import { clockAhead, type Errand, engineAt } from './settler-child.test-support.ts'

/** How often a settler is killed over each engine: `SOJOURN_SETTLER_KILLS=200 npx vitest run …/settler-kill`. */
const { SOJOURN_SETTLER_KILLS } = env
/** Each step once; over Redis every second one. */
const KILLS = { lmdb: Number(SOJOURN_SETTLER_KILLS ?? 10), redis: Number(SOJOURN_SETTLER_KILLS ?? 5) }
/** Between two kills this much time goes by: sessions expire, and leases are over. */
const ROUND_MS = 31 * 60_000
const SESSIONS_A_ROUND = 12

/** Before the lease, after it, at each step between, and when all is done but the forgetting. */
const STEPS: readonly Step[] = (['due', 'read', 'write', 'create', 'settle'] as const).flatMap((at) => [
  { at, stage: 'before' as const },
  { at, stage: 'after' as const },
])

type Step = Pick<NonNullable<Errand['dies']>, 'at' | 'stage'>
type Made = ReadonlyMap<string, { readonly reason: string; readonly count: number }>
type Data = { count: number; poison?: true }

let children: Children
let server: PostgresServer
let redisServer: RedisServer
beforeAll(async () => {
  // Only settlers are killed here: the database has nothing to survive.
  const servers = Promise.all([startPostgres({ config: { fsync: 'off' } }), startRedis()])
  children = await compileChildren()
  ;[server, redisServer] = await servers
}, COMPILE_MS)
afterAll(async () => {
  await children[Symbol.asyncDispose]()
  await Promise.all([server.stop(), redisServer.stop()])
})

/** A database of its own, with a table that refuses poison. */
async function database(name: string): Promise<{ readonly url: string; readonly pool: pg.Pool }> {
  const admin = poolOf(server.url)
  await admin.query(`CREATE DATABASE ${name}`)
  await admin.end()
  const url = server.url.replace(/[^/]*$/, name)
  const pool = poolOf(url)
  await postgres({ pool }).migrate()
  await pool.query("ALTER TABLE sojourn.ended_sessions ADD CHECK (data ->> 'poison' IS NULL)")
  await pool.query('CREATE TABLE twice (id text)')
  return { url, pool }
}

/** An application's process, which makes sessions and ends some of them; it settles nothing. */
async function shop(store: string, pool: pg.Pool, aheadMs: number): Promise<SessionStore<Data>> {
  return createSessionStore<Data>({
    engine: await engineAt(store),
    clock: clockAhead(aheadMs),
    sweep: false,
    timeout: '20s',
    atEnd: archiveTo<Data>(postgres({ pool }), { select: ({ data }) => data }),
  })
}

async function makeSessions(sessions: SessionStore<Data>, round: number): Promise<Made> {
  const made = new Map<string, { readonly reason: string; readonly count: number }>()
  for (let index = 0; index < SESSIONS_A_ROUND; index += 1) {
    const count = round * SESSIONS_A_ROUND + index
    const data = index === 5 ? { count, poison: true as const } : { count }
    const { token, session } = await sessions.create({ userId: `u_${count % 7}`, data })
    const isLoggedOut = index % 2 === 1
    if (isLoggedOut) await sessions.revoke(token)
    made.set(session.id, { reason: isLoggedOut ? 'logout' : 'idle', count })
  }
  return made
}

function stepsOf(engine: keyof typeof KILLS): Step[] {
  const stride = KILLS[engine] < STEPS.length ? 2 : 1
  const steps = Array.from({ length: KILLS[engine] }, (_, round) => STEPS[(round * stride) % STEPS.length])
  return steps.filter((step) => step !== undefined)
}

interface Outcome {
  readonly made: Made
  readonly kills: number
  readonly rows: ReadonlyMap<string, { readonly reason: string; readonly count: number }>
  readonly letters: readonly string[]
  /** Sessions that came twice, where nothing keeps them from it. */
  readonly twice: readonly string[]
}

/** Kills one settler after the other, then lets one live. */
async function killOften(
  store: string,
  name: string,
  mode: Errand['mode'],
  steps: readonly Step[],
): Promise<Outcome> {
  const { url, pool } = await database(name)
  const made = new Map<string, { readonly reason: string; readonly count: number }>()
  let killed = 0
  for (const [round, step] of steps.entries()) {
    const sessions = await shop(store, pool, round * ROUND_MS)
    for (const [id, session] of await makeSessions(sessions, round)) made.set(id, session)
    await sessions.close()
    killed += await settlerRuns({ store, database: url, aheadMs: (round + 1) * ROUND_MS, dies: step, mode })
  }
  const last = { store, database: url, aheadMs: (steps.length + 2) * ROUND_MS, dies: null, mode }
  await settlerRuns(last)
  await settlerRuns({ ...last, aheadMs: last.aheadMs + ROUND_MS })
  const sessions = await shop(store, pool, last.aheadMs + ROUND_MS)
  const letters = (await sessions.archive.deadLetters()).map(({ id }) => id)
  await sessions.close()
  const outcome = { made, kills: killed, rows: await rowsIn(pool), letters, twice: await twiceIn(pool) }
  await pool.end()
  return outcome
}

/** 1 when it died on the way. */
async function settlerRuns(errand: Errand): Promise<number> {
  const child = children.start('../../archive/postgres/settler-child', JSON.stringify(errand))
  await child.gone
  expect(child.told).toEqual([])
  return child.wasKilled ? 1 : 0
}

async function rowsIn(pool: pg.Pool): Promise<Outcome['rows']> {
  const { rows } = await pool.query('SELECT session_id, reason, data FROM sojourn.ended_sessions')
  return new Map(rows.map(({ session_id, reason, data }) => [session_id, { reason, count: data.count }]))
}

async function twiceIn(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query('SELECT id FROM twice GROUP BY id HAVING count(*) > 1')
  return rows.map(({ id }) => id)
}

function poisoned(made: Made): string[] {
  return [...made].filter(([, { count }]) => count % SESSIONS_A_ROUND === 5).map(([id]) => id)
}

describe('kill -9 of the settler at every step', { timeout: 30_000 + 4_000 * KILLS.lmdb }, () => {
  test.concurrent.each(['lmdb', 'redis'] as const)(
    'T110: over %s every session that ended is archived exactly once, and none is lost',
    async (engine) => {
      const directory = await mkdtemp(join(tmpdir(), 'sojourn-settler-'))
      const store = engine === 'lmdb' ? `lmdb:${join(directory, 'store')}` : urlOf(redisServer)
      const { made, kills, rows, letters } = await killOften(
        store,
        `kill_${engine}`,
        'honest',
        stepsOf(engine),
      )
      await rm(directory, { recursive: true })
      expect(kills).toBe(KILLS[engine])
      const bad = poisoned(made)
      expect(new Set(letters)).toEqual(new Set(bad))
      expect(letters).toHaveLength(bad.length)
      expect(rows).toEqual(new Map([...made].filter(([id]) => !bad.includes(id))))
    },
  )

  test('catches an archive that takes a session for stored before it is', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sojourn-settler-'))
    const { made, rows } = await killOften(`lmdb:${join(directory, 'store')}`, 'kill_hasty', 'hasty', [
      { at: 'settle', stage: 'after' },
    ])
    await rm(directory, { recursive: true })
    expect(rows.size).toBeLessThan(made.size - poisoned(made).length)
  })

  test('catches a destination that writes what is there once more', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sojourn-settler-'))
    const store = `lmdb:${join(directory, 'store')}`
    const { twice } = await killOften(store, 'kill_forgetful', 'forgetful', [{ at: 'write', stage: 'after' }])
    await rm(directory, { recursive: true })
    expect(twice).not.toEqual([])
  })
})

function urlOf({ host, port }: RedisServer): string {
  return `redis://${host}:${port}`
}
