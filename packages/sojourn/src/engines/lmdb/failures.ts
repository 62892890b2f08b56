import { type ErrorCode, redacted, SessionError } from '../../core/errors.ts'

const READERS_FULL = -30790
/** ENOSPC, EFBIG, EDQUOT of Linux and macOS, MDB_MAP_FULL, MDB_TXN_FULL. */
const NO_ROOM: readonly number[] = [28, 27, 122, 69, -30792, -30788]

/**
 * What lmdb says in words of its own that can hold nothing of ours. Others name the key or the value that was
 * given, so they stay behind (SECURITY T98).
 */
const TEXTS: readonly string[] = [
  'Attempting to initialize mutex',
  'Attempting to open main database file',
  'Attempting to open sync file descriptor',
  'Attempting to setup locks',
  'Attempting to setup locks after open',
  'Attempting to setup shared locks',
  'Can not operate on a closed database',
  'Can not read from a closed database',
  'Can not renew a transaction from a closed database',
  'Can not use read transaction from a closed database',
  'Commit failed (see commitError for details)',
  'Database is closed',
  'Internal buffers have been corrupted',
  'Invalid transaction, it has no address',
  'The database has been closed and you can not transact on it',
  'The environment is already closed.',
]

/** A store that cannot be opened as it is: what, where, and what to do. Nothing was changed. */
export function refused(where: string, what: string, todo: string, cause?: unknown): SessionError {
  return new SessionError('STORE_REFUSED', `lmdb: ${where} ${what}; ${todo}.`, causeOf(cause))
}

/** A directory or file that the operating system would not give us. */
export function openFailure(path: string, error: unknown): SessionError {
  if (error instanceof SessionError) return error
  if (isNoRoom(error)) return full(path, error)
  return refused(path, 'cannot be opened', 'check its rights, and what the cause says', error)
}

/** A failed read. Nothing is known to be wrong with what is stored. */
export function readFailure(error: unknown): SessionError {
  if (error instanceof SessionError) return error
  const isCrowded = numberOf(error) === READERS_FULL
  const why = isCrowded ? 'too many processes have the store open: no reader slot is free' : 'could not read'
  return new SessionError('ENGINE_UNAVAILABLE', `lmdb: ${why}.`, causeOf(error))
}

/**
 * A failed commit. LMDB writes pages first and what makes them count last, so without room nothing has
 * happened; a disk that fails may have done it all the same.
 */
export function commitFailure(path: string, error: unknown, isRoomLeft: boolean): SessionError {
  if (error instanceof SessionError) return error
  if (isNoRoom(error) || !isRoomLeft) return full(path, error)
  const code: ErrorCode = (numberOf(error) ?? 0) > 0 ? 'OUTCOME_UNKNOWN' : 'ENGINE_UNAVAILABLE'
  return new SessionError(code, `lmdb: ${path} could not be written.`, causeOf(error))
}

function full(path: string, error: unknown): SessionError {
  return new SessionError('STORE_FULL', `lmdb: no room on the disk of ${path}.`, causeOf(error))
}

function isNoRoom(error: unknown): boolean {
  const code = numberOf(error)
  return code !== null && NO_ROOM.includes(code)
}

/** lmdb gives numbers: those of the operating system are positive, its own are negative. */
function numberOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  if (error.code === 'ENOSPC') return 28
  return typeof error.code === 'number' ? error.code : null
}

function causeOf(error: unknown): ErrorOptions {
  return error === undefined ? {} : { cause: redacted(error, TEXTS) }
}
