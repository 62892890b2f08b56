import pg from 'pg'
import { until } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  altered,
  ended,
  freshSchema,
  HOUR,
  NOW,
  openArchive,
  PLACES,
  type Place,
  poolOf,
} from './places.test-support.ts'
import type { PostgresPool } from './pool.ts'
import { postgres } from './postgres.ts'

const LIMIT_MS = 10_000
const MONTH_MS = 31 * 86_400_000
let place: Place
beforeAll(async () => {
  place = await PLACES.postgres()
})
afterAll(() => place.close())

async function countOf(sql: string): Promise<number> {
  const { rows } = await place.pool.query(`SELECT count(*)::int AS count FROM ${sql}`)
  return Number(Reflect.get(Object(rows[0]), 'count'))
}

async function stateOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'done',
    (error: unknown) => error,
  )
}

describe('migrate', () => {
  test.each(['read\\ committed', 'serializable'])('runs in many processes at once: %s', async (isolation) => {
    const { url } = place
    const schema = freshSchema()
    const pools = Array.from({ length: 6 }, () =>
      poolOf(url, { options: `-c default_transaction_isolation=${isolation}` }),
    )
    const migrations = pools.map((pool) =>
      postgres({ pool, schema, checkpoints: true, partitions: 'month' }).migrate(),
    )
    expect(await Promise.all(migrations.map(stateOf))).toEqual(pools.map(() => 'done'))
    await Promise.all(pools.map((pool) => pool.end()))
    expect(await countOf(`"${schema}".sojourn_migrations`)).toBe(2)
  })

  /** What becomes of a migration while the same one runs elsewhere and is not done. */
  async function secondOf(through: (pool: PostgresPool) => PostgresPool): Promise<unknown> {
    const { url } = place
    const schema = freshSchema()
    const [sql = ''] = postgres({ pool: place.pool, schema }).migrations()
    const client = new pg.Client(url)
    await client.connect()
    await client.query('BEGIN')
    await through(client).query(sql)
    const second = stateOf(
      through(place.pool)
        .query(sql)
        .then(() => null),
    )
    const waits = async () =>
      (await countOf("pg_stat_activity WHERE wait_event_type = 'Lock'")) > 0 ? true : null
    await until('the second one waits', waits, LIMIT_MS)
    await client.query('COMMIT')
    await client.end()
    return second
  }

  test('waits for another one, and finds its work done', async () => {
    expect(await secondOf((pool) => pool)).toBe('done')
  })

  test('that takes no lock stumbles over what the other one makes', async () => {
    const hasty = (pool: PostgresPool) => altered(pool, 'PERFORM pg_advisory_xact_lock', '-- ')
    expect(await secondOf(hasty)).toMatchObject({ code: '23505' })
  })

  test('is whole or not at all', async () => {
    const schema = freshSchema()
    const broken = altered(place.pool, 'CREATE INDEX', 'CREATE NONSENSE')
    await expect(postgres({ pool: broken, schema }).migrate()).rejects.toMatchObject({
      code: 'ARCHIVE_UNAVAILABLE',
    })
    expect(await countOf(`pg_namespace WHERE nspname = '${schema}'`)).toBe(0)
  })

  test('runs what it prints, each by itself', async () => {
    const schema = freshSchema()
    const options = { pool: place.pool, schema, checkpoints: 'open_sessions', partitions: 'month' } as const
    for (const sql of postgres(options).migrations()) await place.pool.query(sql)
    const archive = postgres(options)
    await archive.migrate()
    await archive.write([ended(1)])
    expect(await archive.checkpoints?.({ userId: 'ada' })).toEqual([])
  })

  test('adds the table of checkpoints when they are asked for later, and two archives share a schema', async () => {
    const { archive, schema } = await openArchive(place)
    const { archive: other } = await openArchive(place, { schema, checkpoints: true })
    const { archive: third } = await openArchive(place, { schema, table: 'of_the_shop' })
    await third.write([ended(1)])
    expect(await archive.history({ userId: 'ada' })).toEqual([])
    expect(await other.checkpoints?.({ userId: 'ada' })).toEqual([])
  })

  test('leaves a database of a newer release as it is, and says so', async () => {
    const { archive, schema } = await openArchive(place)
    await place.pool.query(`INSERT INTO "${schema}".sojourn_migrations VALUES ('ended_sessions', 7)`)
    await expect(archive.migrate()).rejects.toMatchObject({
      code: 'ARCHIVE_UNAVAILABLE',
      message: expect.stringMatching(/schema version 7, and this release knows 1: use the newer release/),
    })
  })

  test('does not cut a table that was made whole, and says so', async () => {
    const { schema } = await openArchive(place)
    const monthly = postgres({ pool: place.pool, schema, partitions: 'month' })
    await expect(monthly.migrate()).rejects.toMatchObject({
      message: expect.stringContaining('made without partitions'),
    })
  })
})

test('partitions of coming months are made again and again, and what waited for one moves into it', async () => {
  const { archive, schema } = await openArchive(place, { partitions: 'month' })
  const { rows } = await place.pool.query('SELECT (extract(epoch FROM now()) * 1000)::bigint::text AS at')
  const now = Number(Reflect.get(Object(rows[0]), 'at'))
  const parts = `pg_inherits WHERE inhparent = '"${schema}".ended_sessions'::regclass`
  expect(await countOf(parts)).toBe(5)
  const {
    rows: [last],
  } = await place.pool.query(
    `SELECT inhrelid::regclass::text AS name FROM ${parts} ORDER BY 1 DESC OFFSET 1 LIMIT 1`,
  )
  await place.pool.query(`DROP TABLE ${String(Reflect.get(Object(last), 'name'))}`)
  const many = Array.from({ length: 8 }, (_, index) =>
    ended(index, { endedAt: now + (index * MONTH_MS) / 2 }),
  )
  await archive.write(many)
  const waiting = await countOf(`"${schema}".ended_sessions_default`)
  await archive.migrate()
  expect(await countOf(parts)).toBe(5)
  expect(await countOf(`"${schema}".ended_sessions_default`)).toBeLessThan(waiting)
  expect(await archive.history({ userId: 'ada' })).toHaveLength(8)
})

test('the history of a user, an hour, and what is old are found by an index, in order', async () => {
  const { schema } = await openArchive(place)
  const table = `"${schema}".ended_sessions`
  await place.pool.query(`INSERT INTO ${table} (session_id, user_id, created_at, seen_at, ended_at, reason)
    SELECT md5(n::text), 'user' || n % 200, now(), now(), to_timestamp(${NOW / 1_000} + n * 60), 'idle' FROM generate_series(1, 20000) AS n`)
  await place.pool.query(`ANALYZE ${table}`)
  const explained = async (
    work: (archive: ReturnType<typeof postgres>) => Promise<unknown>,
  ): Promise<string> => {
    const plans: string[] = []
    const explaining = {
      async query(text: string, values: unknown[] = []) {
        const { rows } = await place.pool.query(`EXPLAIN ${text}`, values)
        plans.push(rows.map((row) => Object.values(Object(row))).join('\n'))
        return { rows: [{ count: '0' }] }
      },
    }
    await stateOf(work(postgres({ pool: explaining, schema })))
    return plans.join('\n')
  }
  const history = await explained((archive) => archive.history({ userId: 'user7', limit: 10 }))
  expect(history).toMatch(/Index Scan Backward using ended_sessions_user_id_ended_at_session_id_idx/)
  expect(history).not.toMatch(/Sort/)
  const old = await explained((archive) =>
    archive.retain({ olderThan: '1h', now: NOW + 9 * HOUR, batch: 20 }),
  )
  expect(old).toMatch(/Index Scan using ended_sessions_ended_at_idx/)
  expect(old).not.toMatch(/Seq Scan/)
  expect(await explained((archive) => archive.erase('user7'))).not.toMatch(/Seq Scan/)
})
