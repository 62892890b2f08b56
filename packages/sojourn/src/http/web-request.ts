import type { HeaderName, Incoming } from './incoming.ts'

/** A request of the Fetch standard. It does not know its client's address. */
export class WebIncoming implements Incoming {
  readonly #request: Request

  constructor(request: Request) {
    this.#request = request
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

  get remoteAddress(): undefined {
    return undefined
  }

  header(name: HeaderName): string | undefined {
    return this.#request.headers.get(name) ?? undefined
  }
}

const BEARER = /(?:^|,)\s*bearer\s/i
