/** The headers that sojourn reads, beside `Authorization`. */
export type HeaderName = 'cookie' | 'host' | 'origin' | 'sec-fetch-site' | 'upgrade'

/** What sojourn looks at in a request, whichever way it came. */
export interface Incoming {
  /** Upper case, such as `POST`. */
  readonly method: string
  /** Every `Authorization` line. */
  readonly authorizations: readonly string[]
  /** Whether it came over TLS to this very process. */
  readonly isEncrypted: boolean
  /** The other end of the connection; undefined where nobody tells. */
  readonly remoteAddress: string | undefined
  header(name: HeaderName): string | undefined
}
