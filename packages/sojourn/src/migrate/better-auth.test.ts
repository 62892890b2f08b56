import { memoryAdapter } from 'better-auth/adapters/memory'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type BetterAuthStorage, betterAuthStorage } from '../compat/better-auth.ts'
import { App, SECRET, tokenIn } from '../compat/better-auth-world.test-support.ts'
import { createSessionStore } from '../core/create-session-store.ts'
import { ENGINES, type EngineUnderTest } from '../core/engines.test-support.ts'
import { betterAuthRedis } from './better-auth-redis.ts'
import { Moving } from './express-move.test-support.ts'

const DAY = 86_400_000

/** As @better-auth/redis-storage writes: each method is one command. */
function redisStorage({ client, prefix }: Moving): BetterAuthStorage {
  return {
    get: (key) => client.get(prefix + key),
    set: async (key, value, ttl) => {
      if (ttl) await client.set(prefix + key, value, { expiration: { type: 'EX', value: ttl } })
      else await client.set(prefix + key, value)
    },
    delete: async (key) => void (await client.del(prefix + key)),
    getAndDelete: (key) => client.getDel(prefix + key),
    increment: (key) => client.incr(prefix + key),
  }
}

/** better-auth before, and after; their users are in one database. */
async function moved(engine: EngineUnderTest) {
  const moving = await Moving.over(engine)
  const database = memoryAdapter({ user: [], session: [], account: [], verification: [] })
  const storage = await engine.prepare()
  onTestFinished(() => storage.dispose())
  const sessions = await createSessionStore<Record<string, unknown>>({
    ...{ sweep: false, lifetime: { idle: '30d', absolute: '90d' } as const },
    engine: await storage.open(),
  })
  onTestFinished(() => sessions.close())
  const migrateFrom = betterAuthRedis({ client: moving.client, prefix: moving.prefix })
  const after = new App(betterAuthStorage(sessions, { secret: SECRET, migrateFrom }), { database })
  return { moving, sessions, before: new App(redisStorage(moving), { database }), after }
}

describe.each(ENGINES)('from better-auth on Redis to $name', (engine) => {
  test('MI1, MI2, MI3: who is logged in stays so for as long, and can log out', async () => {
    const { moving, sessions, before, after } = await moved(engine)
    const cookie = await before.signUp()
    const [key = ''] = (await moving.keys()).filter((name) => name.endsWith(tokenIn(cookie)))
    const text = (await moving.client.get(key)) ?? ''
    expect(await after.who(cookie)).toBe('Ada')
    expect(await moving.client.get(key)).toBeNull()
    const { session } = JSON.parse(text)
    const listed = await sessions.list({ userId: session.userId })
    expect(Math.abs((listed[0]?.expiresAt ?? 0) - Date.now() - 7 * DAY)).toBeLessThan(1_000)
    await after.call('/sign-out', { cookie, body: {} })
    await moving.client.set(key, text)
    expect(await after.who(cookie)).toBeNull()
  })

  test('a list names sessions that nobody has asked for yet, and each of them can be ended', async () => {
    const { before, after } = await moved(engine)
    const cookies = [await before.signUp(), await before.signIn(), await before.signIn()]
    const [first = '', second = '', third = ''] = cookies
    expect((await after.listed(first)).sort()).toEqual(cookies.map(tokenIn).sort())
    await after.call('/revoke-session', { cookie: first, body: { token: tokenIn(third) } })
    expect([await after.who(second), await after.who(third)]).toEqual(['Ada', null])
  })

  test('a revocation of all sessions ends those that nobody has asked for yet', async () => {
    const { before, after } = await moved(engine)
    const [first, second] = [await before.signUp(), await before.signIn()]
    await after.call('/revoke-other-sessions', { cookie: first, body: {} })
    expect([await after.who(first), await after.who(second)]).toEqual(['Ada', null])
    await after.call('/revoke-sessions', { cookie: first, body: {} })
    expect([await after.who(first), await after.who(second)]).toEqual([null, null])
  })

  test.each(['before', 'after'])(
    'a session that began before a revocation %s is not fetched',
    async (where) => {
      const { moving, sessions, before, after } = await moved(engine)
      const cookie = await before.signUp()
      const key = `${moving.prefix}${tokenIn(cookie)}`
      const { session } = JSON.parse((await moving.client.get(key)) ?? '{}')
      // No list names it.
      await moving.client.del(`${moving.prefix}active-sessions-${session.userId}`)
      const storage = where === 'before' ? redisStorage(moving) : after.storage
      await storage.set(`revoked-sessions-before-${session.userId}`, String(Date.now() + 1), 3_600)
      expect(await after.who(cookie)).toBeNull()
      expect(await sessions.list({ userId: session.userId })).toEqual([])
    },
  )

  test('values of before are found until they are over, and taken once', async () => {
    const { moving, after } = await moved(engine)
    const old = redisStorage(moving)
    for (const name of ['one', 'two', 'three']) await old.set(`verification:${name}`, `"${name}"`, 600)
    const { storage } = after
    expect(await storage.get('verification:one')).toBe('"one"')
    expect((await Promise.all([1, 2, 3].map(() => storage.getAndDelete('verification:one')))).sort()).toEqual(
      ['"one"', null, null],
    )
    await storage.set('verification:two', '"new"', 1)
    await storage.delete('verification:two')
    expect(await storage.get('verification:two')).toBeNull()
    await storage.delete('verification:three')
    expect(await storage.get('verification:three')).toBeNull()
    expect(await storage.get('verification:four')).toBeNull()
  })
})
