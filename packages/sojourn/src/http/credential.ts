import { SessionError } from '../core/index.ts'
import { readBearer } from './bearer.ts'
import { readCookie } from './cookie-header.ts'
import { tell } from './http-events.ts'
import type { HttpConfig } from './http-options.ts'
import type { Incoming } from './incoming.ts'
import { NONE, type Reading } from './reading.ts'

/** What a request presents, and by which way the answer must travel. */
export interface Credential {
  /** Not checked yet; null when there is none, or none that can be trusted. */
  readonly token: string | null
  readonly via: 'cookie' | 'bearer'
  /** Whether our cookie was sent, whatever its value. */
  readonly hasCookie: boolean
}

type Config = Pick<HttpConfig, 'transport' | 'development' | 'cookie' | 'listener'>

/**
 * Reads the one credential that the route's transport allows. No other header, and neither query, path nor
 * body, is ever looked at (SECURITY T26–T28).
 * @throws SessionError `AMBIGUOUS_CREDENTIALS` for several `Authorization` lines, or a cookie beside a bearer
 */
export function credentialOf(request: Incoming, config: Config): Credential {
  const bearer = config.transport === 'cookie' ? NONE : readBearer(request.authorizations)
  const cookie = config.transport === 'bearer' ? NONE : readOurCookie(request, config)
  const hasCookie = cookie.found !== 'none'
  if (bearer.found === 'several' || (bearer.found === 'one' && hasCookie)) {
    throw new SessionError('AMBIGUOUS_CREDENTIALS')
  }
  if (cookie.found === 'several') tell(config.listener, { name: 'ambiguous_cookie' })
  if (bearer.found === 'one') return { token: bearer.value, via: 'bearer', hasCookie }
  return { token: tokenIn(cookie), via: config.transport === 'bearer' ? 'bearer' : 'cookie', hasCookie }
}

/** Whether the cookie may travel with this request at all (SECURITY T16). */
export function allowsCookie(request: Incoming, { development }: Pick<Config, 'development'>): boolean {
  if (!development) return true
  return !request.isEncrypted && LOOPBACK_HOST.test(request.header('host') ?? '')
}

const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?$/

function readOurCookie(request: Incoming, config: Config): Reading {
  return allowsCookie(request, config) ? readCookie(request.header('cookie'), config.cookie.name) : NONE
}

function tokenIn(reading: Reading): string | null {
  return reading.found === 'one' ? reading.value : null
}
