import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { waitAfter } from './problem.ts'

/** Both forms that `writeHead` takes; an array holds names and values in turn, or pairs. */
type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[]

const PRIVATE = 'private, no-store'
/** They overrule `Cache-Control` in caches that know them (RFC 9213). */
const CACHE_OVERRIDE = /(?:cdn-cache-control|surrogate-control)$/

/**
 * What sojourn adds to the head of one response. It is added at the last moment, when the head is written,
 * because `writeHead` with headers replaces what was set before it (SECURITY T21, N14). A response whose
 * session nobody looked at is left alone.
 */
export class ResponseHead {
  readonly #response: ServerResponse
  readonly #varyOn: readonly string[]
  #cookieLine: string | null = null
  #looked = false
  #failed = false

  constructor(response: ServerResponse, varyOn: readonly string[]) {
    this.#response = response
    this.#varyOn = varyOn
  }

  /** Whether it is too late to add anything. */
  get isSent(): boolean {
    return this.#response.headersSent
  }

  /** The answer depends on the session: no shared cache may give it to somebody else (SECURITY T25). */
  look(): void {
    if (this.#looked) return
    this.#looked = true
    onHead(this.#response, (status) => this.#complete(status))
  }

  /** The one `Set-Cookie` line of ours; a later one takes its place. */
  setCookie(line: string): void {
    this.look()
    this.#cookieLine = line
  }

  /** The session could not be read or written: a 503, whoever renders it, says when to come back. */
  fail(): void {
    this.look()
    this.#failed = true
  }

  #complete(status: number): void {
    const response = this.#response
    if (this.#cookieLine !== null) {
      response.setHeader('Set-Cookie', withLine(response.getHeader('Set-Cookie'), this.#cookieLine))
      for (const name of response.getHeaderNames()) if (CACHE_OVERRIDE.test(name)) response.removeHeader(name)
    }
    if (this.#cookieLine !== null || !response.hasHeader('Cache-Control')) {
      response.setHeader('Cache-Control', PRIVATE)
    }
    const vary = varyWith(response.getHeader('Vary'), this.#varyOn)
    if (vary !== '') response.setHeader('Vary', vary)
    const wait = this.#failed && !response.hasHeader('Retry-After') ? waitAfter(status) : null
    if (wait !== null) response.setHeader('Retry-After', wait)
  }
}

/** A `Vary` value with the given names added to what is there; `*` already says it all. */
export function varyWith(present: OutgoingHttpHeader | undefined, names: readonly string[]): string {
  const listed = [present ?? []].flat().flatMap((value) => String(value).split(','))
  const values = listed.map((value) => value.trim()).filter((value) => value !== '')
  if (values.includes('*')) return '*'
  const known = new Set(values.map((value) => value.toLowerCase()))
  return [...values, ...names.filter((name) => !known.has(name.toLowerCase()))].join(', ')
}

/** `Set-Cookie` lines with ours at the end, and no other of its name. */
function withLine(present: OutgoingHttpHeader | undefined, line: string): string[] {
  const name = line.slice(0, line.indexOf('=') + 1)
  const lines = [present ?? []].flat().map(String)
  return [...lines.filter((other) => !other.startsWith(name)), line]
}

/** Runs `complete` just before the head is written, with the headers given to `writeHead` in place. */
function onHead(response: ServerResponse, complete: (status: number) => void): void {
  const writeHead = response.writeHead.bind(response)
  response.writeHead = (status: number, reason?: string | Headers, headers?: Headers) => {
    const [text, given] = typeof reason === 'string' ? [reason, headers] : [undefined, reason ?? headers]
    if (given !== undefined) place(response, given)
    complete(status)
    return text === undefined ? writeHead(status) : writeHead(status, text)
  }
}

/** Does to the response what `writeHead` would do with these headers. */
function place(response: ServerResponse, headers: Headers): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) response.setHeader(name, value)
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
