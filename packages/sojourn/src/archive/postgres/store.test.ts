import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PostgresServer, startPostgres } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { archiveTo } from '../../core/archive.ts'
import { createSessionStore } from '../../core/create-session-store.ts'
import type { Engine } from '../../core/port.ts'
import type { SessionStore } from '../../core/session-store.ts'
import { TestClock } from '../../core/test-clock.test-support.ts'
import { lmdb } from '../../engines/lmdb/index.ts'
import { memory } from '../../engines/memory/index.ts'
import { freshSchema, poolOf } from './places.test-support.ts'
import type { PostgresPool } from './pool.ts'
import { postgres } from './postgres.ts'

const MINUTE = 60_000
const AFTER_A_LEASE = 2 * MINUTE
type Data = Record<string, string | bigint | Date>

let server: PostgresServer
let pool: ReturnType<typeof poolOf>
beforeAll(async () => {
  server = await startPostgres({ config: { fsync: 'off' } })
  pool = poolOf(server.url)
})
afterAll(async () => {
  await pool.end()
  await server.stop()
})

interface Scene extends AsyncDisposable {
  readonly store: SessionStore<Data>
  readonly clock: TestClock
  readonly schema: string
  /** Settles all that is due by now. */
  settle(): Promise<void>
  /** What is in the table. */
  rows(): Promise<{ readonly session_id: string; readonly reason: string; readonly data: unknown }[]>
}

interface Setting {
  readonly engine?: Engine | Promise<Engine>
  readonly destination?: PostgresPool
  readonly migrate?: boolean
}

/** A store over an engine, whose sessions end in a schema of their own. */
async function scene({
  engine = memory(),
  destination = pool,
  migrate = true,
}: Setting = {}): Promise<Scene> {
  const schema = freshSchema()
  const archive = postgres({ pool: destination, schema })
  if (migrate) await archive.migrate()
  const clock = new TestClock()
  const store = await createSessionStore<Data>({
    engine,
    clock,
    sweep: false,
    atEnd: archiveTo<Data>(archive, { select: ({ data }) => data }),
  })
  return {
    store,
    clock,
    schema,
    async settle() {
      clock.advance(AFTER_A_LEASE)
      while ((await store.sweep()) > 0);
    },
    async rows() {
      return (await pool.query(`SELECT session_id, reason, data FROM ${schema}.ended_sessions`)).rows
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
}

async function ended(store: SessionStore<Data>, data: Data): Promise<string> {
  const { token, session } = await store.create({ userId: 'ada', data })
  await store.revoke(token)
  return session.id
}

describe('a store that archives into Postgres', () => {
  test('tells what has ended, with its dates and bigints', async () => {
    await using place = await scene()
    const data = { at: new Date(5), cents: 2n ** 60n, note: 'x'.repeat(31 * 1_024) }
    const id = await ended(place.store, data)
    await place.settle()
    expect(await place.store.archive.history({ userId: 'ada' })).toMatchObject([
      { id, reason: 'logout', data },
    ])
    expect(await place.store.archive.history({ userId: 'bob' })).toEqual([])
  })

  test.each([
    ['U+0000, which jsonb refuses', 'a\0b', 'data.note holds U+0000'],
    ['half of a surrogate pair', '\ud800', 'data.note is not well-formed'],
  ])('T106: %s is refused when it is written, not when it ends', async (_name, note, why) => {
    await using place = await scene()
    const { token } = await place.store.create()
    const update = place.store.update(token, (draft) => Object.assign(draft, { note }))
    await expect(update).rejects.toMatchObject({
      code: 'DATA_REFUSED',
      message: expect.stringContaining(why),
    })
  })

  test('T110: with the database down for the whole run, endings answer at once and all is archived after', async () => {
    const down = await startPostgres({ config: { fsync: 'off' } })
    const other = poolOf(down.url)
    const directory = await mkdtemp(join(tmpdir(), 'sojourn-down-'))
    const place = await scene({ engine: lmdb({ path: join(directory, 'store') }), destination: other })
    await down.shutDown()
    const ids = new Set<string>()
    for (let count = 0; count < 60; count += 1) ids.add(await ended(place.store, { count: String(count) }))
    for (let count = 0; count < 60; count += 1) ids.add((await place.store.create()).session.id)
    place.clock.advance(31 * MINUTE)
    for (let round = 0; round < 5; round += 1) await place.settle()
    expect(place.store.archive.status().outage).toMatchObject({ code: 'ARCHIVE_UNAVAILABLE' })
    expect(place.store.archive.status().lagMs).toBeGreaterThan(31 * MINUTE)
    expect(await place.store.archive.deadLetters()).toEqual([])
    await down.restart()
    for (let round = 0; round < 3; round += 1) await place.settle()
    const { rows } = await other.query(`SELECT session_id FROM ${place.schema}.ended_sessions`)
    expect(new Set(rows.map(({ session_id }) => session_id))).toEqual(ids)
    expect(place.store.archive.status().outage).toBeNull()
    await place.store.close()
    await other.end()
    await down.stop()
    await rm(directory, { recursive: true })
  })

  test('a table that is not there yet, or lacks a column, is waited for', async () => {
    await using place = await scene({ migrate: false })
    const first = await ended(place.store, {})
    await place.settle()
    expect(place.store.archive.status().outage?.message).toContain('migrate')
    await postgres({ pool, schema: place.schema }).migrate()
    await place.settle()
    await pool.query(`ALTER TABLE ${place.schema}.ended_sessions RENAME COLUMN reason TO why`)
    const second = await ended(place.store, {})
    await place.settle()
    expect(place.store.archive.status().outage?.message).toContain('migrate')
    await pool.query(`ALTER TABLE ${place.schema}.ended_sessions RENAME COLUMN why TO reason`)
    await place.settle()
    expect((await place.rows()).map(({ session_id }) => session_id).sort()).toEqual([first, second].sort())
    expect(await place.store.archive.deadLetters()).toEqual([])
  })

  test('T106, T107: a row that a constraint refuses becomes a dead letter without its data, and stops nobody', async () => {
    await using place = await scene()
    await pool.query(
      `ALTER TABLE ${place.schema}.ended_sessions ADD CONSTRAINT short CHECK (length(data ->> 'note') < 9)`,
    )
    const ids = await Promise.all(
      ['fine', 'much too long a note', 'fine too'].map((note) => ended(place.store, { note })),
    )
    await place.settle()
    const [letter] = await place.store.archive.deadLetters()
    expect(letter).toMatchObject({ id: ids[1], error: { message: expect.stringContaining('short') } })
    expect(JSON.stringify(letter)).not.toContain('too long')
    expect(await place.rows()).toHaveLength(2)
    await pool.query(`ALTER TABLE ${place.schema}.ended_sessions DROP CONSTRAINT short`)
    expect(await place.store.archive.retry(letter?.id ?? '')).toBe(true)
    expect(await place.rows()).toHaveLength(3)
  })

  test('ten thousand sessions that expire in the same second are all archived', async () => {
    await using place = await scene()
    const ids = new Set<string>()
    for (let made = 0; made < 10_000; made += 500) {
      const issued = await Promise.all(
        Array.from({ length: 500 }, (_, index) => place.store.create({ data: { n: String(made + index) } })),
      )
      for (const { session } of issued) ids.add(session.id)
    }
    place.clock.advance(30 * MINUTE)
    await place.settle()
    const rows = await place.rows()
    expect(rows).toHaveLength(10_000)
    expect(new Set(rows.map(({ session_id }) => session_id))).toEqual(ids)
    expect(new Set(rows.map(({ data }) => JSON.stringify(data))).size).toBe(10_000)
    expect(place.store.archive.status().lagMs).toBe(0)
  })

  test('T111, T150: a user is erased from the table too', async () => {
    await using place = await scene()
    await ended(place.store, { note: 'x' })
    await place.settle()
    const erased = place.store.eraseUser('ada')
    // The second look follows when what was on its way has arrived.
    const moving = setInterval(() => place.clock.advance(1_000), 5)
    expect(await erased).toEqual({ ended: 0, deadLetters: 0, archived: 1 })
    clearInterval(moving)
    expect(await place.rows()).toEqual([])
  })
})
