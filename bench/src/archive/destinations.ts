import type { ArchiveDestination, ArchiveFunction, EndedSession } from 'sojourn'
import { postgres } from 'sojourn/archive/postgres'

/** What a destination holds, to see whether it got all. */
interface Held {
  readonly sessions: number
  readonly withData: number
}

export interface OpenDestination {
  readonly destination: ArchiveDestination | ArchiveFunction
  readonly held: () => Promise<Held>
  readonly close: () => Promise<void>
}

interface DestinationEntry {
  readonly title: string
  readonly open: (postgresUrl: string, schema: string) => Promise<OpenDestination>
}

export const DESTINATIONS = {
  function: { title: 'a function', open: async () => intoFunction() },
  postgres: { title: 'Postgres', open: (url, schema) => intoServer(url, schema, '') },
  'postgres-async': {
    title: 'Postgres, synchronous_commit off',
    open: (url, schema) => intoServer(url, schema, '-c synchronous_commit=off'),
  },
  pglite: { title: 'PGlite in memory', open: (_url, schema) => intoPGlite(schema) },
} as const satisfies Record<string, DestinationEntry>

export type DestinationName = keyof typeof DESTINATIONS
export const DESTINATION_NAMES = ['function', 'postgres', 'postgres-async', 'pglite'] as const

function intoFunction(): OpenDestination {
  const held = { sessions: 0, withData: 0 }
  const destination = async (batch: readonly EndedSession[]): Promise<void> => {
    held.sessions += batch.length
    held.withData += batch.filter(({ json }) => json !== null).length
  }
  return { destination, held: async () => held, close: async () => undefined }
}

/** The pool of an application, with a setting for its connections. */
async function intoServer(url: string, schema: string, options: string): Promise<OpenDestination> {
  // Loaded by those that need it: both take a while.
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: url, max: 4, ...(options === '' ? {} : { options }) })
  pool.on('error', (error) => console.error(error))
  return { ...(await intoPool(pool, schema)), close: () => pool.end() }
}

async function intoPGlite(schema: string): Promise<OpenDestination> {
  const { PGlite } = await import('@electric-sql/pglite')
  const pool = await PGlite.create()
  return { ...(await intoPool(pool, schema)), close: () => pool.close() }
}

async function intoPool(pool: Parameters<typeof postgres>[0]['pool'], schema: string) {
  const destination = postgres({ pool, schema })
  await destination.migrate()
  const count = `SELECT count(*)::text AS sessions, count(data)::text AS data FROM "${schema}".ended_sessions`
  const held = async (): Promise<Held> => {
    const [row] = (await pool.query(count)).rows
    return { sessions: numberIn(row, 'sessions'), withData: numberIn(row, 'data') }
  }
  return { destination, held }
}

function numberIn(row: unknown, column: string): number {
  return Number(typeof row === 'object' && row !== null ? Reflect.get(row, column) : Number.NaN)
}
