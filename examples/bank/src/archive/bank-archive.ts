import { SessionError } from 'sojourn'
import { type PostgresArchive, type PostgresPool, postgres } from 'sojourn/archive/postgres'
import { z } from 'zod'

/** How long past sessions are kept. A real bank clears up every day, this one at each start. */
const KEPT = '90d'

/** One `DO` block is one transaction, and the lock makes a second bank on the same database wait for the first. */
const MAKE_TABLE = `DO $$ BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('harbour-bank'));
  CREATE SCHEMA IF NOT EXISTS bank;
  CREATE TABLE IF NOT EXISTS bank.taken_drafts (session_id text PRIMARY KEY, taken_at timestamptz NOT NULL);
END $$`
const TAKE = `INSERT INTO bank.taken_drafts (session_id, taken_at) VALUES ($1, $2::timestamptz)
  ON CONFLICT DO NOTHING RETURNING session_id`
const GIVE_BACK = 'DELETE FROM bank.taken_drafts WHERE session_id = $1'
const TAKEN = `SELECT session_id FROM bank.taken_drafts
  WHERE session_id IN (SELECT json_array_elements_text($1::json))`
const CLEAR = `DELETE FROM bank.taken_drafts t
  WHERE NOT EXISTS (SELECT FROM sojourn.ended_sessions s WHERE s.session_id = t.session_id)`

const TakenRows = z.array(z.object({ session_id: z.string() }))

/** A database that was opened, and what closes it. */
export interface Database {
  readonly pool: PostgresPool
  readonly close: () => Promise<unknown>
}

/**
 * The bank's database: sessions that ended, and which of their drafts somebody has dealt with since. Its methods
 * reject with `ARCHIVE_UNAVAILABLE`.
 */
export class BankArchive {
  readonly sessions: PostgresArchive
  readonly #database: Database

  /** Opens the database's tables, and makes them on the first start. */
  static async open(database: Database, now: number): Promise<BankArchive> {
    const archive = new BankArchive(database)
    await archive.sessions.migrate()
    await archive.#query(MAKE_TABLE)
    await archive.sessions.retain({ olderThan: KEPT, now })
    await archive.#query(CLEAR)
    return archive
  }

  constructor(database: Database) {
    this.#database = database
    this.sessions = postgres({ pool: database.pool })
  }

  /** True only for the call that took this session's draft, in whichever process: a draft comes back once. */
  async take(sessionId: string, now: number): Promise<boolean> {
    const rows = await this.#query(TAKE, [sessionId, new Date(now).toISOString()])
    return rows.length > 0
  }

  /** Undoes `take`, when what was taken found no place. */
  async giveBack(sessionId: string): Promise<void> {
    await this.#query(GIVE_BACK, [sessionId])
  }

  /** Those of these sessions whose draft was taken. */
  async taken(sessionIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#query(TAKEN, [JSON.stringify(sessionIds)])
    return new Set(TakenRows.parse(rows).map(({ session_id }) => session_id))
  }

  close(): Promise<unknown> {
    return this.#database.close()
  }

  /** A driver's error may quote what was sent, so it goes on as a cause alone, which no page and no log prints. */
  async #query(sql: string, values?: unknown[]): Promise<readonly unknown[]> {
    try {
      return (await this.#database.pool.query(sql, values)).rows
    } catch (error) {
      throw unavailable(error)
    }
  }
}

function unavailable(cause: unknown): SessionError {
  return new SessionError('ARCHIVE_UNAVAILABLE', 'The table of taken drafts did not answer.', { cause })
}
