import type { IncomingMessage } from 'node:http'
import type { HeaderName, Incoming } from './incoming.ts'

/** What is needed of a request of Node: of `node:http`, and of `node:http2` in its compatible form. */
export type NodeRequest = Pick<IncomingMessage, 'method' | 'headers' | 'rawHeaders' | 'socket'>

/** HTTP/2 says in a field of its own what HTTP/1.1 says in `Host` (RFC 9113, section 8.3.1). */
const AUTHORITY = ':authority'

/** A request of Node. */
export class NodeIncoming implements Incoming {
  readonly #request: NodeRequest

  constructor(request: NodeRequest) {
    this.#request = request
  }

  get method(): string {
    return this.#request.method ?? ''
  }

  /** From the raw lines, because Node keeps the first of several and a proxy may have used the last (SECURITY T26). */
  get authorizations(): readonly string[] {
    const { rawHeaders } = this.#request
    return rawHeaders.filter((_, index) => isAuthorization(rawHeaders, index))
  }

  get isEncrypted(): boolean {
    const { socket } = this.#request
    return 'encrypted' in socket && socket.encrypted === true
  }

  get remoteAddress(): string | undefined {
    return this.#request.socket.remoteAddress
  }

  header(name: HeaderName): string | undefined {
    const { headers } = this.#request
    const value = headers[name] ?? (name === 'host' ? headers[AUTHORITY] : undefined)
    return typeof value === 'string' ? value : value?.[0]
  }
}

/** Names stand at even places, values behind them. */
function isAuthorization(rawHeaders: readonly string[], index: number): boolean {
  return index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization'
}
