import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import type { JsonObject } from '../core/foreign-data.ts'
import type { OldStore } from '../core/old-store.ts'
import { idIn, listening, Moving } from './express-move.test-support.ts'
import { fromExpressSession } from './from-cookie.ts'
import { nativeSites, userAt, withCookies } from './native.test-support.ts'

const taking = {
  userId: ({ user }: JsonObject) => (typeof user === 'string' ? user : null),
  data: ({ theme }: JsonObject) => (theme === undefined ? {} : { theme }),
}

function sessionsBefore(store: OldStore) {
  return fromExpressSession({ ...taking, store, secret: ['new', 'tests'] })
}

describe.each(ENGINES)('from express-session to our own middleware over $name', (engine) => {
  test('MI1: who is logged in stays so; our cookie takes the place of the old one; the old key is gone', async () => {
    const moving = await Moving.over(engine)
    const [site] = await nativeSites(engine, sessionsBefore(moving.reader()))
    const old = (await moving.oldSite()).browser()
    await old.post('/login?user=ada')
    await old.post('/data?set=theme:dark&set=cart:tea')
    const browser = withCookies(site.browser(), old.cookies)
    const answer = await browser.get('/me')
    expect(JSON.parse(answer.body)).toEqual({ userId: 'ada', data: { theme: 'dark' } })
    expect(answer.setCookie.map((line) => line.split('=')[0])).toEqual(['__Host-id', 'connect.sid'])
    expect(answer.setCookie[1]).toBe(
      'connect.sid=; Path=/; HttpOnly; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    )
    expect(answer.headers['cache-control']).toBe('private, no-store')
    expect([...browser.cookies.keys()]).toEqual(['__Host-id'])
    expect(await moving.keys()).toEqual([])
    expect(await userAt(browser)).toBe('ada')
    const [session] = await site.sessions.list({ userId: 'ada' })
    expect(session?.authenticatedAt).toBeNull()
    expect(site.sessions.counters().oldImported).toBe(1)
  })

  test('MI1: a page that looks at no session hands the new cookie out too', async () => {
    const moving = await Moving.over(engine)
    const [site] = await nativeSites(engine, sessionsBefore(moving.reader()))
    const old = (await moving.oldSite()).browser()
    await old.post('/login?user=ada')
    const browser = withCookies(site.browser(), old.cookies)
    await browser.get('/aside')
    expect(await userAt(browser)).toBe('ada')
  })

  test('MI3: after a log-out the old cookie gives nothing, though the old key comes back', async () => {
    const moving = await Moving.over(engine)
    const [site] = await nativeSites(engine, sessionsBefore(moving.reader()))
    const old = (await moving.oldSite()).browser()
    await old.post('/login?user=ada')
    const key = moving.prefix + idIn(old)
    const text = (await moving.client.get(key)) ?? ''
    const browser = withCookies(site.browser(), old.cookies)
    await userAt(browser)
    await browser.post('/logout')
    expect(browser.cookies.size).toBe(0)
    await moving.client.set(key, text)
    expect(await userAt(withCookies(site.browser(), old.cookies))).toBeNull()
  })

  test('parallel first requests in two processes make one session, and all get its cookie', async () => {
    const moving = await Moving.over(engine)
    const sites = await nativeSites(engine, sessionsBefore(moving.reader()), { count: 2 })
    const old = (await moving.oldSite()).browser()
    await old.post('/login?user=ada')
    const browsers = Array.from({ length: 12 }, (_, index) =>
      withCookies((sites[index % 2] ?? sites[0]).browser(), old.cookies),
    )
    expect(await Promise.all(browsers.map(userAt))).toEqual(browsers.map(() => 'ada'))
    expect(new Set(browsers.map(({ cookie }) => cookie)).size).toBe(1)
    expect(await sites[0].sessions.list({ userId: 'ada' })).toHaveLength(1)
  })

  test('refuses what finds no cookies, such as an old store alone', async () => {
    const moving = await Moving.over(engine)
    const opening = Reflect.apply(nativeSites, null, [engine, moving.reader()])
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('MI3: when all sessions of the user were ended, those of before end with them', async () => {
    const moving = await Moving.over(engine)
    const [site] = await nativeSites(engine, sessionsBefore(moving.reader()))
    const oldSite = await moving.oldSite()
    const [ada, bob] = [oldSite.browser(), oldSite.browser()]
    await ada.post('/login?user=ada')
    await bob.post('/login?user=bob')
    await site.sessions.revokeUser('ada')
    expect(await userAt(withCookies(site.browser(), ada.cookies))).toBeNull()
    expect(await userAt(withCookies(site.browser(), bob.cookies))).toBe('bob')
    expect(site.sessions.counters()).toMatchObject({ oldImported: 1, oldRefused: 1 })
  })

  test('a cookie that nobody signed asks the old store nothing, and neither does one of ours', async () => {
    const moving = await Moving.over(engine)
    const { line, asked } = listening(moving.reader())
    const [site] = await nativeSites(engine, sessionsBefore(line))
    const old = (await moving.oldSite()).browser()
    await old.post('/login?user=ada')
    const id = idIn(old)
    for (const value of [id, `s%3A${id}`, `s%3A${id}.`, `s%3A${id}.x`, `s:${'x'.repeat(32)}.abc`]) {
      expect(await userAt(withCookies(site.browser(), new Map([['connect.sid', value]])))).toBeNull()
    }
    expect(asked).toEqual([])
    const browser = withCookies(site.browser(), old.cookies)
    await userAt(browser)
    await userAt(withCookies(browser, old.cookies))
    expect(asked).toEqual([id])
  })

  test('an anonymous session of before is one here, and what is gone stays gone', async () => {
    const moving = await Moving.over(engine)
    const [site] = await nativeSites(engine, sessionsBefore(moving.reader()))
    const oldSite = await moving.oldSite()
    const [visitor, gone] = [oldSite.browser(), oldSite.browser()]
    for (const browser of [visitor, gone]) await browser.post('/data?set=theme:dark')
    await moving.client.del(moving.prefix + idIn(gone))
    const moved = await withCookies(site.browser(), visitor.cookies).get('/me')
    expect(JSON.parse(moved.body)).toEqual({ userId: null, data: { theme: 'dark' } })
    const answer = await withCookies(site.browser(), gone.cookies).get('/me')
    expect([answer.status, answer.setCookie]).toEqual([200, []])
  })

  test('while the old store cannot be asked, only who looks at the session hears of it', async () => {
    const moving = await Moving.over(engine)
    const down: OldStore = { ...moving.reader(), read: () => Promise.reject(new Error('down')) }
    const [site] = await nativeSites(engine, sessionsBefore(down))
    const old = (await moving.oldSite()).browser()
    await old.post('/login?user=ada')
    const browser = withCookies(site.browser(), old.cookies)
    expect((await browser.get('/aside')).status).toBe(200)
    const answer = await browser.get('/me')
    expect([answer.status, answer.setCookie]).toEqual([503, []])
    expect(await moving.keys()).toHaveLength(1)
  })
})
