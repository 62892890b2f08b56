import { inspect } from 'node:util'
import pg from 'pg'
import { type PostgresServer, startPostgres, until } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EndedSession } from '../../core/archive.ts'
import { failureOf } from './failures.ts'
import { ended, idOf, openArchive, poolOf, withData } from './places.test-support.ts'
import type { PostgresPool } from './pool.ts'
import type { PostgresArchive } from './postgres-archive.ts'

const LIMIT_MS = 10_000
const SMALL_DISK_BYTES = 2_000_000
const MARK = 'MARK-4111-1111'
const marked = (number: number, fields: Partial<EndedSession> = {}) =>
  withData(number, { card: MARK }, { userId: MARK, ...fields })
/** As JSON text only a library that is not ours would hand it over: `toPlainForm` refuses both (T106). */
const POISON: Readonly<Record<string, Partial<EndedSession>>> = {
  'an escaped NUL': { json: `{"card":"${MARK}\\u0000"}` },
  'half a surrogate pair': { json: `{"card":"${MARK}\\ud800"}` },
  'no JSON': { json: `{"card":"${MARK}` },
  'a NUL in the user id': { userId: `${MARK}\0` },
  'half a surrogate pair in the user id': { userId: `${MARK}\ud800` },
}

let server: PostgresServer
let pool: pg.Pool
let archive: PostgresArchive
let schema: string
beforeAll(async () => {
  server = await startPostgres({ smallDiskBytes: SMALL_DISK_BYTES })
  pool = poolOf(server.url)
  const opened = await openArchive({ pool }, { checkpoints: true })
  archive = opened.archive
  schema = opened.schema
})
afterAll(async () => {
  await pool.end()
  await server.stop()
})

const table = (name = 'ended_sessions') => `"${schema}"."${name}"`

/** An archive on connections with other settings of the server, until the work is done. */
async function withSettings(
  settings: string,
  work: (archive: PostgresArchive, pool: pg.Pool) => Promise<unknown>,
): Promise<void> {
  const other = poolOf(server.url, { options: settings })
  try {
    const opened = await openArchive({ pool }, { schema, checkpoints: true }, other)
    await work(opened.archive, other)
  } finally {
    await other.end()
  }
}

/** A statement of another client, which it takes back in the end. */
async function during(sql: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client(server.url)
  await client.connect()
  try {
    await client.query('BEGIN')
    await client.query(sql)
    await work(client)
  } finally {
    await client.end()
  }
}

async function refusalOf(work: Promise<unknown> | undefined): Promise<unknown> {
  return work?.then(
    () => null,
    (error: unknown) => error,
  )
}

/** Waits until a statement of somebody waits for a lock. */
async function somebodyWaits(): Promise<void> {
  const ask = async () => {
    const { rows } = await pool.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return rows.length > 0 ? true : null
  }
  await until('somebody waits for a lock', ask, LIMIT_MS)
}

function unavailable(words: string | RegExp) {
  return { code: 'ARCHIVE_UNAVAILABLE', message: expect.stringMatching(words) }
}

function refused(words: string | RegExp) {
  return { code: 'ARCHIVE_REFUSED', message: expect.stringMatching(words) }
}

describe('what is at fault itself is refused, and nothing of its batch is stored', () => {
  test.each(Object.entries(POISON))('T106: %s', async (_name, fields) => {
    const poison = ended(1, { userId: MARK, ...fields })
    await expect(archive.write([marked(2), poison])).rejects.toMatchObject(refused(/\(22[P0-9]+ [a-z_]+\)/))
    expect(await archive.history({ userId: MARK })).toEqual([])
  })

  test('T106: the same of a checkpoint', async () => {
    const { endedAt: _endedAt, reason: _reason, ...rest } = ended(1, { json: '"\\u0000"' })
    const poison = archive.checkpoint?.([{ ...rest, version: 1, expiresAt: 1 }])
    await expect(poison).rejects.toMatchObject(refused('22P05'))
  })

  test('a check of the application’s own, by its name', async () => {
    await pool.query(`ALTER TABLE ${table()} ADD CONSTRAINT only_ada CHECK (user_id = 'ada')`)
    const sending = archive.write([ended(1, { userId: 'bob' })])
    await expect(sending).rejects.toMatchObject(
      refused(/23514 check_violation, table ended_sessions, constraint only_ada/),
    )
    await pool.query(`ALTER TABLE ${table()} DROP CONSTRAINT only_ada`)
  })
})

test('a unique index of the application’s own, which would drop sessions without a word, is found', async () => {
  await pool.query(`CREATE UNIQUE INDEX one_per_user ON ${table()} (user_id)`)
  await archive.write([ended(1, { userId: 'cleo' })]).catch(() => undefined)
  const second = archive.write([ended(2, { userId: 'cleo' })])
  await expect(second).rejects.toMatchObject(unavailable('unique index one_per_user'))
  await pool.query(
    `DROP INDEX "${schema}".one_per_user; CREATE UNIQUE INDEX harmless ON ${table()} (session_id, reason)`,
  )
  await archive.write([ended(2, { userId: 'cleo' })])
  expect(await archive.history({ userId: 'cleo' })).toHaveLength(2)
  await pool.query(`DROP INDEX "${schema}".harmless`)
})

describe('what the database is at fault for waits', () => {
  test('a table is missing, or a column is', async () => {
    await pool.query(`ALTER TABLE ${table()} RENAME TO gone`)
    await expect(archive.write([marked(1)])).rejects.toMatchObject(
      unavailable(/run migrate\(\).*42P01 undefined_table/),
    )
    await pool.query(`ALTER TABLE "${schema}".gone RENAME TO ended_sessions`)
    await pool.query(`ALTER TABLE ${table()} RENAME COLUMN reason TO why`)
    await expect(archive.write([marked(1)])).rejects.toMatchObject(
      unavailable(/run migrate\(\).*42703 undefined_column/),
    )
    await pool.query(`ALTER TABLE ${table()} RENAME COLUMN why TO reason`)
  })

  test('the server is read-only', async () => {
    await withSettings('-c default_transaction_read_only=on', async (readOnly) => {
      await expect(readOnly.write([marked(1)])).rejects.toMatchObject(
        unavailable('25006 read_only_sql_transaction'),
      )
      await expect(readOnly.erase('ada')).rejects.toMatchObject(unavailable('25006'))
      expect(await readOnly.history({ userId: 'nobody' })).toEqual([])
    })
  })

  test('a statement takes too long', async () => {
    await during(`LOCK TABLE ${table()}`, () =>
      withSettings('-c statement_timeout=50', async (hasty) => {
        await expect(hasty.write([marked(1)])).rejects.toMatchObject(unavailable('57014 query_canceled'))
      }),
    )
  })

  test('the disk is full, and when there is room again it goes on', async () => {
    await pool.query(`CREATE TABLESPACE small LOCATION '${server.smallDisk}'`)
    await pool.query(`ALTER TABLE ${table()} SET TABLESPACE small`)
    await pool.query(`CREATE TABLE filler TABLESPACE small AS SELECT 1 AS one`)
    const fill = 'INSERT INTO filler SELECT generate_series(1, 10000)'
    const full = await refusalOf(
      (async () => {
        for (;;) await pool.query(fill)
      })(),
    )
    expect(full).toMatchObject({ code: '53100' })
    const large = marked(1, { json: JSON.stringify(Array.from({ length: 3_000 }, () => Math.random())) })
    const many = Array.from({ length: 40 }, (_, index) => ({ ...large, id: idOf(1_000 + index) }))
    await expect(archive.write(many)).rejects.toMatchObject(unavailable('53100 disk_full'))
    await pool.query('DROP TABLE filler')
    await archive.write(many)
    expect(await archive.erase(MARK)).toBe(40)
    await pool.query(`ALTER TABLE ${table()} SET TABLESPACE pg_default`)
  })

  test('no partition takes the session', async () => {
    const { archive: monthly, schema: other } = await openArchive({ pool }, { partitions: 'month' })
    await pool.query(`DROP TABLE "${other}".ended_sessions_default`)
    await expect(monthly.write([ended(1, { endedAt: 5 })])).rejects.toMatchObject(
      unavailable('default partition'),
    )
  })

  test('a log-in is refused, or a database does not exist', async () => {
    const [stranger, nowhere] = ['postgres://stranger@', 'postgres://sojourn@'].map((start, index) =>
      poolOf(
        server.url
          .replace('postgres://sojourn@', start)
          .replace(/postgres$/, index === 1 ? 'nowhere' : 'postgres'),
      ),
    )
    for (const [other, words] of [
      [stranger, '28000'],
      [nowhere, '3D000'],
    ] as const) {
      if (other === undefined) throw new Error('no pool')
      const opened = await openArchive({ pool }, { schema, checkpoints: true }, other)
      await expect(opened.archive.write([marked(1)])).rejects.toMatchObject(unavailable(words))
      await other.end()
    }
  })
})

describe('a transaction that is in the way', () => {
  const insert = (number: number) =>
    `INSERT INTO ${table()} (session_id, created_at, seen_at, ended_at, reason) VALUES ('${idOf(number)}', now(), now(), now(), 'idle')`

  /** Under repeatable read, a session that somebody else has just stored is a serialization failure. */
  async function raced(write: (archive: PostgresArchive, pool: pg.Pool) => Promise<unknown>, number: number) {
    let outcome: unknown = null
    await withSettings('-c default_transaction_isolation=repeatable\\ read', async (strict, strictPool) => {
      await during(insert(number), async (client) => {
        const writing = refusalOf(write(strict, strictPool))
        await somebodyWaits()
        await client.query('COMMIT')
        outcome = await writing
      })
    })
    return outcome
  }

  test('is met again at once, and then all is well', async () => {
    expect(await raced((strict) => strict.write([ended(500), ended(501)]), 500)).toBeNull()
    const { rows } = await pool.query(
      `SELECT FROM ${table()} WHERE session_id IN ('${idOf(500)}', '${idOf(501)}')`,
    )
    expect(rows).toHaveLength(2)
  })

  test('is a failure for who does not try again', async () => {
    const once = (_archive: PostgresArchive, strict: pg.Pool) =>
      strict.query(`${insert(502)} ON CONFLICT DO NOTHING`)
    expect(await raced(once, 502)).toMatchObject({ code: '40001' })
  })

  test('that stays in the way is given up after three times', async () => {
    let calls = 0
    const busy: PostgresPool = {
      query() {
        calls += 1
        return Promise.reject(Object.assign(new Error('deadlock'), { code: '40P01' }))
      },
    }
    const opened = await openArchive({ pool }, { schema, checkpoints: true }, busy)
    await expect(opened.archive.write([ended(1)])).rejects.toMatchObject(
      unavailable('40P01 deadlock_detected'),
    )
    expect(calls).toBe(3)
  })
})

describe('of an error only forms go on that hold nothing', () => {
  /** All that can be seen of it, causes and hidden fields too. */
  const shown = (error: unknown) => inspect(error, { depth: 9, showHidden: true })

  /** Errors of the server that quote what was sent, each as the driver gives it. */
  async function quoting(): Promise<unknown[]> {
    const raw: unknown[] = []
    const listening: PostgresPool = {
      async query(text, values) {
        try {
          return await pool.query(text, values)
        } catch (error) {
          raw.push(error)
          throw error
        }
      },
    }
    const opened = await openArchive({ pool }, { schema, checkpoints: true }, listening)
    await pool.query(
      `ALTER TABLE ${table()} ADD CONSTRAINT "${MARK} odd name" CHECK (user_id IS NULL) NOT VALID`,
    )
    for (const fields of [...Object.values(POISON), {}]) {
      const error = await refusalOf(opened.archive.write([marked(1, fields)]))
      expect(error).toMatchObject({ name: 'SessionError' })
      expect(shown(error)).not.toContain(MARK)
    }
    await pool.query(`ALTER TABLE ${table()} DROP CONSTRAINT "${MARK} odd name"`)
    return raw
  }

  test('T107: the server quotes data, and the error that goes on does not', async () => {
    const raw = await quoting()
    expect(raw).toHaveLength(6)
    // Who let the driver's error through would be caught by the same look.
    expect(raw.filter((error) => shown(error).includes(MARK)).length).toBeGreaterThanOrEqual(4)
    for (const error of raw) expect(shown(failureOf(error))).not.toContain(MARK)
  })
})
