import type { SocketConnection } from './socket-session.ts'
import { refuse, type UpgradeSocket } from './upgrade.ts'

/** The connection of a request to upgrade: its stream, and then the socket that a WebSocket library makes of it. */
export class StreamConnection implements SocketConnection {
  readonly #stream: UpgradeSocket
  #close: () => void

  constructor(stream: UpgradeSocket) {
    this.#stream = stream
    this.#close = () => this.destroy()
    // Without a listener, a client that goes away meanwhile would end the process.
    stream.on('error', () => undefined)
  }

  get isOpen(): boolean {
    return !this.#stream.destroyed
  }

  onClosed(listener: () => void): void {
    this.#stream.once('close', listener)
  }

  /** From now on there is a socket, and a better way to close than to cut. */
  opened(close: () => void): void {
    this.#close = close
  }

  close(): void {
    this.#close()
  }

  destroy(): void {
    this.#stream.destroy()
  }

  /** Answers that the request does not pass. */
  refuse(status: number): void {
    if (this.isOpen) refuse(this.#stream, status)
  }
}
