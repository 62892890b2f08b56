import type { SetCookie } from './cookie.ts'
import { HeadChanges, type HeadersOut } from './head-changes.ts'
import type { ResponseHead } from './response-head.ts'

/** The head of a response of the Fetch standard, which is there only when its handler has made it. */
export class WebHead implements ResponseHead {
  readonly #changes: HeadChanges
  #looked = false
  #sent = false

  constructor(varyOn: readonly string[]) {
    this.#changes = new HeadChanges(varyOn)
  }

  /** Once the response was handed on; its body may go on for long. */
  get isSent(): boolean {
    return this.#sent
  }

  look(): void {
    this.#looked = true
  }

  setCookie(cookie: SetCookie): void {
    this.look()
    this.#changes.cookie = cookie
  }

  fail(): void {
    this.look()
    this.#changes.hasFailed = true
  }

  /** The response with what is ours: the same one, or a copy where its headers cannot be changed. */
  sealed(response: Response): Response {
    this.#sent = true
    if (!this.#looked) return response
    const open = isOpen(response) ? response : new Response(response.body, response)
    this.#changes.complete(new WebHeaders(open.headers), open.status)
    return open
  }
}

/** Those of `Response.redirect()` and of what `fetch` returns are immutable, and only a try tells. */
function isOpen({ headers }: Response): boolean {
  try {
    headers.delete('sojourn-is-open')
    return true
  } catch {
    return false
  }
}

class WebHeaders implements HeadersOut {
  readonly #headers: Headers

  constructor(headers: Headers) {
    this.#headers = headers
  }

  names(): readonly string[] {
    return [...this.#headers.keys()]
  }

  all(name: string): readonly string[] {
    if (name === 'set-cookie') return this.#headers.getSetCookie()
    const value = this.#headers.get(name)
    return value === null ? [] : [value]
  }

  set(name: string, values: readonly string[]): void {
    this.#headers.delete(name)
    for (const value of values) this.#headers.append(name, value)
  }

  remove(name: string): void {
    this.#headers.delete(name)
  }
}
