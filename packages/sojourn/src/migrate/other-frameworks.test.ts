import { describe, expect, onTestFinished, test } from 'vitest'
import { userIn } from '../compat/express-world.test-support.ts'
import { fastifySessionStore } from '../compat/fastify-session.ts'
import { fastifySite } from '../compat/fastify-site.test-support.ts'
import { koaSessionStore } from '../compat/koa-session.ts'
import { koaSite } from '../compat/koa-site.test-support.ts'
import { createSessionStore } from '../core/create-session-store.ts'
import { ENGINES, type EngineUnderTest } from '../core/engines.test-support.ts'
import type { JsonObject } from '../core/foreign-data.ts'
import type { SessionStore } from '../core/session-store.ts'
import { HOUR, Moving, shown, takeTo } from './express-move.test-support.ts'
import { expressStore } from './express-store.ts'
import { fastifyRedis } from './fastify-redis.ts'
import { fromFastifySession, fromKoaSession } from './from-cookie.ts'
import { koaRedis } from './koa-redis.ts'
import { migrate } from './migrate.ts'
import { nativeSites, userAt, withCookies } from './native.test-support.ts'

type Data = Record<string, unknown>

const SECOND = 1_000
const MODES = ['move', 'mirror'] as const
const [memory] = ENGINES
const userId = ({ user }: JsonObject) => (typeof user === 'string' ? user : null)

async function sessionsOver(engine: EngineUnderTest): Promise<SessionStore<Data>> {
  const storage = await engine.prepare()
  onTestFinished(() => storage.dispose())
  const sessions = await createSessionStore<Data>({ sweep: false, engine: await storage.open() })
  onTestFinished(() => sessions.close())
  return sessions
}

async function leftOf(sessions: SessionStore<Data>): Promise<number> {
  const [session] = await sessions.list({ userId: 'ada' })
  return (session?.expiresAt ?? 0) - Date.now()
}

/** A store as the manual of koa-session has it over Redis, and as koa-redis writes: seconds, rounded up. */
function koaRedisStore({ client }: Moving) {
  return {
    get: async (key: string): Promise<unknown> => JSON.parse((await client.get(key)) ?? 'null'),
    set: async (key: string, data: object, maxAge: number) => {
      const value = Math.ceil(maxAge / SECOND)
      await client.set(key, JSON.stringify(data), { expiration: { type: 'EX', value } })
    },
    destroy: async (key: string) => void (await client.del(key)),
  }
}

describe.each(ENGINES)('from @fastify/session on Redis to $name', (engine) => {
  test.each(MODES)('MI1, MI2, MI3: who is logged in stays so, and can log out (%s)', async (mode) => {
    const moving = await Moving.over(engine)
    const sessions = await sessionsOver(engine)
    const migrateFrom = fastifyRedis({ client: moving.client, prefix: moving.prefix, mode })
    const options = { cookie: { maxAge: HOUR, secure: false } }
    const before = await fastifySite(moving.oldStore(), options)
    const after = await fastifySite(fastifySessionStore(sessions, { userId: userIn, migrateFrom }), options)
    const old = before.browser()
    await old.post('/login?user=ada')
    await old.post('/data?set=theme:dark')
    const browser = takeTo(after, old)
    expect(await shown(browser)).toMatchObject({ user: 'ada', theme: 'dark' })
    expect(Math.abs((await leftOf(sessions)) - HOUR)).toBeLessThan(SECOND)
    expect(await moving.keys()).toHaveLength(mode === 'move' ? 0 : 1)
    await browser.post('/data?set=x:1')
    if (mode === 'mirror') expect(await shown(takeTo(before, browser))).toMatchObject({ user: 'ada', x: '1' })
    await browser.post('/logout')
    for (const site of [before, after]) expect(await shown(takeTo(site, old))).not.toHaveProperty('user')
  })

  test('a hash, as another plugin keeps it, is read too, and ends when its key would', async () => {
    const moving = await Moving.over(engine)
    const sessions = await sessionsOver(engine)
    const migrateFrom = fastifyRedis({ client: moving.client, prefix: moving.prefix })
    const key = `${moving.prefix}one`
    await moving.client.hSet(key, {
      data: JSON.stringify({ user: 'ada' }),
      expiry: String(Date.now() + HOUR),
    })
    await moving.client.pExpire(key, HOUR / 2)
    await moving.client.hSet(`${moving.prefix}odd`, { tea: '1' })
    await moving.client.lPush(`${moving.prefix}list`, 'tea')
    const progress = await migrate(migrateFrom, { sessions, as: 'fastify-session', userId: userIn })
    expect(progress).toMatchObject({ seen: 3, imported: 1, unreadable: 2 })
    expect(Math.abs((await leftOf(sessions)) - HOUR / 2)).toBeLessThan(SECOND)
    expect(await moving.keys()).toHaveLength(2)
  })
})

describe.each(ENGINES)('from koa-session on Redis to $name', (engine) => {
  test.each(MODES)('MI1, MI2, MI3: who is logged in stays so, and can log out (%s)', async (mode) => {
    const moving = await Moving.over(engine)
    const sessions = await sessionsOver(engine)
    const migrateFrom = koaRedis({ client: moving.client, mode })
    const options = { maxAge: HOUR, prefix: moving.prefix }
    const before = await koaSite({ ...options, store: koaRedisStore(moving) })
    const after = await koaSite({
      ...options,
      store: koaSessionStore(sessions, { userId: userIn, migrateFrom }),
    })
    const old = before.browser()
    await old.post('/login?user=ada')
    await old.post('/data?set=theme:dark')
    const browser = takeTo(after, old)
    expect(await shown(browser)).toMatchObject({ user: 'ada', theme: 'dark' })
    expect(Math.abs((await leftOf(sessions)) - HOUR - 10 * SECOND)).toBeLessThan(2 * SECOND)
    expect(await moving.keys()).toHaveLength(mode === 'move' ? 0 : 1)
    await browser.post('/data?set=x:1')
    if (mode === 'mirror') expect(await shown(takeTo(before, browser))).toMatchObject({ user: 'ada', x: '1' })
    await browser.post('/logout')
    for (const site of [before, after]) expect(await shown(takeTo(site, old))).not.toHaveProperty('user')
  })
})

describe('to our own middleware', () => {
  test('MI1: from @fastify/session', async () => {
    const moving = await Moving.over(memory)
    const store = fastifyRedis({ client: moving.client, prefix: moving.prefix })
    const before = await fastifySite(moving.oldStore(), { cookie: { maxAge: HOUR, secure: false } })
    const old = before.browser()
    await old.post('/login?user=ada')
    const [[name = '', value = ''] = []] = [...old.cookies]
    expect(name).toBe('sessionId')
    const secret = 's'.repeat(32)
    const [site] = await nativeSites(memory, fromFastifySession({ store, secret, userId }))
    const forged = withCookies(site.browser(), new Map([[name, value.replace(/.$/, '!')]]))
    expect(await userAt(forged)).toBeNull()
    const browser = withCookies(site.browser(), old.cookies)
    expect(await userAt(browser)).toBe('ada')
    expect([...browser.cookies.keys()]).toEqual(['__Host-id'])
    expect(await moving.keys()).toEqual([])
  })

  test('MI1: from koa-session, and both of its cookies go', async () => {
    const moving = await Moving.over(memory)
    const store = koaRedis({ client: moving.client })
    const options = { maxAge: HOUR, prefix: moving.prefix, store: koaRedisStore(moving) }
    const old = (await koaSite(options)).browser()
    await old.post('/login?user=ada')
    expect([...old.cookies.keys()]).toEqual(['koa.sess', 'koa.sess.sig'])
    const [site] = await nativeSites(memory, fromKoaSession({ store, keys: ['new', 'tests'], userId }))
    const forged = new Map([...old.cookies, ['koa.sess.sig', 'x'.repeat(27)] as const])
    expect(await userAt(withCookies(site.browser(), forged))).toBeNull()
    const browser = withCookies(site.browser(), old.cookies)
    expect(await userAt(browser)).toBe('ada')
    expect([...browser.cookies.keys()]).toEqual(['__Host-id'])
    expect(await moving.keys()).toEqual([])
  })
})

describe('from a store of express-session', () => {
  test('what another process of the same kind would lose is fetched from it', async () => {
    const { session } = await import('../compat/express-module.test-support.ts')
    const { expressSite } = await import('../compat/express-site.test-support.ts')
    const { expressSessionStore } = await import('../compat/express-session.ts')
    const old = new session.MemoryStore()
    const sessions = await sessionsOver(memory)
    const before = await expressSite(old, { cookie: { maxAge: HOUR } })
    const [ada, bob] = [before.browser(), before.browser()]
    await ada.post('/login?user=ada')
    await bob.post('/login?user=bob')
    const migrateFrom = expressStore(old)
    const store = expressSessionStore(session.Store, sessions, { userId: userIn, migrateFrom })
    const after = await expressSite(store, { cookie: { maxAge: HOUR } })
    expect(await shown(takeTo(after, ada))).toEqual({ user: 'ada' })
    const to = { sessions, as: 'express-session', userId: userIn } as const
    expect(await migrate(migrateFrom, to)).toMatchObject({ seen: 1, imported: 1, next: null })
    expect(await migrate(migrateFrom, to)).toMatchObject({ seen: 0 })
    expect(await shown(takeTo(after, bob))).toEqual({ user: 'bob' })
  })
})
