import { getIronSession, sealData } from 'iron-session'
import { describe, expect, test } from 'vitest'
import { standStill } from '../compat/express-world.test-support.ts'
import { ENGINES, type EngineUnderTest } from '../core/engines.test-support.ts'
import type { JsonObject } from '../core/foreign-data.ts'
import type { OldSessions } from '../http/old-sessions.ts'
import { ironSession } from './iron-session.ts'
import { type NativeSite, nativeSites, userAt, withCookies } from './native.test-support.ts'

const password = 'a password of at least thirty-two characters'
const MINUTE = 60_000
const DAY = 86_400_000

const options = {
  cookieName: 'before',
  userId: ({ user }: JsonObject) => (typeof user === 'string' ? user : null),
  data: ({ theme }: JsonObject) => ({ theme: theme ?? null }),
}

/** The cookies that an application on iron-session has set for somebody. */
async function cookiesOf(data: object, more: object = {}): Promise<Map<string, string>> {
  const response = new Response()
  const session = await getIronSession<Record<string, unknown>>(
    new Request('https://bank.example'),
    response,
    {
      ...{ password, cookieName: 'before' },
      ...more,
    },
  )
  Object.assign(session, data)
  await session.save()
  const pairs = response.headers.getSetCookie().map((line) => line.split(';')[0] ?? '')
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}

describe.each(ENGINES)('from iron-session to our own middleware over $name', (engine) => {
  test('MI1: who is logged in stays so, and our cookie takes the place of the seal', async () => {
    const [site] = await nativeSites(engine, ironSession({ ...options, password }))
    const browser = withCookies(site.browser(), await cookiesOf({ user: 'ada', theme: 'dark' }))
    const answer = await browser.get('/me')
    expect(JSON.parse(answer.body)).toEqual({ userId: 'ada', data: { theme: 'dark' } })
    expect([...browser.cookies.keys()]).toEqual(['__Host-id'])
    expect(await userAt(browser)).toBe('ada')
  })

  test('IR1: fetched once and logged out, the old cookie is worth nothing, now and later', async () => {
    expect(await replayed(engine, ironSession({ ...options, password }))).toEqual([])
  })

  test('IR1: a broken twin that does not remember the seal is found', async () => {
    const broken = forgetful()
    expect(await replayed(engine, broken)).not.toEqual([])
  })

  test('IR1: the same seal with another version behind it is worth nothing either', async () => {
    const [site] = await nativeSites(engine, ironSession({ ...options, password }))
    const cookies = await cookiesOf({ user: 'ada' })
    const browser = withCookies(site.browser(), cookies)
    await userAt(browser)
    await browser.post('/logout')
    const seal = decodeURIComponent(cookies.get('before') ?? '').replace(/~2$/, '')
    for (const value of [seal, `${seal}~2`, `${seal}~7`, `${seal}~2~2`, `${seal}*`]) {
      const thief = withCookies(site.browser(), new Map([['before', value]]))
      expect(await userAt(thief)).toBeNull()
    }
  })

  test('IR1: once its token was changed, or a minute is over, the seal leads nowhere', async () => {
    const move = standStill()
    const [site] = await nativeSites(engine, ironSession({ ...options, password }))
    const cookies = [await cookiesOf({ user: 'ada' }), await cookiesOf({ user: 'bob' })]
    const [rotated, late] = cookies.map((each) => withCookies(site.browser(), each))
    expect([rotated && (await userAt(rotated)), late && (await userAt(late))]).toEqual(['ada', 'bob'])
    await rotated?.post('/rotate')
    expect(await userAt(withCookies(site.browser(), cookies[0] ?? new Map()))).toBeNull()
    move(MINUTE)
    expect(await userAt(withCookies(site.browser(), cookies[1] ?? new Map()))).toBeNull()
    expect([rotated && (await userAt(rotated)), late && (await userAt(late))]).toEqual(['ada', 'bob'])
  })

  test('IR2: parallel first requests with one seal make one session, and all get its cookie', async () => {
    const sites = await nativeSites(engine, ironSession({ ...options, password }), { count: 2 })
    expect(await together(sites)).toEqual({ users: ['ada'], cookies: 1, sessions: 1 })
    const counts = sites.map(({ sessions }) => sessions.counters().oldImported)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1)
  })

  test('IR2: a broken twin that does not remember the seal is found', async () => {
    const sites = await nativeSites(engine, forgetful(), { count: 2 })
    expect(await together(sites)).not.toEqual({ users: ['ada'], cookies: 1, sessions: 1 })
  })

  test('MI2: the session ends no later than the seal would have', async () => {
    const move = standStill()
    const [site] = await nativeSites(engine, ironSession({ ...options, password, ttl: 600 }))
    const browser = withCookies(site.browser(), await cookiesOf({ user: 'ada' }, { ttl: 600 }))
    expect(await userAt(browser)).toBe('ada')
    const [session] = await site.sessions.list({ userId: 'ada' })
    expect(session?.expiresAt).toBe(Date.now() + 10 * MINUTE)
    const late = withCookies(site.browser(), await cookiesOf({ user: 'bob' }, { ttl: 600 }))
    move(10 * MINUTE)
    expect(await userAt(late)).toBeNull()
  })

  test('a seal of another password, or of several of them, is taken for what it is', async () => {
    const passwords = { 1: password, 2: `${password}!` }
    const [site] = await nativeSites(engine, ironSession({ ...options, password: passwords }))
    const seal = (data: object, by: string | Record<string, string>) => sealData(data, { password: by })
    const values = [
      [await seal({ user: 'ada' }, passwords), 'ada'],
      [await seal({ user: 'ada' }, { 3: `${password}?` }), null],
      [await seal({}, passwords), null],
      ['Fe26.2*1*a*b*c**d*e~2', null],
      ['tea', null],
    ] as const
    for (const [value, user] of values) {
      expect(await userAt(withCookies(site.browser(), new Map([['before', value]])))).toBe(user)
    }
  })

  test('a long seal that lies in several cookies is put together, and all of them go', async () => {
    const [site] = await nativeSites(engine, ironSession({ ...options, password }))
    const seal = await sealData({ user: 'ada', theme: 'x'.repeat(4_000) }, { password })
    const chunks = seal.match(/.{1,3000}/g) ?? []
    const cookies = new Map(chunks.map((chunk, index) => [`before.${index}`, chunk]))
    expect(cookies.size).toBeGreaterThan(1)
    const browser = withCookies(site.browser(), cookies)
    expect(await userAt(browser)).toBe('ada')
    expect([...browser.cookies.keys()]).toEqual(['__Host-id'])
  })
})

/** A twin that takes each seal for one that it has not seen. */
function forgetful(): OldSessions {
  const right = ironSession({ ...options, password })
  let count = 0
  return {
    ...right,
    presented: (header) => {
      const presented = right.presented(header)
      count += 1
      return presented && { ...presented, credential: `${count} of ${process.hrtime.bigint()}` }
    },
  }
}

/** What twelve first requests with one seal come to. */
async function together(sites: readonly [NativeSite, ...NativeSite[]]) {
  const cookies = await cookiesOf({ user: 'ada' })
  const browsers = Array.from({ length: 12 }, (_, index) =>
    withCookies((sites[index % 2] ?? sites[0]).browser(), cookies),
  )
  const users = new Set(await Promise.all(browsers.map(userAt)))
  const sessions = await sites[0].sessions.list({ userId: 'ada' })
  return {
    users: [...users],
    cookies: new Set(browsers.map(({ cookie }) => cookie)).size,
    sessions: sessions.length,
  }
}

/** What is wrong when a seal that was copied before comes back after the log-out. */
async function replayed(engine: EngineUnderTest, old: OldSessions): Promise<string[]> {
  const move = standStill()
  const [site, other] = await nativeSites(engine, old, { count: 2 })
  const cookies = await cookiesOf({ user: 'ada' })
  const browser = withCookies(site.browser(), cookies)
  await userAt(browser)
  await browser.post('/logout')
  const wrong: string[] = []
  for (const days of [0, 1, 12]) {
    move(days * DAY)
    while ((await site.sessions.sweep()) > 0);
    for (const { browser: fresh } of [site, other ?? site]) {
      if ((await userAt(withCookies(fresh(), cookies))) === 'ada') wrong.push(`back after ${days} days`)
    }
  }
  return wrong
}
