import { createServer } from 'node:http'
import { TransformStream } from 'node:stream/web'
import { Server } from 'socket.io'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Io, serveIo } from './io.test-support.ts'
import { headersOf, openPlace, type Place } from './sockets.test-support.ts'

/*
 * Socket.IO over WebTransport. Node has no HTTP/3, so streams of this process stand where QUIC would be; Engine.IO
 * sees what it sees of a real session (W3C WebTransport, section 6). A frame is its length and a packet as text.
 */
class Tunnel {
  readonly #up = new TransformStream<Uint8Array, Uint8Array>()
  readonly #down = new TransformStream<Uint8Array, Uint8Array>()
  readonly #writer = this.#up.writable.getWriter()
  readonly #reader = this.#down.readable.getReader()
  #rest: Buffer = Buffer.alloc(0)
  #isClosed: () => void = () => undefined
  readonly closed = new Promise<void>((resolve) => {
    this.#isClosed = resolve
  })

  /** What Engine.IO gets of it. */
  get session() {
    const stream = { readable: this.#up.readable, writable: this.#down.writable }
    const streams = new TransformStream()
    const writer = streams.writable.getWriter()
    void writer.write(stream)
    return {
      incomingBidirectionalStreams: streams.readable,
      closed: this.closed,
      close: () => this.#isClosed(),
    }
  }

  send(packet: string): void {
    void this.#writer.write(Buffer.from([packet.length, ...Buffer.from(packet)])).catch(() => undefined)
  }

  /** The next packet. */
  async hears(): Promise<string> {
    for (;;) {
      const [length = 0] = this.#rest
      if (this.#rest.length > length) {
        const packet = this.#rest.subarray(1, length + 1).toString()
        this.#rest = this.#rest.subarray(length + 1)
        return packet
      }
      const { value, done } = await this.#reader.read()
      if (done) return 'closed'
      this.#rest = Buffer.concat([this.#rest, value])
    }
  }
}

/** A connection that began by polling; its id. */
async function poll({ port, token }: Pick<Place, 'port' | 'token'>): Promise<string> {
  const url = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`
  const opened = await fetch(url, { headers: headersOf(token) })
  const { sid }: { readonly sid: string } = JSON.parse((await opened.text()).slice(1))
  await fetch(`${url}&sid=${sid}`, { method: 'POST', headers: headersOf(token), body: '40' })
  // Its namespace, and its greeting.
  await (await fetch(`${url}&sid=${sid}`, { headers: headersOf(token) })).text()
  return sid
}

async function upgradeOver(io: Server, sid: string): Promise<Tunnel> {
  const tunnel = new Tunnel()
  void io.engine.onWebTransportSession(tunnel.session)
  tunnel.send(`0${JSON.stringify({ sid })}`)
  tunnel.send('2probe')
  return tunnel
}

describe('Socket.IO over WebTransport', () => {
  test('a connection that changes from polling keeps its session, and closes with it', async () => {
    const place = await openPlace()
    const io: Io = serveIo(place)
    const tunnel = await upgradeOver(io, await poll(place))
    expect(await tunnel.hears()).toBe('3probe')
    tunnel.send('5')
    await expect
      .poll(() => [...io.of('/').sockets.values()].map(({ conn }) => conn.transport.name))
      .toEqual(['webtransport'])
    expect(place.engine.calls).toEqual(['read'])
    await place.store.revoke(place.session)
    expect(await tunnel.hears()).toBe('41')
  })

  test('one that begins there has no headers, and so no session', async () => {
    const place = await openPlace()
    const tunnel = new Tunnel()
    void serveIo(place).engine.onWebTransportSession(tunnel.session)
    tunnel.send('0')
    expect(await tunnel.hears()).toMatch(/^0\{/)
    tunnel.send('40')
    expect(await tunnel.hears()).toMatch(/^44\{.*"status":401/)
  })

  test('middleware of the engine, as session middleware is attached, would close it', async () => {
    const io = new Server(createServer())
    onTestFinished(() => io.close())
    io.engine.use((_request: unknown, _response: unknown, next: () => void) => next())
    const tunnel = new Tunnel()
    void io.engine.onWebTransportSession(tunnel.session)
    await tunnel.closed
  })
})
