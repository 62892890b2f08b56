import type { Incoming } from './incoming.ts'

/** What a browser says about where a request comes from. */
export interface Provenance {
  /** The `Sec-Fetch-Site` header. */
  readonly site: string | undefined
  /** The `Origin` header. */
  readonly origin: string | undefined
}

/** What a request says of it. */
export function provenanceOf(request: Incoming): Provenance {
  return { site: request.header('sec-fetch-site'), origin: request.header('origin') }
}

/** Who may make requests that change something. */
export interface OriginRule {
  /**
   * The application's own and trusted origins, whole (`https://bank.example`). Null when none are
   * configured: then only a browser's word that the request is its own counts.
   */
  readonly trusted: ReadonlySet<string> | null
  /** Whether a request without both headers passes: it comes from an old browser or from no browser. */
  readonly allowNoOrigin: boolean
}

const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

/** Whether a request of this method must be checked. */
export function isUnsafe(method: string | undefined): boolean {
  return method === undefined || !SAFE_METHODS.includes(method)
}

/**
 * Whether a request asks for a WebSocket. Any page can make a browser ask, with the cookie, and then talk; so the origin
 * is checked although the method is GET, where a framework lets such requests pass middleware (SECURITY T29).
 */
export function opensSocket(request: Incoming): boolean {
  return /websocket/i.test(request.header('upgrade') ?? '')
}

/**
 * Whether a request may act with a cookie (SECURITY T31, T32). Origins are compared as whole strings with the
 * configured list, never with `Host`, which the client writes too.
 */
export function isAllowedOrigin({ site, origin }: Provenance, rule: OriginRule): boolean {
  if (site === 'same-origin' || site === 'none') {
    return origin === undefined || (rule.trusted?.has(origin) ?? isOrigin(origin))
  }
  if (origin !== undefined) return rule.trusted?.has(origin) ?? false
  return site === undefined && rule.allowNoOrigin
}

/** Whether a text is one origin in its only spelling; `null`, lists and paths are not. */
export function isOrigin(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text
}
