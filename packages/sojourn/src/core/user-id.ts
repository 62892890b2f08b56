import { SessionError } from './errors.ts'

const USER_ID_BYTES = 255
const CONTROL = /\p{Cc}/u

/**
 * Checks the application's key of a user: 1–255 bytes of well-formed UTF-8 without control characters. It is
 * compared byte by byte and never normalised.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function checkUserId(userId: unknown): string {
  if (typeof userId !== 'string') throw refused('must be a string')
  if (!userId.isWellFormed()) throw refused('must be well-formed Unicode')
  if (CONTROL.test(userId)) throw refused('must not hold control characters')
  const bytes = Buffer.byteLength(userId)
  if (bytes < 1 || bytes > USER_ID_BYTES) throw refused(`must have 1 to ${USER_ID_BYTES} bytes, has ${bytes}`)
  return userId
}

function refused(why: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `userId ${why}.`)
}
