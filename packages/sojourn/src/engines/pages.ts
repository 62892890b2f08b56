import { SessionError } from '../core/errors.ts'

/** The most records of a page, whatever is asked for: requests wait behind one. */
const PAGE_CEILING = 500

/** How many records a page may have. @throws SessionError `INVALID_ARGUMENT` */
export function pageSize(limit: number): number {
  if (Number.isSafeInteger(limit) && limit >= 1) return Math.min(limit, PAGE_CEILING)
  throw new SessionError('INVALID_ARGUMENT', 'The limit of a page must be a whole number from 1 on.')
}

/** For an `after` that no page can have given. */
export function foreignPage(): SessionError {
  return new SessionError(
    'INVALID_ARGUMENT',
    'The page to go on after is none that scan gave: begin with null.',
  )
}
