import { redacted, SessionError } from '../../core/errors.ts'
import { conditionOf } from './sqlstates.ts'

/** `refused`: what was sent is at fault, and will be again. `unavailable`: it is not, and waits. */
type Verdict = readonly ['refused' | 'unavailable', string]

const NO_TABLE =
  'a table or column is missing, or is another than this release needs: run migrate() of the newest release'
const NO_ROOM = 'the server has no room left'
const STOPS = 'the server stopped the statement, or is starting or ending'
const CANNOT_CONNECT = 'the connection failed'

/** What an error means for sessions, by the SQLSTATE, or else by its first two characters, the class. */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  '08': ['unavailable', CANNOT_CONNECT],
  '0A': ['unavailable', 'the server cannot do what is asked: Postgres 13 or newer is needed'],
  '21': ['refused', 'the batch holds a session in a way that the server cannot store'],
  '22': ['refused', 'the server cannot store a value'],
  '23': ['refused', 'a constraint of the table does not take the session'],
  '25': ['unavailable', 'the server takes no writes: it is read-only or a replica'],
  '28': ['unavailable', 'the server refused the log-in: check user, password and pg_hba.conf'],
  '3D': ['unavailable', 'the database does not exist'],
  '3F': ['unavailable', NO_TABLE],
  '40': ['unavailable', 'other transactions were in the way again and again'],
  '42': ['unavailable', NO_TABLE],
  '42501': ['unavailable', 'the role lacks a right: see docs/operations/postgres.md'],
  '44': ['refused', 'a view does not take the session'],
  '53': ['unavailable', NO_ROOM],
  '53300': ['unavailable', 'the server has no connection left'],
  '54': ['refused', 'the session exceeds a limit of the server'],
  '55': ['unavailable', 'the table or database is in use, or not in a state for this'],
  '57': ['unavailable', STOPS],
  '57014': ['unavailable', 'the server stopped the statement: it took longer than statement_timeout'],
  '58': ['unavailable', "the server's system failed"],
  F0: ['unavailable', "the server's configuration is at fault"],
  P0: ['refused', 'a trigger of the table does not take the session'],
  XX: ['unavailable', 'the server failed: see its log'],
}
/** A check that has no name is that of partitions: somebody has dropped the default one. */
const NO_PARTITION: Verdict = [
  'unavailable',
  'no partition of the table takes the session: attach a default partition',
]
const UNKNOWN: Verdict = ['unavailable', 'the server refused the statement']
const SILENT: Verdict = ['unavailable', CANNOT_CONNECT]
const MISTAKEN: Verdict = ['refused', 'the driver could not send the session']

const SQLSTATE = /^[0-9A-Z]{5}$/
/** Codes of the operating system look alike, as `EPIPE` does; no class of Postgres begins so. */
const SYSTEM_CODE = /^E[A-Z]/
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/
const NAMES = ['table', 'column', 'constraint'] as const
/** Transactions that stood in each other's way: the same again is right, and mostly works. */
const AGAIN = ['40001', '40P01']
/** Two migrations in transactions that saw the catalogue as it was before. */
const MADE_MEANWHILE = [...AGAIN, '23505', '42P07', '42P06']
const ATTEMPTS = 3

/**
 * Runs what may be run again, up to three times when other transactions were in its way.
 * @throws SessionError `ARCHIVE_UNAVAILABLE`, `ARCHIVE_REFUSED`; neither holds a word of what was sent
 */
export function attempt<T>(work: () => Promise<T>): Promise<T> {
  return attempting(work, AGAIN)
}

/** The same for migrations, which may also find made what they were about to make. */
export function attemptMigration<T>(work: () => Promise<T>): Promise<T> {
  return attempting(work, MADE_MEANWHILE)
}

async function attempting<T>(work: () => Promise<T>, again: readonly string[]): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await work()
    } catch (error) {
      const state = sqlStateOf(error)
      if (count === ATTEMPTS || state === null || !again.includes(state)) throw failureOf(error)
    }
  }
}

/**
 * The error of a driver as one of ours (SECURITY T107). Postgres quotes the beginning of the data in `where`, values in
 * `detail`, and names and values in the message; PGlite adds the parameters. So only the SQLSTATE with its name goes on,
 * and names of tables, columns and constraints that look like ones.
 */
export function failureOf(error: unknown): SessionError {
  if (error instanceof SessionError) return error
  const state = sqlStateOf(error)
  const [verdict, what] = state === null ? withoutState(error) : verdictOf(state, error)
  const told = state === null ? '' : ` (${[conditionOf(state), ...namesIn(error)].join(', ')})`
  const code = verdict === 'refused' ? 'ARCHIVE_REFUSED' : 'ARCHIVE_UNAVAILABLE'
  return new SessionError(code, `postgres: ${what}${told}.`, { cause: redacted(error) })
}

function verdictOf(state: string, error: unknown): Verdict {
  if (state === '23514' && fieldOf(error, 'constraint') === null) return NO_PARTITION
  return VERDICTS[state] ?? VERDICTS[state.slice(0, 2)] ?? UNKNOWN
}

/** A `TypeError` or `RangeError` is the driver's word for a value; all else is a connection that failed. */
function withoutState(error: unknown): Verdict {
  return error instanceof TypeError || error instanceof RangeError ? MISTAKEN : SILENT
}

/** Null for an error that the server did not make. */
function sqlStateOf(error: unknown): string | null {
  const code = fieldOf(error, 'code')
  return code !== null && SQLSTATE.test(code) && !SYSTEM_CODE.test(code) ? code : null
}

function namesIn(error: unknown): readonly string[] {
  return NAMES.flatMap((name) => {
    const value = identifierIn(fieldOf(error, name))
    return value === null ? [] : [`${name} ${value}`]
  })
}

/** A name that needs no quotes; null for any other, which may be somebody's text. */
export function identifierIn(name: string | null): string | null {
  return name !== null && IDENTIFIER.test(name) ? name : null
}

function fieldOf(error: unknown, field: string): string | null {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, field) : null
  return typeof value === 'string' ? value : null
}
