import { describe, expect, test } from 'vitest'
import { called } from '../compat/express-site.test-support.ts'
import { standStill } from '../compat/express-world.test-support.ts'
import { SCENARIOS } from '../compat/scenarios.test-support.ts'
import { ENGINES } from '../core/engines.test-support.ts'
import type { OldStoreMode } from '../core/old-store.ts'
import { HOUR, idIn, Moving, shown, takeTo } from './express-move.test-support.ts'

const MINUTE = 60_000

describe.each(ENGINES)('beside connect-redis, over $name', (engine) => {
  test('MI4: what an old process writes after the import is seen here', async () => {
    const moving = await Moving.over(engine)
    expect(await unseen(moving, 'mirror')).toEqual([])
  })

  test('MI4: a broken twin that only moves is found', async () => {
    const moving = await Moving.over(engine)
    expect(await unseen(moving, 'move')).not.toEqual([])
  })

  test('MI4: what is written here is seen by an old process, and its next write keeps that', async () => {
    const moving = await Moving.over(engine)
    const [before, after] = [await moving.oldSite(), await moving.newSite(moving.reader('mirror'))]
    const browser = before.browser()
    await browser.post('/login?user=ada')
    await takeTo(after, browser).post('/data?set=x:1')
    expect(await shown(browser)).toEqual({ user: 'ada', x: '1' })
    await browser.post('/data?set=y:1')
    await takeTo(after, browser).post('/data?set=z:1&delete=x')
    for (const site of [before, after]) {
      expect(await shown(takeTo(site, browser))).toEqual({ user: 'ada', y: '1', z: '1' })
    }
  })

  test('MI4: who logs in here is logged in there', async () => {
    const moving = await Moving.over(engine)
    const [before, after] = [await moving.oldSite(), await moving.newSite(moving.reader('mirror'))]
    const browser = after.browser()
    await browser.post('/login?user=ada')
    for (const site of [before, after, before]) {
      expect(await shown(takeTo(site, browser))).toEqual({ user: 'ada' })
    }
  })

  test('MI4: who logs out here is logged out there, and the other way round', async () => {
    const moving = await Moving.over(engine)
    const [before, after] = [await moving.oldSite(), await moving.newSite(moving.reader('mirror'))]
    for (const [first, second] of [
      [before, after],
      [after, before],
    ] as const) {
      const browser = before.browser()
      await browser.post('/login?user=ada')
      expect(await shown(takeTo(after, browser))).toEqual({ user: 'ada' })
      await takeTo(first, browser).post('/logout')
      expect(await shown(takeTo(second, browser))).toEqual({})
      expect(await shown(takeTo(first, browser))).toEqual({})
      expect(await after.sessions.list({ userId: 'ada' })).toEqual([])
    }
  })

  test('MI4: an end by other means holds there too, as soon as somebody comes by', async () => {
    const moving = await Moving.over(engine)
    const [before, after] = [await moving.oldSite(), await moving.newSite(moving.reader('mirror'))]
    const browser = before.browser()
    await browser.post('/login?user=ada')
    await shown(takeTo(after, browser))
    await after.sessions.revokeUser('ada')
    expect(await shown(takeTo(after, browser))).toEqual({})
    expect(await shown(browser)).toEqual({})
  })

  test('a session that was used there alone does not end here', async () => {
    const moving = await Moving.over(engine)
    const move = standStill()
    const [before, after] = [await moving.oldSite(), await moving.newSite(moving.reader('mirror'))]
    const browser = before.browser()
    await browser.post('/login?user=ada')
    await shown(takeTo(after, browser))
    move(HOUR + MINUTE)
    // Redis has a clock of its own, by which it lives an hour more.
    expect(await shown(takeTo(after, browser))).toEqual({ user: 'ada' })
    expect(await after.sessions.list({ userId: 'ada' })).toHaveLength(1)
  })

  test.each(SCENARIOS)('MI4: $name, goes well', async ({ wrongWith }) => {
    const moving = await Moving.over(engine)
    expect(await wrongWith(await moving.newSite(moving.reader('mirror')))).toEqual([])
  })

  test('MI6: of ten requests at once in two processes, the old store has what all of them wrote', async () => {
    const moving = await Moving.over(engine)
    const before = await moving.oldSite()
    const reader = moving.reader('mirror')
    const sites = [await moving.newSite(reader), await moving.newSite(reader)] as const
    const browser = before.browser()
    await browser.post('/login?user=ada')
    const fields = Array.from({ length: 10 }, (_, index) => `f${index}`)
    await shown(takeTo(sites[0], browser))
    await Promise.all(
      fields.map((field, index) =>
        takeTo(sites[index % 2 === 0 ? 0 : 1], browser).post(`/data?set=${field}:1`),
      ),
    )
    const all = { user: 'ada', ...Object.fromEntries(fields.map((field) => [field, '1'])) }
    for (const site of [before, ...sites]) expect(await shown(takeTo(site, browser))).toEqual(all)
  })

  test('an old key that left when its time was over ends nothing here', async () => {
    const moving = await Moving.over(engine)
    const before = await moving.oldSite()
    const { store, sessions } = await moving.newStore(moving.reader('mirror'))
    const browser = before.browser()
    await browser.post('/login?user=ada')
    await moving.client.pExpire(moving.prefix + idIn(browser), 1_500)
    expect(await called((done) => store.get(idIn(browser), done))).toMatchObject({ user: 'ada' })
    await moving.client.del(moving.prefix + idIn(browser))
    expect(await called((done) => store.get(idIn(browser), done))).toMatchObject({ user: 'ada' })
    expect(await sessions.list({ userId: 'ada' })).toHaveLength(1)
  })

  test('MI6: back to the old store, everybody is logged in as before', async () => {
    const moving = await Moving.over(engine)
    expect(await lostByRollback(moving, 'mirror')).toEqual([])
  })

  test('MI6: a broken twin that only moves is found', async () => {
    const moving = await Moving.over(engine)
    expect(await lostByRollback(moving, 'move')).not.toEqual([])
  })
})

async function unseen(moving: Moving, mode: OldStoreMode): Promise<string[]> {
  const [before, after] = [await moving.oldSite(), await moving.newSite(moving.reader(mode))]
  const browser = before.browser()
  await browser.post('/login?user=ada')
  const wrong: string[] = []
  for (const step of ['one', 'two', 'three']) {
    await shown(takeTo(after, browser))
    await takeTo(before, browser).post(`/data?set=step:${step}`)
    const { user, step: seen } = await shown(takeTo(after, browser))
    if (user !== 'ada' || seen !== step) wrong.push(`${step} is ${seen}`)
  }
  return wrong
}

/** Who is not logged in any more, or not for as long, when the new application is replaced by the old one. */
async function lostByRollback(moving: Moving, mode: OldStoreMode): Promise<string[]> {
  const [before, after] = [await moving.oldSite(), await moving.newSite(moving.reader(mode))]
  const [old, fresh] = [before.browser(), after.browser()]
  await old.post('/login?user=ada')
  await takeTo(after, old).post('/data?set=x:1')
  await fresh.post('/login?user=bob')
  const wrong: string[] = []
  for (const [user, browser] of [
    ['ada', old],
    ['bob', fresh],
  ] as const) {
    const left = await moving.client.pTTL(moving.prefix + idIn(browser))
    const { user: found } = await shown(takeTo(before, browser))
    if (found !== user) wrong.push(`${user} is logged out`)
    else if (Math.abs(left - HOUR) > 5_000) wrong.push(`${user} has ${left} ms left`)
  }
  return wrong
}
