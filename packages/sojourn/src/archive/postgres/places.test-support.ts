import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { startPostgres } from 'sojourn-servers'
import type { EndedSession, LiveSession } from '../../core/archive.ts'
import { jsonFromData } from '../../core/json-form.ts'
import type { PostgresPool } from './pool.ts'
import { postgres } from './postgres.ts'
import type { PostgresArchive } from './postgres-archive.ts'
import type { PostgresOptions } from './postgres-options.ts'

export const NOW = 1_795_000_000_123
export const HOUR = 3_600_000

/** A server, or one that is embedded. */
export interface Place {
  readonly name: string
  readonly pool: PostgresPool
  /** Empty where nobody can connect. */
  readonly url: string
  close(): Promise<void>
}

export const PLACES: Readonly<Record<'postgres' | 'pglite', () => Promise<Place>>> = {
  async postgres() {
    // Nothing is killed here.
    const server = await startPostgres({ config: { fsync: 'off' } })
    const pool = poolOf(server.url)
    const close = async () => {
      await pool.end()
      await server.stop()
    }
    return { name: 'postgres', pool, url: server.url, close }
  },
  async pglite() {
    const pool = await PGlite.create()
    return { name: 'pglite', pool, url: '', close: () => pool.close() }
  },
}

/** A pool whose idle connections may be lost without a word, as an application's must. */
export function poolOf(url: string, settings: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 4, ...settings })
  pool.on('error', () => undefined)
  return pool
}

let schemas = 0

export function freshSchema(): string {
  schemas += 1
  return `test_${schemas}`
}

type Settings = Omit<PostgresOptions, 'pool'>

/** An archive in a schema of its own, migrated by `place`; what it sends goes through `pool`. */
export async function openArchive(
  { pool: plain }: Pick<Place, 'pool'>,
  settings: Settings = {},
  pool: PostgresPool = plain,
): Promise<{ readonly archive: PostgresArchive; readonly schema: string }> {
  const schema = settings.schema ?? freshSchema()
  await postgres({ ...settings, schema, pool: plain }).migrate()
  return { archive: postgres({ ...settings, schema, pool }), schema }
}

export function idOf(number: number): string {
  return String(number).padStart(16, '0')
}

export function ended(number: number, fields: Partial<EndedSession> = {}): EndedSession {
  return {
    id: idOf(number),
    userId: 'ada',
    createdAt: NOW - HOUR,
    seenAt: NOW - 1,
    authenticatedAt: NOW - HOUR,
    endedAt: NOW,
    reason: 'logout',
    data: null,
    json: null,
    ...fields,
  }
}

export function withData(number: number, data: unknown, fields: Partial<EndedSession> = {}): EndedSession {
  return ended(number, { data, json: jsonFromData(data), ...fields })
}

export function live(number: number, version: number, fields: Partial<LiveSession> = {}): LiveSession {
  const { endedAt: _endedAt, reason: _reason, ...rest } = ended(number)
  return { ...rest, version, expiresAt: NOW + HOUR, ...fields }
}

export function numbered(count: number, fields: Partial<EndedSession> = {}): EndedSession[] {
  return Array.from({ length: count }, (_, index) => ended(index, fields))
}

/** Changes the text of each statement that holds `from`; a twin that changes nothing is an error. */
export function altered(
  pool: PostgresPool,
  from: string,
  to: string,
): PostgresPool & { readonly hits: () => number } {
  let hits = 0
  return {
    hits: () => hits,
    query(text, values) {
      if (text.includes(from)) hits += 1
      return pool.query(text.replaceAll(from, to), values)
    },
  }
}

export interface Sent {
  readonly text: string
  readonly values: readonly unknown[]
  readonly rows: readonly unknown[]
}

/** Notes what is sent and answered. */
export function recording(pool: PostgresPool): PostgresPool & { readonly sent: readonly Sent[] } {
  const sent: Sent[] = []
  return {
    sent,
    async query(text, values = []) {
      const result = await pool.query(text, values)
      sent.push({ text, values, rows: result.rows })
      return result
    },
  }
}
