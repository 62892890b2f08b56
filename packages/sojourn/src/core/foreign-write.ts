import { SessionError } from './errors.ts'
import type { JsonObject } from './foreign-data.ts'
import { applyChanges, type Changes, isFields, replaceAll } from './foreign-merge.ts'
import type { CheckedForeign } from './foreign-options.ts'
import { withoutMessage } from './schema.ts'
import { checkUserId } from './user-id.ts'

/** What a write lays over the data that is stored. */
export interface Lay {
  readonly data: JsonObject
  /** Null: the data as a whole. */
  readonly changes: Changes | null
}

/** Thrown by a recipe whose result belongs to another user than the session: nothing is written then. */
export class UserChanged extends Error {
  override readonly name = 'UserChanged'
}

/** Lays a write over a draft; how many changes of others it overwrote. @throws SessionError `RECORD_UNREADABLE` */
export function laidOver(draft: unknown, { data, changes }: Lay): number {
  const fields = fieldsIn(draft)
  if (changes !== null) return applyChanges(fields, changes)
  replaceAll(fields, data)
  return 0
}

/** @throws SessionError `RECORD_UNREADABLE` for data that no drop-in store wrote */
export function fieldsIn(draft: unknown): Record<string, unknown> {
  if (isFields(draft)) return draft
  throw new SessionError('RECORD_UNREADABLE', 'Its data has no fields.')
}

/**
 * Whose data it is, as the application says; null for nobody's.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function asUser(
  userId: CheckedForeign['userId'],
  data: Readonly<Record<string, unknown>>,
): string | null {
  const user = userId === null ? null : (userOf(userId, data) ?? null)
  return user === null ? null : checkUserId(user)
}

function userOf(
  userId: NonNullable<CheckedForeign['userId']>,
  data: Readonly<Record<string, unknown>>,
): string | null | undefined {
  try {
    return userId(data)
  } catch (error) {
    throw notAsked(error)
  }
}

function notAsked(error: unknown): SessionError {
  return new SessionError('INVALID_ARGUMENT', 'userId threw.', { cause: withoutMessage(error) })
}
