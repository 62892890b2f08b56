import type { Socket } from 'node:net'
import { ProxyLane } from './proxy-lane.ts'

/** What a proxy counted so far, over the connections of clients. */
export interface ProxyCounters {
  connections: number
  requestBytes: number
  replyBytes: number
  /** How often the direction turned from request to reply. A pipeline that travels in one piece counts once. */
  roundTrips: number
}

/** What a proxy does to its links, looked at for every chunk. */
export interface ProxyFaults {
  delayMs: number
  dropsReplies: boolean
  /** The next request with this text in it gets a reset for a reply; then `done` is called. */
  doom: { readonly holding: string; readonly done: () => void } | null
}

interface Shared {
  readonly faults: ProxyFaults
  readonly counters: ProxyCounters
}

/** The connection of a client, and the one to the server that belongs to it. */
export class ProxyLink {
  readonly #client: Socket
  readonly #server: Socket
  readonly #shared: Shared
  readonly #requests: ProxyLane
  readonly #replies: ProxyLane
  #isAwaitingReply = false
  #isOutOfStep = false
  #doomed: (() => void) | null = null

  constructor(client: Socket, server: Socket, shared: Shared) {
    this.#client = client
    this.#server = server
    this.#shared = shared
    this.#requests = new ProxyLane(client, server)
    this.#replies = new ProxyLane(server, client)
    shared.counters.connections += 1
    client.on('data', (chunk: Buffer) => this.#request(chunk))
    server.on('data', (chunk: Buffer) => this.#reply(chunk))
    client.on('end', () => this.#requests.end())
    server.on('end', () => this.#replies.end())
    // The reason is the other side's to see, as a connection that closes.
    client.on('error', () => server.destroy())
    server.on('error', () => client.resetAndDestroy())
  }

  /** A reply was dropped: the next one would answer an earlier request than the client thinks. */
  get isOutOfStep(): boolean {
    return this.#isOutOfStep
  }

  cut(): void {
    this.#client.resetAndDestroy()
    this.#server.destroy()
  }

  /** The client reads an end, and can still send. */
  halfClose(): void {
    this.#client.end()
  }

  #request(chunk: Buffer): void {
    const { faults, counters } = this.#shared
    counters.requestBytes += chunk.byteLength
    this.#isAwaitingReply = true
    if (faults.doom !== null && chunk.includes(faults.doom.holding)) {
      this.#doomed = faults.doom.done
      faults.doom = null
    }
    this.#requests.push(chunk, faults.delayMs)
  }

  #reply(chunk: Buffer): void {
    const { faults, counters } = this.#shared
    if (this.#doomed !== null) {
      this.#cutAfterAll(this.#doomed)
      return
    }
    if (faults.dropsReplies) {
      this.#isOutOfStep = true
      return
    }
    if (this.#isAwaitingReply) counters.roundTrips += 1
    this.#isAwaitingReply = false
    counters.replyBytes += chunk.byteLength
    this.#replies.push(chunk, faults.delayMs)
  }

  /**
   * This reply may answer an earlier request. The server gets an orderly end, and closes only when it has
   * executed everything before it: then nobody doubts that the doomed request was executed.
   */
  #cutAfterAll(done: () => void): void {
    this.#doomed = null
    this.#server.removeAllListeners('data')
    this.#server.resume()
    this.#server.once('close', done)
    this.#client.resetAndDestroy()
    this.#requests.end()
  }
}
