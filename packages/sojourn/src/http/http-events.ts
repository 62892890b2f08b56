/** What an application may want to log or count. None holds a token, a cookie or a URL (SECURITY T35). */
export type HttpEvent =
  /** A request from another site, or a form without this session's CSRF token, was refused. */
  | { readonly name: 'malicious_csrf'; readonly method: string; readonly check: 'origin' | 'token' }
  /** Our cookie came twice with different values: somebody may be planting one. It was not used. */
  | { readonly name: 'ambiguous_cookie' }
  /** An anonymous session was refused because too many were created. */
  | { readonly name: 'anonymous_limit'; readonly limit: 'address' | 'total' }

export type HttpEventListener = (event: HttpEvent) => unknown

/** Tells the listener. What it throws or rejects changes nothing for the request (SECURITY T82). */
export function tell(listener: HttpEventListener | null, event: HttpEvent): void {
  try {
    const result = listener?.(Object.freeze(event))
    if (result instanceof Promise) result.catch(() => undefined)
  } catch {
    // The listener's own failure is for the listener to report.
  }
}
