import { SessionError } from '../../core/errors.ts'
import type { PostgresPool } from './pool.ts'

export interface PostgresOptions {
  /** A pool of `pg`, or a PGlite. It stays yours to close. */
  readonly pool: PostgresPool
  /** `sojourn`. */
  readonly schema?: string
  /** Where ended sessions go. `ended_sessions`. */
  readonly table?: string
  /**
   * Whether it also keeps live sessions, in a table of this name or in `live_sessions`. The writer then needs more
   * rights. False.
   */
  readonly checkpoints?: boolean | string
  /** `month`: the table is cut by the month of `ended_at`, so that an old month can be dropped whole. Left out: it is not. */
  readonly partitions?: 'month'
}

export interface CheckedOptions {
  readonly pool: PostgresPool
  readonly schema: string
  readonly table: string
  /** Null without checkpoints. */
  readonly liveTable: string | null
  readonly isPartitioned: boolean
}

const KNOWN = ['pool', 'schema', 'table', 'checkpoints', 'partitions']
/** What needs no quotes means the same with them, in whatever case somebody types it (SECURITY T104). */
const NAME = /^[a-z_][a-z0-9_]{0,62}$/
const NAME_CHARACTERS = 63
/** What the names of partitions add: `_2026_11`, `_default`. */
const SUFFIX_CHARACTERS = 8
/** Where each table's schema version is noted. */
export const VERSION_TABLE = 'sojourn_migrations'

/** @throws SessionError `INVALID_ARGUMENT` */
export function checkOptions(options: PostgresOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw refusal('the options must be an object')
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name))
  if (unknown !== undefined) throw refusal(`there is no option "${unknown}"`)
  const { pool, schema = 'sojourn', table = 'ended_sessions', checkpoints = false, partitions } = options
  if (typeof pool?.query !== 'function')
    throw refusal('pool must have a query method, as pg.Pool and PGlite do')
  if (partitions !== undefined && partitions !== 'month') throw refusal("partitions is 'month', or left out")
  if (checkpoints !== true && checkpoints !== false && typeof checkpoints !== 'string') {
    throw refusal('checkpoints is true, false, or the name of a table')
  }
  const liveTable = checkpoints === true ? 'live_sessions' : checkpoints === false ? null : checkpoints
  const isPartitioned = partitions === 'month'
  assertNames({ schema, table, liveTable, isPartitioned })
  return { pool, schema, table, liveTable, isPartitioned }
}

function assertNames({ schema, table, liveTable, isPartitioned }: Omit<CheckedOptions, 'pool'>): void {
  const tables = [table, VERSION_TABLE, ...(liveTable === null ? [] : [liveTable])]
  for (const name of [schema, ...tables]) {
    if (typeof name !== 'string' || !NAME.test(name)) {
      throw refusal('names of schema and tables are 1 to 63 of a–z 0–9 _, and begin with no digit')
    }
  }
  if (new Set(tables).size < tables.length) throw refusal('the tables must have different names')
  if (isPartitioned && table.length > NAME_CHARACTERS - SUFFIX_CHARACTERS) {
    throw refusal(
      `with partitions the table's name has at most ${NAME_CHARACTERS - SUFFIX_CHARACTERS} characters`,
    )
  }
}

/** An argument that is not valid. It quotes nothing: whoever passes a password by mistake finds it in no log. */
export function refusal(what: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `postgres: ${what}.`)
}
