import type { HeaderName, Incoming } from './incoming.ts'

/** What is needed of a request of the Fetch standard. */
type WebRequest = Pick<Request, 'method' | 'url'> & { readonly headers: Pick<Headers, 'get'> }

/** A request of the Fetch standard. */
export class WebIncoming implements Incoming {
  readonly #request: WebRequest
  readonly #remoteAddress: string | undefined

  /** @param remoteAddress the other end of the connection, where the server tells; a request itself does not know it */
  constructor(request: WebRequest, remoteAddress?: string) {
    this.#request = request
    this.#remoteAddress = remoteAddress
  }

  get method(): string {
    return this.#request.method
  }

  /**
   * `Headers` joins lines of one name with a comma, which no bearer token has: where one follows, there were several
   * lines (SECURITY T26).
   */
  get authorizations(): readonly string[] {
    const value = this.#request.headers.get('authorization')
    if (value === null) return []
    return BEARER.test(value) ? value.split(',').map((line) => line.trim()) : [value]
  }

  get isEncrypted(): boolean {
    return this.#request.url.startsWith('https:')
  }

  get remoteAddress(): string | undefined {
    return this.#remoteAddress
  }

  /** Over HTTP/2 there is no `Host`: the URL has what stood in its place. */
  header(name: HeaderName): string | undefined {
    const value = this.#request.headers.get(name)
    if (value === null && name === 'host') return new URL(this.#request.url).host
    return value ?? undefined
  }
}

const BEARER = /(?:^|,)\s*bearer\s/i
