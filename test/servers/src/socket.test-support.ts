import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A client that sends text and keeps what it reads, byte by byte as it comes. */
export class RawClient {
  readonly #socket: Socket
  #read = ''
  #end: string | null = null
  #changed: () => void = () => undefined

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#read += chunk.toString()
      this.#changed()
    })
    socket.on('end', () => this.#ended('end'))
    socket.on('error', (error) => this.#ended('code' in error ? String(error.code) : error.message))
    socket.on('close', () => this.#ended('close'))
  }

  /** An inline command or several, as Redis reads them. */
  send(...commands: readonly string[]): void {
    this.#socket.write(commands.map((command) => `${command}\r\n`).join(''))
  }

  /** Resolves with everything that was read so far, when this text is in it. Rejects when the reading ends. */
  async reads(text: string): Promise<string> {
    while (!this.#read.includes(text)) {
      if (this.#end !== null) throw new Error(`It ended (${this.#end}) after: ${this.#read}`)
      await this.#change()
    }
    return this.#read
  }

  /** How the connection ended: `end` in order, else the code of the error. */
  async ends(): Promise<string> {
    while (this.#end === null) await this.#change()
    return this.#end
  }

  get read(): string {
    return this.#read
  }

  close(): void {
    this.#socket.destroy()
  }

  #ended(how: string): void {
    this.#end ??= how
    this.#changed()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve
    })
  }
}
