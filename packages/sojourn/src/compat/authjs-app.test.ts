import type { Adapter } from '@auth/core/adapters'
import { describe, expect, test } from 'vitest'
import { ENGINES, type EngineUnderTest } from '../core/engines.test-support.ts'
import { systemClock } from '../core/system-clock.ts'
import { authjsSessions } from './authjs.ts'
import {
  type Held,
  naiveSessions,
  pausing,
  Site,
  sessionCookieIn,
  usersInMemory,
} from './authjs-world.test-support.ts'
import { worldOver } from './key-value.test-support.ts'

const OPTIONS = { clock: systemClock, lifetime: 'aal1' } as const
const [MEMORY] = ENGINES

async function oursOver(engine: EngineUnderTest) {
  const place = await (await worldOver(engine, OPTIONS)).place()
  const users = usersInMemory()
  const adapter = { ...users, ...authjsSessions(place.store, { users }) } satisfies Adapter
  return { adapter, place }
}

/** Deletes a session between the read and the write of its refresh; whether it is back afterwards. */
async function isRevived(adapter: Adapter, held: Held): Promise<boolean> {
  const site = new Site(adapter, { updateAge: 0 })
  const cookie = await site.logIn()
  const refreshing = site.who(cookie)
  await held.reached
  await site.post('/auth/signout', cookie)
  held.release()
  await refreshing
  return (await site.who(cookie)) !== null
}

describe.each(ENGINES)('Auth.js itself, with sessions over $name', (engine) => {
  test('AU1: logs in and out, and refreshes', async () => {
    const { adapter, place } = await oursOver(engine)
    const site = new Site(adapter, { updateAge: 0 })
    const [first, second] = [await site.logIn(), await site.logIn()]
    expect([await site.who(first), await site.who(second)]).toEqual(['ada@example.com', 'ada@example.com'])
    const [user] = [await adapter.getUserByEmail('ada@example.com')]
    const listed = await place.store.list({ userId: user?.id ?? '' })
    expect(listed).toHaveLength(2)
    const inThirtyDays = Date.now() + 30 * 86_400_000
    for (const { expiresAt } of listed) expect(Math.abs(expiresAt - inThirtyDays)).toBeLessThan(60_000)
    expect(sessionCookieIn(await site.post('/auth/signout', first))).toBe('')
    expect([await site.who(first), await site.who(second)]).toEqual([null, 'ada@example.com'])
    await place.store.revokeUser(user?.id ?? '')
    expect(sessionCookieIn(await site.call('/auth/session', second))).toBe('')
    expect(site.errors).toEqual([])
  })

  test('AU2: does not revive a session that is deleted while it is refreshed', async () => {
    const { adapter, place } = await oursOver(engine)
    const held = pausing()
    const updateSession: typeof adapter.updateSession = (session) => {
      const read = place.line.hold('read', 'after')
      void read.reached.then(held.pause).then(read.release)
      return adapter.updateSession(session)
    }
    expect(await isRevived({ ...adapter, updateSession }, held)).toBe(false)
  })

  test('AU3: leaves the cookie alone while the engine is away', async () => {
    const { adapter, place } = await oursOver(engine)
    const site = new Site(adapter)
    const cookie = await site.logIn()
    place.line.crash(0, 'before')
    expect(sessionCookieIn(await site.call('/auth/session', cookie))).toBeNull()
    expect(site.errors.length).toBeGreaterThan(0)
    place.line.recover()
    expect(await site.who(cookie)).toBe('ada@example.com')
  })
})

describe('a broken twin', () => {
  test('AU2: that writes back what it read revives a session', async () => {
    const users = usersInMemory()
    const held = pausing()
    const adapter = { ...users, ...(await naiveSessions(users, held.pause)) }
    expect(await isRevived(adapter, held)).toBe(true)
  })

  test('AU1: that is an instance of a class passes the check of Auth.js, and then has no methods', async () => {
    const { adapter } = await oursOver(MEMORY)
    const site = new Site(Object.create(adapter))
    await expect(site.logIn()).rejects.toThrow('no session was begun')
  })

  test('AU3: that takes an outage for absent has the cookie cleared', async () => {
    const { adapter, place } = await oursOver(MEMORY)
    const getSessionAndUser: typeof adapter.getSessionAndUser = (token) =>
      adapter.getSessionAndUser(token).catch(() => null)
    const site = new Site({ ...adapter, getSessionAndUser })
    const cookie = await site.logIn()
    place.line.crash(0, 'before')
    expect(sessionCookieIn(await site.call('/auth/session', cookie))).toBe('')
    place.line.recover()
  })
})
