import { join } from 'node:path'
import sqliteStore from 'better-sqlite3-session-store'
import session from 'express-session'
import Database from 'libsql'
import type { Contestant } from './contestant.ts'
import { ExpressStore } from './express-store.ts'

/** `DELETE` is what SQLite does by itself; `WAL` is what people switch on for speed. */
export type JournalMode = 'DELETE' | 'WAL'

const FULL = 2

/** A session store on SQLite that acknowledges only what is on the disk. */
export function sqlite(folder: string, mode: JournalMode): Contestant {
  const client = new Database(join(folder, 'sessions.db'))
  client.pragma(`journal_mode = ${mode}`)
  client.pragma('synchronous = FULL')
  assertSetting(client.pragma('journal_mode'), 'journal_mode', mode.toLowerCase())
  assertSetting(client.pragma('synchronous'), 'synchronous', FULL)
  const SqliteStore = sqliteStore(session)
  return new ExpressStore(new SqliteStore({ client }), {
    async fillWithin(work) {
      client.exec('BEGIN')
      await work()
      client.exec('COMMIT')
    },
    close: () => client.close(),
  })
}

/** A pragma that SQLite does not like is ignored without a word. */
function assertSetting(rows: unknown, name: string, expected: unknown): void {
  const [row]: unknown[] = Array.isArray(rows) ? rows : []
  const entries = typeof row === 'object' && row !== null ? Object.entries(row) : []
  if (!entries.some(([key, value]) => key === name && value === expected)) {
    throw new Error(`SQLite did not take ${name} = ${expected}.`)
  }
}
