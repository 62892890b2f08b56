import type { SetCookie } from './cookie.ts'
import { HeadChanges, type HeadersOut } from './head-changes.ts'
import type { ResponseHead } from './response-head.ts'

const SWITCHING_PROTOCOLS = 101

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

  /** There will be an answer without what is ours: a change that comes now is refused, before it is stored. */
  close(): void {
    this.#sent = true
  }

  /**
   * The response with what is ours. With our cookie it is a copy: one object without a body may be the answer to many
   * requests, and none may get the cookie of another (SECURITY T30). What else we say, that a page is private, may stay on
   * such an object; a copy costs as much as the whole session. The same one when nobody looked, and when it answers an
   * upgrade, which cannot be copied and is no page that a cache keeps.
   */
  sealed(response: Response): Response {
    this.close()
    if (!this.#looked || response.status === SWITCHING_PROTOCOLS) return response
    const { cookie, hasFailed } = this.#changes
    if (cookie === null && !hasFailed && this.#completes(response)) return response
    const copy = new Response(response.body, response)
    this.#changes.complete(new WebHeaders(copy.headers), copy.status)
    return copy
  }

  /** False where the headers cannot be changed, as of `Response.redirect()` and of what `fetch` returns: only a try tells. */
  #completes({ headers, status }: Response): boolean {
    try {
      this.#changes.complete(new WebHeaders(headers), status)
      return true
    } catch (error) {
      if (error instanceof TypeError) return false
      throw error
    }
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
