import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort, HOST } from './free-port.ts'
import { PEER_HOST } from './peers.ts'
import { type ProxyCounters, type ProxyFaults, ProxyLink } from './proxy-link.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

const ATTEMPTS = 5

/** Starts a proxy on a free port: a network that fails on demand. */
export async function startProxy({ to }: { readonly to: Address }): Promise<TcpProxy> {
  for (let attempt = 1; ; attempt += 1) {
    const proxy = new TcpProxy(await freePort(), to)
    try {
      await proxy.refuse(false)
      return proxy
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
    }
  }
}

/**
 * A TCP proxy before one server. Its faults and counters are for clients: other servers of the same group,
 * which come from an address of their own on Linux, pass through it untouched.
 */
export class TcpProxy {
  readonly host = HOST
  readonly port: number
  readonly #to: Address
  readonly #links = new Set<ProxyLink>()
  readonly #sockets = new Set<Socket>()
  readonly #faults: ProxyFaults = { delayMs: 0, dropsReplies: false, doom: null }
  readonly #counters: ProxyCounters = { connections: 0, requestBytes: 0, replyBytes: 0, roundTrips: 0 }
  #server: Server | null = null

  constructor(port: number, to: Address) {
    this.port = port
    this.#to = to
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`
  }

  /** The counts of now; compare two of them. */
  get counters(): Readonly<ProxyCounters> {
    return { ...this.#counters }
  }

  /** How many clients are connected. */
  get connected(): number {
    return this.#links.size
  }

  /** Delays each direction by this much from now on: a round trip takes twice as long more. */
  delay(ms: number): void {
    this.#faults.delayMs = ms
  }

  /** Resets the connections of all clients. New ones are let in. */
  cut(): void {
    for (const link of this.#links) link.cut()
  }

  /**
   * Lets the next request that holds `holding` pass, and resets its connection in place of the reply.
   * Resolves when that has happened, and the server has executed the request.
   */
  cutAfterRequest(holding = ''): Promise<void> {
    return new Promise((resolve) => {
      this.#faults.doom = { holding, done: resolve }
    })
  }

  /** Ends the direction to the clients; what they send still reaches the server. */
  halfClose(): void {
    for (const link of this.#links) link.halfClose()
  }

  /** Swallows replies. When it ends, connections that missed one are reset: they are out of step. */
  dropReplies(on: boolean): void {
    this.#faults.dropsReplies = on
    if (on) return
    for (const link of this.#links) if (link.isOutOfStep) link.cut()
  }

  /** Refuses new connections (ECONNREFUSED); those that are open stay. */
  async refuse(on: boolean): Promise<void> {
    if (on) {
      this.#server?.close()
      this.#server = null
    } else if (this.#server === null) {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
      server.listen(this.port, HOST)
      await once(server, 'listening')
      this.#server = server
    }
  }

  /** Ends every fault. */
  async heal(): Promise<void> {
    this.#faults.delayMs = 0
    this.#faults.doom = null
    this.dropReplies(false)
    await this.refuse(false)
  }

  async stop(): Promise<void> {
    await this.refuse(true)
    for (const socket of this.#sockets) socket.destroy()
  }

  #accept(client: Socket): void {
    const server = connect({ ...this.#to, allowHalfOpen: true, noDelay: true })
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    }
    if (client.remoteAddress === PEER_HOST) {
      pass(client, server)
      return
    }
    const link = new ProxyLink(client, server, { faults: this.#faults, counters: this.#counters })
    this.#links.add(link)
    client.once('close', () => this.#links.delete(link))
  }
}

function pass(client: Socket, server: Socket): void {
  client.on('error', () => server.destroy())
  server.on('error', () => client.destroy())
  client.pipe(server)
  server.pipe(client)
}
