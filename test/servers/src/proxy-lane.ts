import type { Socket } from 'node:net'

interface Late {
  readonly chunk: Buffer
  readonly dueAt: number
}

/** One direction of a connection: passes on what it gets, in order, late by what the delay is at that time. */
export class ProxyLane {
  readonly #from: Socket
  readonly #to: Socket
  readonly #late: Late[] = []
  #timer: NodeJS.Timeout | null = null
  #isEnding = false

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
    to.on('drain', () => from.resume())
    to.on('close', () => this.#forget())
  }

  push(chunk: Buffer, delayMs: number): void {
    if (delayMs === 0 && this.#late.length === 0) {
      this.#write(chunk)
      return
    }
    // A shorter delay must not overtake what is on its way already.
    const dueAt = Math.max(performance.now() + delayMs, this.#late.at(-1)?.dueAt ?? 0)
    this.#late.push({ chunk, dueAt })
    this.#arm()
  }

  /** Ends this direction after all that is on its way. */
  end(): void {
    this.#isEnding = true
    if (this.#late.length === 0) this.#to.end()
  }

  #arm(): void {
    const [head] = this.#late
    if (head === undefined || this.#timer !== null) return
    this.#timer = setTimeout(() => this.#release(), Math.max(0, head.dueAt - performance.now()))
  }

  #release(): void {
    this.#timer = null
    const now = performance.now()
    // A timer may come up to a millisecond early; that is no reason to set another one.
    while (this.#late[0] !== undefined && this.#late[0].dueAt - now < 1) {
      this.#write(this.#late[0].chunk)
      this.#late.shift()
    }
    if (this.#late.length === 0 && this.#isEnding) this.#to.end()
    this.#arm()
  }

  #write(chunk: Buffer): void {
    if (this.#to.writableEnded || this.#to.destroyed) return
    if (!this.#to.write(chunk)) this.#from.pause()
  }

  #forget(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#late.length = 0
    // Otherwise a reader that waits for room would never see that its peer is gone.
    this.#from.resume()
  }
}
