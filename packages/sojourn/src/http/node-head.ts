import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { SetCookie } from './cookie.ts'
import { HeadChanges, type HeadersOut } from './head-changes.ts'
import type { ResponseHead } from './response-head.ts'

/** What is needed of a response of Node: of `node:http`, and of `node:http2` in its compatible form. */
export interface NodeResponse {
  readonly headersSent: boolean
  getHeader(name: string): unknown
  getHeaderNames(): readonly string[]
  setHeader(name: string, value: string | readonly string[]): unknown
  appendHeader(name: string, value: string | string[]): unknown
  removeHeader(name: string): void
  writeHead(status: number, reason?: string, headers?: Headers): unknown
  writeHead(status: number, headers?: Headers): unknown
  end(): unknown
  end(body: string): unknown
}

/** Both forms that `writeHead` takes; an array holds names and values in turn, or pairs. */
type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[]

/**
 * The head of a response of Node. What is ours is added at the last moment, when the head is written, because
 * `writeHead` with headers replaces what was set before it (SECURITY T21, N14).
 */
export class NodeHead implements ResponseHead {
  readonly #response: NodeResponse
  readonly #changes: HeadChanges
  #looked = false

  constructor(response: NodeResponse, varyOn: readonly string[]) {
    this.#response = response
    this.#changes = new HeadChanges(varyOn)
  }

  get isSent(): boolean {
    return this.#response.headersSent
  }

  look(): void {
    if (this.#looked) return
    this.#looked = true
    onHead(this.#response, this.#changes)
  }

  setCookie(cookie: SetCookie): void {
    this.look()
    this.#changes.cookie = cookie
  }

  fail(): void {
    this.look()
    this.#changes.hasFailed = true
  }
}

class NodeHeaders implements HeadersOut {
  readonly #response: NodeResponse

  constructor(response: NodeResponse) {
    this.#response = response
  }

  names(): readonly string[] {
    return this.#response.getHeaderNames()
  }

  all(name: string): readonly string[] {
    const value = this.#response.getHeader(name)
    return value === undefined ? [] : [value].flat().map(String)
  }

  set(name: string, values: readonly string[]): void {
    const [first = '', second] = values
    this.#response.setHeader(name, second === undefined ? first : values)
  }

  remove(name: string): void {
    this.#response.removeHeader(name)
  }
}

/** Makes the changes just before the head is written. */
function onHead(response: NodeResponse, changes: HeadChanges): void {
  // Whoever has wrapped it before us may not know a flat array: `on-headers` takes one for pairs (SECURITY T21, V50).
  const isNodes = response.writeHead === ServerResponse.prototype.writeHead
  const writeHead = response.writeHead.bind(response)
  response.writeHead = (status: number, reason?: string | Headers | null, headers?: Headers | null) => {
    const [text, given] = typeof reason === 'string' ? [reason, headers] : [undefined, reason ?? headers]
    const whole = isNodes ? wholeHead(response, changes, given ?? {}) : undefined
    if (whole === undefined) {
      place(response, given ?? {})
      changes.complete(new NodeHeaders(response), status)
    }
    return text === undefined ? writeHead(status, whole) : writeHead(status, text, whole)
  }
}

/**
 * All headers of a response that had none before, for Node to write at once: to set each by itself takes several times as
 * long. Undefined where more must be done than to add some.
 */
function wholeHead(
  response: NodeResponse,
  changes: HeadChanges,
  given: Headers,
): OutgoingHttpHeader[] | undefined {
  if (Array.isArray(given) || response.getHeaderNames().length > 0) return undefined
  const names = Object.keys(given)
  const whole = changes.plainlyAdded(names)
  if (whole === null) return undefined
  for (const name of names) {
    const value = given[name]
    if (value === undefined) return undefined
    whole.push(name, value)
  }
  return whole
}

/** Does to the response what `writeHead` would do with these headers. */
function place(response: NodeResponse, headers: Headers): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) response.setHeader(name, Array.isArray(value) ? value : String(value))
    }
    return
  }
  const pairs = pairsOf(headers)
  for (const [name] of pairs) response.removeHeader(name)
  for (const [name, value] of pairs) response.appendHeader(name, value)
}

function pairsOf(headers: readonly OutgoingHttpHeader[]): [string, string | string[]][] {
  const isPaired = Array.isArray(headers[0])
  const flat = isPaired ? headers.flat() : headers
  return flat.flatMap((name, index) => {
    const value = flat[index + 1]
    if (index % 2 === 1 || value === undefined) return []
    return [[String(name), Array.isArray(value) ? value : String(value)]]
  })
}
