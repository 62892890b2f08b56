import { Redis } from 'ioredis'
import { type RedisServer, startProxy, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore, type Duration, type SessionData, type SessionStore } from '../core/index.ts'
import { type Children, COMPILE_MS, compileChildren } from '../engines/lmdb/children.test-support.ts'
import { redis, redisFeed } from '../engines/redis/index.ts'
import { freshPrefix } from '../engines/redis/redis.test-support.ts'
import { clientOf, heard } from './io.test-support.ts'
import { headersOf, Visitor } from './sockets.test-support.ts'

/** What CONTRACTS WS1 allows. A look comes every half second; the rest is for a busy machine. */
const LIMIT_MS = 2_000
const ROUNDS = Number(process.env['SOJOURN_ROUNDS'] ?? 5)

let server: RedisServer
let children: Children
beforeAll(async () => {
  server = await startRedis()
  children = await compileChildren()
}, COMPILE_MS)
afterAll(async () => {
  await children[Symbol.asyncDispose]()
  await server.stop()
})

interface Setup {
  readonly withFeed?: boolean
  readonly idle?: Duration
  /** Where the other process reads the feed from; the server itself when left out. */
  readonly feedPort?: number
}

/** This process, in which users log out, and the port of another one, which holds their sockets. */
async function twoProcesses({ withFeed = false, idle = '30m', feedPort = server.port }: Setup = {}) {
  const prefix = freshPrefix()
  const client = new Redis({ host: server.host, port: server.port })
  const engine = redis({ client, prefix })
  const feed = withFeed ? { feed: redisFeed({ client, prefix }) } : {}
  const store = await createSessionStore({ engine, lifetime: { idle, absolute: '1h' }, ...feed })
  const feedArguments = withFeed ? [String(feedPort)] : []
  const child = children.start('../../adapters/sockets-child', String(server.port), prefix, ...feedArguments)
  onTestFinished(async () => {
    await child.kill()
    await store.close()
    client.disconnect()
  })
  return { store, port: Number(await child.says('port')) }
}

/** Opens a socket of each library in the other process; the instants at which they close. */
async function openBoth(port: number, token: string) {
  const client = clientOf({ port, token }, { transports: ['websocket'], extraHeaders: headersOf(token) })
  const visitor = new Visitor(port, headersOf(token), '/ws')
  await Promise.all([heard(client, 'connect'), visitor.hears()])
  const now = () => performance.now()
  return { ws: visitor.closed.then(now), io: heard(client, 'disconnect').then(now) }
}

type Ending = (store: SessionStore<SessionData>, token: string) => Promise<unknown>

/**
 * Milliseconds from the answer to a log-out to the close in the other process, sorted. Each log-out follows right on a
 * look, which closed the sockets before or was the first: so each waits as long as one can.
 */
async function delaysOf(store: SessionStore<SessionData>, port: number, end: Ending) {
  const ws: number[] = []
  const io: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const { token } = await store.create({ userId: `u_${round}` })
    const closings = await openBoth(port, token)
    await end(store, token)
    const endedAt = performance.now()
    ws.push((await closings.ws) - endedAt)
    io.push((await closings.io) - endedAt)
  }
  return { ws: ws.sort((a, b) => a - b), io: io.sort((a, b) => a - b) }
}

function summary(delays: readonly number[]): string {
  const at = (share: number) => Math.round(delays[Math.ceil(share * delays.length) - 1] ?? 0)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms, ${delays.length} times`
}

describe('a log-out in one process', () => {
  test.for([
    ['without a feed', false],
    ['with a feed', true],
  ] as const)('WS1: closes the sockets in another within 2 s, %s', async ([name, withFeed], { annotate }) => {
    const { store, port } = await twoProcesses({ withFeed })
    const { ws, io } = await delaysOf(store, port, (_, token) => store.revoke(token))
    await annotate(`${name}: ws ${summary(ws)}; Socket.IO ${summary(io)}`)
    expect([ws, io].map((delays) => (delays.at(-1) ?? LIMIT_MS) < LIMIT_MS)).toEqual([true, true])
  })

  test('WS2: closes them by the next look when the feed was cut meanwhile', async ({ annotate }) => {
    const proxy = await startProxy({ to: server })
    onTestFinished(() => proxy.stop())
    const { store, port } = await twoProcesses({ withFeed: true, feedPort: proxy.port })
    const { ws, io } = await delaysOf(store, port, async (_, token) => {
      await proxy.refuse(true)
      proxy.cut()
      await store.revoke(token)
    })
    await annotate(`feed cut: ws ${summary(ws)}; Socket.IO ${summary(io)}`)
    expect([ws, io].map((delays) => (delays.at(-1) ?? LIMIT_MS) < LIMIT_MS)).toEqual([true, true])
  })
})

test('WS5: sockets close within the time of a look when their session expires', async ({ annotate }) => {
  const { store, port } = await twoProcesses({ idle: '1500ms' })
  const { token, session } = await store.create({ userId: 'u_1' })
  const closings = await openBoth(port, token)
  const expiresIn = session.expiresAt - Date.now()
  const expiresAt = performance.now() + expiresIn
  const delays = [(await closings.ws) - expiresAt, (await closings.io) - expiresAt]
  await annotate(`after expiry: ${delays.map((delay) => `${Math.round(delay)} ms`).join(', ')}`)
  // Two clocks of one machine agree to the millisecond that each cuts off.
  expect(delays.filter((delay) => delay < -2 || delay >= LIMIT_MS)).toEqual([])
})
