import { chmod, mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArchivePlace } from '../command-line.ts'
import { prepareDirectory } from '../data-directory.ts'
import { aboutPostgres } from '../start-failure.ts'
import { BankArchive, type Database } from './bank-archive.ts'

/** A page waits this long for a server that does not answer, and then goes on without it. */
const CONNECT_LIMIT_MS = 2_000
const ANSWER_LIMIT_MS = 5_000
const CONNECTIONS = 5

export interface ArchiveSettings {
  /** The data directory. */
  readonly directory: string
  readonly place: ArchivePlace
  readonly now: number
}

/** The database in which sessions are kept when they have ended; null where they are forgotten. */
export async function openArchive({ directory, place, now }: ArchiveSettings): Promise<BankArchive | null> {
  if (place === 'none') return null
  if (place === 'embedded') return openWith(await embedded(join(directory, 'archive')), now)
  return openWith(await server(place.url), now).catch((error) => {
    throw aboutPostgres(error, place)
  })
}

async function openWith(database: Database, now: number): Promise<BankArchive> {
  try {
    return await BankArchive.open(database, now)
  } catch (error) {
    await database.close()
    throw error
  }
}

/**
 * PGlite: Postgres as WebAssembly inside this process, with its files in a directory. No server to run; and only one
 * process may have it open, which is what the lock on the data directory is for.
 */
async function embedded(path: string): Promise<Database> {
  if (!(await isThere(path))) await make(path)
  await prepareDirectory(path)
  // PGlite would make a new database over what is left of this one.
  if (!(await isThere(join(path, 'PG_VERSION')))) throw damaged(path)
  const pool = await openPglite(path).catch((cause) => {
    throw damaged(path, cause)
  })
  return { pool, close: () => pool.close() }
}

/** Making it takes seconds. It gets its name only when it is complete, so that whoever interrupts it finds no half one. */
async function make(path: string): Promise<void> {
  console.log('The first start makes a database for past sessions. That takes some seconds.')
  const unfinished = `${path}.new`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o700 })
  await (await openPglite(unfinished)).close()
  await chmod(unfinished, 0o700)
  await rename(unfinished, path)
}

/** Loaded only where it is needed: its code is large. */
async function openPglite(path: string) {
  const { PGlite } = await import('@electric-sql/pglite')
  return PGlite.create(path)
}

async function server(url: string): Promise<Database> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: ANSWER_LIMIT_MS,
    max: CONNECTIONS,
  })
  // A connection that breaks while nobody uses it. The next query opens another one.
  pool.on('error', () => undefined)
  return { pool, close: () => pool.end() }
}

async function isThere(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  })
  return found !== null
}

function damaged(path: string, cause?: unknown): Error {
  return new Error(`${path} is not a database of this bank, or it is damaged. It was left as it is.`, {
    cause,
  })
}
