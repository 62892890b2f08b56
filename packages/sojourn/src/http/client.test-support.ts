import { type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly setCookie: readonly string[]
  readonly body: string
}

export interface Sent {
  readonly headers?: OutgoingHttpHeaders
  readonly agent?: Agent
  readonly body?: string
}

/** Sends one request and waits for the whole answer. */
export function send(port: number, method: string, path: string, sent: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, method, path, headers: sent.headers ?? {}, agent: sent.agent ?? false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const { headers, statusCode: status = 0 } = response
          const body = Buffer.concat(chunks).toString()
          resolve({ status, headers, setCookie: headers['set-cookie'] ?? [], body })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(sent.body)
  })
}

/** Writes bytes to a socket and reads until the server closes it. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(text, 'latin1')))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')))
    socket.on('error', reject)
  })
}

/** A browser that keeps the cookies it is given, and says that its forms come from its own pages. */
export class Browser {
  readonly #port: number
  readonly #agent: Agent | undefined
  readonly cookies = new Map<string, string>()

  constructor(port: number, agent?: Agent) {
    this.#port = port
    this.#agent = agent
  }

  get(path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.#send('GET', path, headers)
  }

  post(path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.#send('POST', path, { 'Sec-Fetch-Site': 'same-origin', ...headers })
  }

  /** The `Cookie` header that it would send now. */
  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async #send(method: string, path: string, headers: OutgoingHttpHeaders): Promise<Answer> {
    const cookies = this.cookies.size > 0 ? { Cookie: this.cookie } : {}
    const agent = this.#agent === undefined ? {} : { agent: this.#agent }
    const answer = await send(this.#port, method, path, { headers: { ...cookies, ...headers }, ...agent })
    for (const line of answer.setCookie) this.#keep(line)
    return answer
  }

  #keep(line: string): void {
    const [pair = ''] = line.split(';')
    const name = pair.slice(0, pair.indexOf('='))
    if (/; Max-Age=0(;|$)/.test(line)) this.cookies.delete(name)
    else this.cookies.set(name, pair.slice(name.length + 1))
  }
}
