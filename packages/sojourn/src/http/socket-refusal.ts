import { ERRORS } from '../core/index.ts'
import { waitAfter } from './problem.ts'

/** What a client is told that may not open a socket. */
export interface Refusal {
  /** The HTTP status that says the same: 400, 401, 403, 500 or 503. */
  readonly status: number
  /** Seconds after which to try again; null when trying again is of no use. */
  readonly retryAfter: number | null
}

const MESSAGES = new Map([
  [400, ERRORS.AMBIGUOUS_CREDENTIALS.message],
  [401, 'There is no live session: log in, then connect again.'],
  [403, ERRORS.ORIGIN_REFUSED.message],
  [503, 'Sessions cannot be read now.'],
])

/** An error for the client, with nothing that the request, the store or the configuration said. */
export function refusalOf(status: number): Error & { readonly data: Refusal } {
  const message = MESSAGES.get(status) ?? 'The server failed.'
  return Object.assign(new Error(message), { data: { status, retryAfter: waitAfter(status) } })
}
