import { createClient } from 'redis'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore } from '../core/create-session-store.ts'
import { redis } from '../engines/redis/index.ts'
import { type ExpressStore, RedisStore, session } from './express-module.test-support.ts'
import { expressSessionStore } from './express-session.ts'
import { expressSite } from './express-site.test-support.ts'

/** Longer than our limit for an operation, and than anybody waits for a page. */
const PATIENCE_MS = 4_000

/** A Redis server of the test's own. */
async function server(): Promise<RedisServer> {
  const started = await startRedis()
  onTestFinished(() => started.stop())
  return started
}

async function connectRedis({ host, port }: RedisServer): Promise<ExpressStore> {
  const client = createClient({ socket: { host, port } })
  await client.connect()
  onTestFinished(() => client.destroy())
  return new RedisStore({ client, prefix: 'sess:' })
}

async function ours({ url }: RedisServer): Promise<ExpressStore> {
  const sessions = await createSessionStore<Record<string, unknown>>({ engine: redis({ url }), sweep: false })
  onTestFinished(() => sessions.close())
  return expressSessionStore(session.Store, sessions)
}

/** A request while the server is paused: its status, or that nobody answered; and whether a cookie came. */
async function whilePaused(open: (running: RedisServer) => Promise<ExpressStore>) {
  const running = await server()
  const browser = (await expressSite(await open(running))).browser()
  await browser.post('/data?set=user:ada')
  running.pause()
  onTestFinished(() => running.resume())
  const nobody = new Promise<'no answer'>((resolve) => setTimeout(resolve, PATIENCE_MS, 'no answer'))
  const answer = await Promise.race([browser.get('/data'), nobody])
  return answer === 'no answer' ? answer : { status: answer.status, setCookie: answer.setCookie }
}

/** Whether anything that the server stores holds the id of the browser's cookie. */
async function holdsId(open: (running: RedisServer) => Promise<ExpressStore>): Promise<boolean> {
  const running = await server()
  const browser = (await expressSite(await open(running))).browser()
  await browser.post('/data?set=user:ada')
  const [id = ''] = decodeURIComponent(browser.cookies.get('connect.sid') ?? '')
    .slice(2)
    .split('.')
  expect(id).toHaveLength(32)
  const client = createClient({ socket: { host: running.host, port: running.port } })
  await client.connect()
  onTestFinished(() => client.destroy())
  const keys = await client.keys('*')
  const dumps = await Promise.all(keys.map((key) => client.sendCommand(['DUMP', key])))
  return [...keys, ...dumps.map(String)].some((text) => text.includes(id))
}

describe('complaint 23: a Redis that does not answer', () => {
  test('leaves the request with connect-redis without an answer', async () => {
    expect(await whilePaused(connectRedis)).toBe('no answer')
  })

  test('is an error within the time limit with ours, and the cookie stays', async () => {
    expect(await whilePaused(ours)).toEqual({ status: 500, setCookie: [] })
  })
})

describe('complaint 31: what lies in Redis', () => {
  test('holds the id of the session with connect-redis', async () => {
    expect(await holdsId(connectRedis)).toBe(true)
  })

  test('T152: holds nothing that a cookie could carry with ours', async () => {
    expect(await holdsId(ours)).toBe(false)
  })
})
