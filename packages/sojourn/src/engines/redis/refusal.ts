import { SessionError } from '../../core/errors.ts'

/** A wrong option, said with the engine's name. */
export function refusal(why: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `redis: ${why}.`)
}
