import type { IncomingMessage } from 'node:http'
import { type Session, SessionError, type SessionStore } from '../core/index.ts'
import { credentialOf } from './credential.ts'
import { tell } from './http-events.ts'
import type { HttpConfig } from './http-options.ts'
import { NodeIncoming } from './node-request.ts'
import { isAllowedOrigin, provenanceOf } from './origin-check.ts'

/**
 * The live session of a request that opens a socket; null without one. A browser lets any page open a socket and
 * sends the cookie along, so the origin is checked although the method is GET (SECURITY T29). At most one read.
 * @throws SessionError `ORIGIN_REFUSED`, `AMBIGUOUS_CREDENTIALS`, and what a read throws
 */
export async function readHandshake<Data, Request extends IncomingMessage>(
  store: SessionStore<Data>,
  config: HttpConfig<Request>,
  request: Request,
): Promise<Session<Data> | null> {
  const incoming = new NodeIncoming(request)
  const { token, via } = credentialOf(incoming, config)
  if (via === 'cookie' && !isAllowedOrigin(provenanceOf(incoming), config.origins)) {
    tell(config.listener, { name: 'malicious_csrf', method: 'GET', check: 'origin' })
    throw new SessionError('ORIGIN_REFUSED')
  }
  return token === null ? null : store.read(token, { touch: config.touch(request) })
}
