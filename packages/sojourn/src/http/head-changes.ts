import type { OutgoingHttpHeader } from 'node:http'
import { lineOf, lineWithout, type SetCookie } from './cookie.ts'
import { waitAfter } from './problem.ts'

/** The headers of a response that is not sent yet, by names in lower case. */
export interface HeadersOut {
  names(): readonly string[]
  /** Every value of that name. */
  all(name: string): readonly string[]
  set(name: string, values: readonly string[]): void
  remove(name: string): void
}

const PRIVATE = 'private, no-store'
/** They overrule `Cache-Control` in caches that know them (RFC 9213). */
const CACHE_OVERRIDE = /(?:cdn-cache-control|surrogate-control)$/
/** Whatever `complete` looks at, and a few names more. */
const MAY_MATTER = /^vary$|-control$/i

/** What is to be added to the head of one response, when it goes out. */
export class HeadChanges {
  readonly #varyOn: readonly string[]
  cookie: SetCookie | null = null
  hasFailed = false

  /** @param varyOn the request headers that the session is found by */
  constructor(varyOn: readonly string[]) {
    this.#varyOn = varyOn
  }

  /**
   * All that `complete` would do to headers of these names, as names and values to add, in turn; null where adding is not
   * enough.
   */
  plainlyAdded(names: readonly string[]): OutgoingHttpHeader[] | null {
    if (this.cookie !== null || this.hasFailed || names.some((name) => MAY_MATTER.test(name))) return null
    return ['Cache-Control', PRIVATE, 'Vary', this.#varyOn.join(', ')]
  }

  /** Adds it. `status` is the one that goes out with these headers. */
  complete(headers: HeadersOut, status: number): void {
    if (this.cookie !== null) {
      headers.set('set-cookie', withCookie(headers.all('set-cookie'), this.cookie))
    }
    if (this.cookie !== null || headers.all('cache-control').length === 0) {
      for (const name of headers.names()) if (CACHE_OVERRIDE.test(name)) headers.remove(name)
      headers.set('cache-control', [PRIVATE])
    }
    const vary = varyWith(headers.all('vary'), this.#varyOn)
    if (vary !== '') headers.set('vary', [vary])
    const wait = this.hasFailed && headers.all('retry-after').length === 0 ? waitAfter(status) : null
    if (wait !== null) headers.set('retry-after', [String(wait)])
  }
}

/** A `Vary` value with the given names added to what is there; `*` already says it all. */
export function varyWith(present: readonly string[], names: readonly string[]): string {
  const values = present.flatMap((value) => value.split(',')).map((value) => value.trim())
  const listed = values.filter((value) => value !== '')
  if (listed.includes('*')) return '*'
  const known = new Set(listed.map((value) => value.toLowerCase()))
  return [...listed, ...names.filter((name) => !known.has(name.toLowerCase()))].join(', ')
}

/** `Set-Cookie` lines with ours at the end, and no other of its name. */
function withCookie(lines: readonly string[], cookie: SetCookie): string[] {
  const others = lines.filter((line) => !line.startsWith(`${cookie.name}=`))
  return [...others, lineOf(cookie), ...(cookie.takenBack ?? []).map(lineWithout)]
}
