/** What is looked at. */
export type CheckName =
  | 'version'
  | 'eviction'
  | 'memory'
  | 'persistence'
  | 'replicas'
  | 'min-replicas'
  | 'rights'
  | 'library'
  | 'default-user'
  | 'clock'
  | 'keys'

/** `fail`: sessions will be wrong or open to others. `warn`: they may be, on some day. */
export type Verdict = 'ok' | 'warn' | 'fail'

export interface Finding {
  readonly check: CheckName
  /** The server, `host:port`, or `primary` where the client does not tell. */
  readonly node: string
  readonly verdict: Verdict
  readonly found: string
  /** What that means for sessions. */
  readonly means: string
  /** What to set; null when nothing. */
  readonly set: string | null
}

/** A finding without the server that it was made on. */
export type Result = Pick<Finding, 'verdict' | 'found' | 'means' | 'set'>

export function ok(found: string, means: string): Result {
  return { verdict: 'ok', found, means, set: null }
}

export function warn(found: string, means: string, set: string): Result {
  return { verdict: 'warn', found, means, set }
}

export function fail(found: string, means: string, set: string): Result {
  return { verdict: 'fail', found, means, set }
}
