import { SessionError } from '../core/index.ts'
import { RequestSession } from './request-session.ts'

/**
 * Whether what a framework's request holds already is a handle of ours: of several adapters on one path the first counts.
 * @throws SessionError `INVALID_ARGUMENT` where somebody else has put something there
 */
export function isOurs(held: unknown, place: string): held is RequestSession<unknown> {
  if (held instanceof RequestSession) return true
  throw new SessionError('INVALID_ARGUMENT', `Another middleware has set ${place} already.`)
}
