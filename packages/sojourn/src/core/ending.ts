import { eventOf, type StoreContext, userKeyOf } from './context.ts'
import { SessionError } from './errors.ts'
import { END_REASONS, type EndReason, type SessionId, type SessionRecord } from './port.ts'

type Ends = Pick<StoreContext<unknown>, 'engine' | 'clock' | 'events'>
type UserEnds = Ends & Pick<StoreContext<unknown>, 'bucketKey'>

/** Ends one session and tells the listeners; true only for the call that ended it. */
export async function endRecord(
  context: Ends,
  record: Pick<SessionRecord, 'id' | 'userId'>,
  reason: EndReason,
): Promise<boolean> {
  const ended = await context.engine.end(record.id, reason, context.clock.now())
  if (ended) context.events.emit('ended', { ...eventOf(context, record), reason })
  return ended
}

/** Ends all of a user's sessions but `except`, in one atomic step; the ids that this call ended. */
export async function endUserSessions(
  context: UserEnds,
  userId: string,
  reason: EndReason,
  except: SessionId | null,
): Promise<readonly SessionId[]> {
  const ids = await context.engine.endUser(userKeyOf(context, userId), reason, context.clock.now(), except)
  for (const id of ids) context.events.emit('ended', { ...eventOf(context, { id, userId }), reason })
  return ids
}

/** For whoever ends a session: what was erased is not archived, so that only `eraseUser` may say it was. */
const SAYABLE: readonly EndReason[] = END_REASONS.filter((reason) => reason !== 'erased')

/** @throws SessionError `INVALID_ARGUMENT` for a word that is no reason to give */
export function checkReason(reason: EndReason): EndReason {
  if (SAYABLE.includes(reason)) return reason
  throw new SessionError('INVALID_ARGUMENT', `reason must be one of ${SAYABLE.join(', ')}.`)
}
