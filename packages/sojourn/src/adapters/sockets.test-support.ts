import { createServer, type Server } from 'node:http'
import { onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createSessionStore, type Session, type SessionStore } from '../core/index.ts'
import { TestClock } from '../core/test-clock.test-support.ts'
import { memory } from '../engines/memory/index.ts'
import { FaultyEngine } from '../http/faulty-engine.test-support.ts'
import type { HttpEvent } from '../http/index.ts'
import { listen } from '../http/listen.test-support.ts'
import { type SocketHandler, type SocketOptions, withSocketSession } from './ws.ts'

const OWN = 'https://bank.example'

export interface Cart {
  cart: string[]
}

/** An HTTP server, two stores over one engine as in two processes, and a session of a user. */
export interface Place {
  readonly server: Server
  readonly port: number
  readonly store: SessionStore<Cart>
  readonly elsewhere: SessionStore<Cart>
  readonly engine: FaultyEngine
  readonly clock: TestClock
  readonly token: string
  readonly session: Session<Cart>
  readonly events: HttpEvent[]
  readonly options: SocketOptions
}

export async function openPlace(): Promise<Place> {
  const engine = new FaultyEngine(memory())
  const clock = new TestClock()
  const options = { sweep: false, clock, initial: (): Cart => ({ cart: [] }) } as const
  const store = await createSessionStore<Cart>({ ...options, engine })
  const elsewhere = await createSessionStore<Cart>({ ...options, engine })
  const { token, session } = await store.create({ userId: 'u_1' })
  const events: HttpEvent[] = []
  const server = createServer()
  const port = await listen(server)
  onTestFinished(async () => {
    engine.cut('none')
    await store.close()
  })
  engine.forgetCalls()
  const onEvent = (event: HttpEvent) => events.push(event)
  const sockets: SocketOptions = { origins: [OWN], onEvent }
  return { server, port, store, elsewhere, engine, clock, token, session, events, options: sockets }
}

/** The headers of a browser that has a cookie and shows a page of ours. */
export function headersOf(token: string, more: Record<string, string> = {}): Record<string, string> {
  return { Cookie: `__Host-id=${token}`, Origin: OWN, ...more }
}

export type Handler = SocketHandler<WebSocket, Cart>

/** Serves WebSockets at a place; each says who it belongs to. */
export function serveWebSockets(place: Place, options: SocketOptions = {}, handler: Handler = greet) {
  const sockets = new WebSocketServer({ noServer: true })
  place.server.on(
    'upgrade',
    withSocketSession(place.store, sockets, { ...place.options, ...options }, handler),
  )
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
  })
  return sockets
}

export const greet: Handler = (socket, _request, session) => {
  socket.send(`hello ${session.userId}`)
}

interface Closing {
  readonly code: number
  readonly reason: string
}

/** A client of ws, as far as a test looks at it. */
export class Visitor {
  readonly socket: WebSocket
  readonly opened: Promise<void>
  /** The status with which it was refused. */
  readonly refused: Promise<number>
  readonly closed: Promise<Closing>
  readonly #told: string[] = []
  #wake = (): void => undefined

  constructor(port: number, headers: Record<string, string>, path = '') {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
    this.socket.on('error', () => undefined)
    this.opened = new Promise((resolve) => this.socket.once('open', () => resolve()))
    this.refused = new Promise((resolve) =>
      this.socket.once('unexpected-response', (_request, response) => {
        resolve(response.statusCode ?? 0)
        this.socket.terminate()
      }),
    )
    this.closed = new Promise((resolve) =>
      this.socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    )
    this.socket.on('message', (data) => {
      this.#told.push(String(data))
      this.#wake()
    })
  }

  /** The next message that it gets. */
  async hears(): Promise<string> {
    for (;;) {
      const next = this.#told.shift()
      if (next !== undefined) return next
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Sends, and waits for the answer. */
  ask(text: string): Promise<string> {
    this.socket.send(text)
    return this.hears()
  }
}

/** Opens a socket and waits for its greeting. */
export async function visit(port: number, token: string): Promise<Visitor> {
  const visitor = new Visitor(port, headersOf(token))
  await visitor.hears()
  return visitor
}

/** Time goes by in small steps, and the look of each step finishes. */
export async function pass({ clock, store }: Pick<Place, 'clock' | 'store'>, by: number): Promise<void> {
  for (let left = by; left > 0; left -= 100) {
    clock.advance(Math.min(100, left))
    await store.drain()
  }
}
