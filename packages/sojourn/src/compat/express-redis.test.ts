import { createClient } from 'redis'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSessionStore } from '../core/create-session-store.ts'
import { redis } from '../engines/redis/index.ts'
import { type ExpressStore, RedisStore, session } from './express-module.test-support.ts'
import { expressSessionStore } from './express-session.ts'
import { expressSite } from './express-site.test-support.ts'

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

/** A browser with a session on a site whose store is of this kind. */
async function visitor(store: ExpressStore) {
  const browser = (await expressSite(store)).browser()
  await browser.post('/data?set=user:ada')
  return browser
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
  test('is an error within the time limit with ours, and the cookie stays; connect-redis waits on', async () => {
    const running = await server()
    const [theirs, mine] = [await visitor(await connectRedis(running)), await visitor(await ours(running))]
    running.pause()
    onTestFinished(() => running.resume())
    const answered: string[] = []
    const hanging = theirs.get('/data').finally(() => answered.push('connect-redis'))
    const { status, setCookie } = await mine.get('/data')
    expect([status, setCookie, answered]).toEqual([500, [], []])
    running.resume()
    expect((await hanging).status).toBe(200)
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
