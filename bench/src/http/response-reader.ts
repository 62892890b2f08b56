/** One answer of a server. Of the body each character is a byte. */
export interface Answered {
  readonly status: number
  /** The status line and the header lines. */
  readonly head: string
  readonly body: string
}

const HEAD_END = '\r\n\r\n'
const LINE_END = '\r\n'
const LENGTH = /\r\ncontent-length: *([0-9]+)/i
const CHUNKED = /\r\ntransfer-encoding: *chunked/i
/** Where `HTTP/1.1 200` has its number. */
const STATUS_AT = 9

/**
 * Reads the answers on one kept connection (RFC 9112), of which the next is asked for only when the last one was
 * read. It knows what a server of this benchmark sends, and refuses anything else.
 */
export class ResponseReader {
  #rest = ''

  /**
   * The answer that is complete with this piece; null while one is under way.
   * @throws Error for an answer whose end cannot be told, and for more than was asked for
   */
  take(piece: string): Answered | null {
    const text = this.#rest + piece
    this.#rest = text
    const headEnd = text.indexOf(HEAD_END)
    if (headEnd < 0) return null
    const head = text.slice(0, headEnd)
    const body = bodyIn(text, head, headEnd + HEAD_END.length)
    if (body === null) return null
    this.#rest = ''
    return { status: Number(head.slice(STATUS_AT, STATUS_AT + 3)), head, body }
  }
}

/** Null while it is not complete. */
function bodyIn(text: string, head: string, start: number): string | null {
  const length = LENGTH.exec(head)?.[1]
  if (length !== undefined) return bodyOfLength(text, start, Number(length))
  if (CHUNKED.test(head)) return bodyOfChunks(text, start)
  throw new Error(`Nobody can tell where this answer ends:\n${head}`)
}

function bodyOfLength(text: string, start: number, length: number): string | null {
  if (text.length < start + length) return null
  refuseMore(text, start + length)
  return text.slice(start)
}

function bodyOfChunks(text: string, start: number): string | null {
  let body = ''
  for (let at = start; ; ) {
    const lineEnd = text.indexOf(LINE_END, at)
    if (lineEnd < 0) return null
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    const chunkAt = lineEnd + LINE_END.length
    const next = chunkAt + size + LINE_END.length
    if (text.length < next) return null
    if (size === 0) {
      refuseMore(text, next)
      return body
    }
    body += text.slice(chunkAt, chunkAt + size)
    at = next
  }
}

function refuseMore(text: string, end: number): void {
  if (text.length > end) throw new Error(`More than was asked for: ${JSON.stringify(text.slice(end))}`)
}
