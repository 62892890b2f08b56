import { SessionError } from './errors.ts'
import type { OldSource } from './old-store.ts'

/** How sessions are kept under ids that a framework made. */
export interface ForeignOptions {
  /** Keeps the ids of several frameworks in one store apart: 1 to 64 letters, digits or `: _ . -`. Never change it. */
  readonly label: string
  /** The user of a session, from its data; nobody by default. When the answer changes, a new session takes its place. */
  readonly userId?: (data: Readonly<Record<string, unknown>>) => string | null | undefined
  /** Whether an id may be used again after its session has ended, because it is a key of the application's. Default false. */
  readonly reusesIds?: boolean
  /**
   * Whether what is written whole lives as long as it is to, counted from then, because it is a value and no log-in.
   * Default false: a session ends at its absolute timeout, whatever is written to it.
   */
  readonly renewsLife?: boolean
  /** Where sessions were before. One whose id is unknown here is fetched from there. */
  readonly migrateFrom?: OldSource
  /** Whether `adopt` exchanges credentials of before. Default false. */
  readonly adopts?: boolean
}

const LABEL = /^[A-Za-z0-9:_.-]{1,64}$/

export type CheckedForeign = ReturnType<typeof checkedForeign>

/** @throws SessionError `INVALID_ARGUMENT` */
export function checkedForeign(options: ForeignOptions) {
  const { label, userId, reusesIds = false, renewsLife = false, migrateFrom, adopts = false } = options
  if (typeof label !== 'string' || !LABEL.test(label)) {
    throw new SessionError('INVALID_ARGUMENT', 'label must be 1 to 64 letters, digits or : _ . -.')
  }
  if (userId !== undefined && typeof userId !== 'function') {
    throw new SessionError('INVALID_ARGUMENT', 'userId must be a function that takes the data of a session.')
  }
  if (migrateFrom !== undefined && typeof Object(migrateFrom.store).read !== 'function') {
    throw new SessionError(
      'INVALID_ARGUMENT',
      'migrateFrom takes an old store, such as connectRedis() of sojourn/migrate makes.',
    )
  }
  return {
    label,
    userId: userId ?? null,
    reusesIds: reusesIds === true,
    renewsLife: renewsLife === true,
    source: migrateFrom ?? null,
    adopts: adopts === true,
  }
}
