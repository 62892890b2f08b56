import { type StoreContext, userKeyOf } from './context.ts'
import type { SessionRecord } from './port.ts'
import { checkUserId } from './user-id.ts'

type Uses = Pick<StoreContext<unknown>, 'engine' | 'records' | 'clock' | 'bucketKey'>

/** A user's live sessions as they are stored, the oldest first. @throws SessionError `INVALID_ARGUMENT` */
export async function liveRecordsOf(context: Uses, userId: string): Promise<SessionRecord[]> {
  await context.records.refresh()
  const user = userKeyOf(context, checkUserId(userId))
  const records = await context.engine.list(user, context.clock.now())
  return records.filter((record) => record.userId === userId && !context.records.isCutOff(record))
}
