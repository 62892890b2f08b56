import { SessionError } from '../../core/errors.ts'

/** Why it is not known that everything was heard. */
export function gap(why: string): SessionError {
  return new SessionError('ENGINE_UNAVAILABLE', `redis: ${why}`)
}
