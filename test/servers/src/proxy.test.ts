import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startProxy, type TcpProxy } from './proxy.ts'
import { type RedisServer, startRedis } from './redis-server.ts'
import { RawClient } from './socket.test-support.ts'
import { until } from './until.ts'

let server: RedisServer
let proxy: TcpProxy
let clients: RawClient[] = []
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())
beforeEach(async () => {
  await server.cli('FLUSHALL')
  proxy = await startProxy({ to: server })
})
afterEach(async () => {
  for (const client of clients) client.close()
  clients = []
  await proxy.stop()
})

async function open(port = proxy.port): Promise<RawClient> {
  const client = await RawClient.open(port)
  clients.push(client)
  return client
}

/** The count of reply bytes, as soon as it stays the same from one look to the next. */
function stillCount(): () => Promise<number | null> {
  let before = 0
  return async () => {
    const now = proxy.counters.replyBytes
    const isStill = now > 0 && now === before
    before = now
    return isStill ? now : null
  }
}

const PONG = '+PONG\r\n'

describe('a proxy', () => {
  test('passes on what it gets, and counts it', async () => {
    const client = await open()
    client.send('PING')
    expect(await client.reads(PONG)).toBe(PONG)
    expect(proxy.counters).toEqual({ connections: 1, requestBytes: 6, replyBytes: 7, roundTrips: 1 })
    client.send('PING', 'PING', 'ECHO last')
    await client.reads('last')
    const { roundTrips, replyBytes } = proxy.counters
    expect({ roundTrips, replyBytes }).toEqual({ roundTrips: 2, replyBytes: 3 * 7 + '$4\r\nlast\r\n'.length })
    expect(proxy.connected).toBe(1)
  })

  test('counts a round trip for each request that waited for a reply', async () => {
    const client = await open()
    for (const word of ['one', 'two', 'three']) {
      client.send(`ECHO ${word}`)
      await client.reads(word)
    }
    expect(proxy.counters.roundTrips).toBe(3)
  })

  test('takes no more of a reply than its client does, and loses nothing of it', async () => {
    const size = 40_000_000
    await server.cli('SET', 'large', 'x'.repeat(size))
    const socket = connect(proxy.port, proxy.host).pause()
    socket.write('GET large\r\n')
    expect(await until('the proxy takes no more', stillCount(), 5_000)).toBeLessThan(size / 2)
    let read = 0
    socket.on('data', (chunk: Buffer) => {
      read += chunk.byteLength
    })
    socket.resume()
    const all = `$${size}\r\n\r\n`.length + size
    expect(await until('the client has all', async () => (read === all ? read : null), 5_000)).toBe(all)
    expect(proxy.counters).toMatchObject({ replyBytes: all, roundTrips: 1 })
    socket.destroy()
  })

  test('delays each direction, and keeps the order when the delay shrinks', async () => {
    const client = await open()
    proxy.delay(60)
    const startedAt = performance.now()
    client.send('ECHO one')
    await until('the first is under way', async () => (proxy.counters.requestBytes > 0 ? true : null), 1_000)
    proxy.delay(0)
    client.send('ECHO two')
    expect(await client.reads('two')).toBe('$3\r\none\r\n$3\r\ntwo\r\n')
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(58)
    proxy.delay(40)
    const secondAt = performance.now()
    client.send('ECHO three')
    await client.reads('three')
    expect(performance.now() - secondAt).toBeGreaterThanOrEqual(78)
  })

  test('cuts: every client reads a reset, and a new one is served', async () => {
    const client = await open()
    client.send('PING')
    await client.reads(PONG)
    proxy.cut()
    expect(await client.ends()).toBe('ECONNRESET')
    const next = await open()
    next.send('PING')
    await next.reads(PONG)
  })

  test('cuts after a request: it is executed, once, and its reply is never read', async () => {
    const client = await open()
    const cut = proxy.cutAfterRequest('INCR')
    client.send('PING')
    await client.reads(PONG)
    client.send('INCR a')
    await cut
    expect(await server.cli('GET', 'a')).toBe('1')
    expect(await client.ends()).toBe('ECONNRESET')
    expect(client.read).toBe(PONG)
    const next = await open()
    next.send('INCR a')
    expect(await next.reads(':')).toBe(':2\r\n')
  })

  test('cuts after a request also when an earlier one is still to be answered', async () => {
    const client = await open()
    proxy.delay(20)
    client.send('PING')
    await until('the first is under way', async () => (proxy.counters.requestBytes > 0 ? true : null), 1_000)
    // The reply to the first comes while the second has not left the proxy yet.
    proxy.delay(200)
    const cut = proxy.cutAfterRequest('INCR')
    client.send('INCR a')
    await cut
    expect(await server.cli('GET', 'a')).toBe('1')
    expect(client.read).toBe('')
  })

  test('cuts without executing when the request never passed: what cutting alone does', async () => {
    const client = await open()
    proxy.delay(10_000)
    client.send('INCR a')
    await until(
      'the request is under way',
      async () => (proxy.counters.requestBytes > 0 ? true : null),
      1_000,
    )
    proxy.cut()
    expect(await client.ends()).toBe('ECONNRESET')
    expect(await server.cli('GET', 'a')).toBe(null)
  })

  test('half-closes: the client reads an end, and what it sends is executed', async () => {
    const client = await open()
    client.send('PING')
    await client.reads(PONG)
    proxy.halfClose()
    expect(await client.ends()).toBe('end')
    client.send('INCR a')
    expect(await until('it is executed', () => server.cli('GET', 'a'), 1_000)).toBe('1')
    expect(client.read).toBe(PONG)
  })

  test('drops replies, and resets whoever missed one when it ends', async () => {
    const [client, other] = [await open(), await open()]
    other.send('PING')
    await other.reads(PONG)
    proxy.dropReplies(true)
    client.send('INCR a')
    expect(await until('it is executed', () => server.cli('GET', 'a'), 1_000)).toBe('1')
    await server.cli('PING')
    expect(client.read).toBe('')
    proxy.dropReplies(false)
    expect(await client.ends()).toBe('ECONNRESET')
    other.send('ECHO still')
    await other.reads('still')
  })

  test('refuses new connections, keeps the open ones, and lets in again', async () => {
    const client = await open()
    client.send('ECHO one')
    await client.reads('one')
    await proxy.refuse(true)
    await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    client.send('ECHO two')
    await client.reads('two')
    await proxy.heal()
    const next = await open()
    next.send('PING')
    await next.reads(PONG)
  })

  test('passes on the end of a server that is killed', async () => {
    const client = await open()
    client.send('PING')
    await client.reads(PONG)
    await server.kill()
    expect(['end', 'ECONNRESET']).toContain(await client.ends())
    expect(await (await open()).ends()).toBe('ECONNRESET')
    await server.restart()
  })

  test('stops: nothing is connected and nothing is accepted', async () => {
    const client = await open()
    await proxy.stop()
    expect(['end', 'close', 'ECONNRESET']).toContain(await client.ends())
    await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
