import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { called } from '../compat/express-site.test-support.ts'
import { standStill } from '../compat/express-world.test-support.ts'
import { ENGINES } from '../core/engines.test-support.ts'
import type { OldStore } from '../core/old-store.ts'
import { TOMBSTONE_MS } from '../core/port.ts'
import { connectRedis } from './connect-redis.ts'
import { HOUR, idIn, listening, Moving, oldServer, shown, takeTo } from './express-move.test-support.ts'
import { ironSession } from './iron-session.ts'

const MINUTE = 60_000
const IRON = { password: 'x'.repeat(32), cookieName: 'before', userId: () => null }
const SECOND = 1_000

describe.each(ENGINES)('from connect-redis to $name', (engine) => {
  test('MI1: who is logged in stays so, with the same id and cookie, and the old key is gone', async () => {
    const moving = await Moving.over(engine)
    const [before, after] = [await moving.oldSite(), await moving.newSite()]
    const browser = before.browser()
    await browser.post('/data?set=cart:tea')
    await browser.post('/login?user=ada')
    await browser.post('/data?set=theme:dark')
    expect(await moving.keys()).toHaveLength(1)
    const moved = takeTo(after, browser)
    expect(await shown(moved)).toEqual({ user: 'ada', theme: 'dark' })
    expect(moved.cookies).toEqual(browser.cookies)
    expect(await moving.keys()).toEqual([])
    await moved.post('/data?set=x:1')
    expect(await shown(moved)).toEqual({ user: 'ada', theme: 'dark', x: '1' })
    expect(await after.sessions.list({ userId: 'ada' })).toHaveLength(1)
    expect(after.sessions.counters()).toMatchObject({ oldImported: 1, oldRefused: 0, oldUnreadable: 0 })
    expect(after.errors).toEqual([])
  })

  test('MI1: a broken twin that reads under another prefix is found', async () => {
    const moving = await Moving.over(engine)
    const reader = connectRedis({ client: moving.client, prefix: `${moving.prefix}x` })
    const [before, after] = [await moving.oldSite(), await moving.newSite(reader)]
    const browser = before.browser()
    await browser.post('/login?user=ada')
    expect(await shown(takeTo(after, browser))).not.toEqual({ user: 'ada' })
  })

  test('refuses what is no old store', async () => {
    const moving = await Moving.over(engine)
    const wrong: object[] = [{}, { read: 'me' }, ironSession(IRON)]
    for (const migrateFrom of wrong) {
      const opening = Reflect.apply(moving.newStore, moving, [migrateFrom])
      await expect(opening).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })

  test('MI1: whose session only the old one knows is told nothing of the log-in time', async () => {
    const moving = await Moving.over(engine)
    const [before, after] = [await moving.oldSite(), await moving.newSite()]
    const browser = before.browser()
    await browser.post('/login?user=ada')
    await shown(takeTo(after, browser))
    const [session] = await after.sessions.list({ userId: 'ada' })
    expect(session?.authenticatedAt).toBeNull()
  })

  test('MI2: what is left of its life is what the old key says, and not what its value says', async () => {
    const moving = await Moving.over(engine)
    expect(await driftOf(moving, moving.reader())).toBeLessThan(SECOND)
  })

  test('MI2: a broken twin that believes the value is found', async () => {
    const moving = await Moving.over(engine)
    const reader = moving.reader()
    const broken = {
      ...reader,
      read: async (id: string, now: number) => {
        const old = await reader.read(id, now)
        return old === null || old === 'unreadable' ? old : { ...old, expiresAt: null }
      },
    }
    expect(await driftOf(moving, broken)).toBeGreaterThan(SECOND)
  })

  test('MI2: a session that dies with the browser keeps the life that the key has', async () => {
    const moving = await Moving.over(engine)
    const { store, sessions } = await moving.newStore(moving.reader())
    const browser = (await moving.oldSite({ cookie: {} })).browser()
    await browser.post('/login?user=ada')
    await moving.client.pExpire(moving.prefix + idIn(browser), 50 * MINUTE)
    const found = await called((done) => store.get(idIn(browser), done))
    expect(found).toMatchObject({ user: 'ada', cookie: { expires: null, originalMaxAge: null } })
    const [session] = await sessions.list({ userId: 'ada' })
    expect(Math.abs((session?.expiresAt ?? 0) - Date.now() - 50 * MINUTE)).toBeLessThan(SECOND)
  })

  test('MI3: a log-out after it is final, though the old key comes back', async () => {
    const moving = await Moving.over(engine)
    expect(await undone(moving, moving.reader())).toEqual([])
  })

  test('MI3: a broken twin that forgets how long the old key may live is found', async () => {
    const moving = await Moving.over(engine)
    const reader = moving.reader()
    const broken = {
      ...reader,
      read: async (id: string, now: number) => {
        const old = await reader.read(id, now)
        if (old === null || old === 'unreadable') return old
        const data = { ...old.data, cookie: { path: '/', originalMaxAge: MINUTE } }
        return { ...old, data, expiresAt: now + MINUTE }
      },
    }
    expect(await undone(moving, broken)).toEqual(['it is back later'])
  })

  test('MI3: a log-out before anything was fetched deletes the old key, and is final', async () => {
    const moving = await Moving.over(engine)
    const before = await moving.oldSite()
    const { store, sessions } = await moving.newStore(moving.reader())
    const browser = before.browser()
    await browser.post('/login?user=ada')
    const key = moving.prefix + idIn(browser)
    const text = (await moving.client.get(key)) ?? ''
    await called((done) => store.destroy(idIn(browser), done))
    expect(await moving.keys()).toEqual([])
    await moving.client.set(key, text, { expiration: { type: 'PX', value: HOUR } })
    expect(await called((done) => store.get(idIn(browser), done))).toBeNull()
    expect(await sessions.list({ userId: 'ada' })).toEqual([])
  })

  test('MI3: ending all sessions of the user is final too', async () => {
    const moving = await Moving.over(engine)
    const [before, after] = [await moving.oldSite(), await moving.newSite()]
    const browser = before.browser()
    await browser.post('/login?user=ada')
    const key = moving.prefix + idIn(browser)
    const text = (await moving.client.get(key)) ?? ''
    await shown(takeTo(after, browser))
    await after.sessions.revokeUser('ada')
    await moving.client.set(key, text, { expiration: { type: 'PX', value: HOUR } })
    expect(await shown(takeTo(after, browser))).toEqual({})
  })

  test('twenty requests at once in two processes fetch one session, and none is logged out', async () => {
    const moving = await Moving.over(engine)
    const before = await moving.oldSite()
    const [a, b] = [await moving.newSite(), await moving.newSite()]
    const browser = before.browser()
    await browser.post('/login?user=ada')
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => shown(takeTo(index % 2 === 0 ? a : b, browser))),
    )
    for (const answer of answers) expect(answer).toEqual({ user: 'ada' })
    expect(await a.sessions.list({ userId: 'ada' })).toHaveLength(1)
    const imports = [a, b].map(({ sessions }) => sessions.counters().oldImported)
    expect(imports[0]).toBe(1 - (imports[1] ?? 0))
  })

  test.each([
    ['no JSON', 'tea'],
    ['no object', '[1]'],
    ['no cookie', '{"user":"ada"}'],
    ['a name that sets prototypes', '{"cookie":{},"__proto__":{"user":"ada"}}'],
    ['more than a session may have', JSON.stringify({ cookie: {}, x: 'x'.repeat(1_100_000) })],
  ])('what is %s is absent, is counted, and is left where it is', async (_what, text) => {
    const moving = await Moving.over(engine)
    const { store, sessions } = await moving.newStore(moving.reader())
    await moving.client.set(`${moving.prefix}one`, text)
    expect(await called((done) => store.get('one', done))).toBeNull()
    expect(sessions.counters()).toMatchObject({ oldUnreadable: 1, oldImported: 0, oldMissed: 0 })
    expect(await moving.keys()).toHaveLength(1)
  })

  test('a key of another type is unreadable, and what this store refuses is counted so', async () => {
    const moving = await Moving.over(engine)
    const { store, sessions } = await moving.newStore(moving.reader())
    await moving.client.hSet(`${moving.prefix}one`, { data: '{}' })
    await moving.client.set(`${moving.prefix}two`, JSON.stringify({ cookie: {}, x: 'x'.repeat(100_000) }))
    for (const id of ['one', 'two', 'three']) {
      expect(await called((done) => store.get(id, done))).toBeNull()
    }
    expect(sessions.counters()).toMatchObject({ oldUnreadable: 1, oldRefused: 1, oldMissed: 1 })
    expect(await moving.keys()).toHaveLength(2)
  })

  test('while the old store cannot be asked nobody is logged out, and live sessions go on', async () => {
    const moving = await Moving.over(engine)
    const before = await moving.oldSite()
    const reader = moving.reader()
    let isDown = false
    const line: OldStore = {
      ...reader,
      read: (id, now) => (isDown ? Promise.reject(new Error('down')) : reader.read(id, now)),
    }
    const after = await moving.newSite(line)
    const [early, late] = [before.browser(), before.browser()]
    await early.post('/login?user=ada')
    await late.post('/login?user=bob')
    const moved = takeTo(after, early)
    await shown(moved)
    isDown = true
    expect(await shown(moved)).toEqual({ user: 'ada' })
    const refused = await takeTo(after, late).get('/data')
    expect([refused.status, refused.setCookie]).toEqual([500, []])
    isDown = false
    expect(await shown(takeTo(after, late))).toEqual({ user: 'bob' })
  })

  test('ioredis serves as well as node-redis', async () => {
    const moving = await Moving.over(engine)
    const { host, port } = await oldServer()
    const client = new Redis({ host, port })
    onTestFinished(() => client.disconnect())
    const browser = (await moving.oldSite()).browser()
    await browser.post('/login?user=ada')
    await client.hset(`${moving.prefix}hash`, { x: 1 })
    const reader = connectRedis({ client, prefix: moving.prefix })
    const { store, sessions } = await moving.newStore(reader)
    expect(await called((done) => store.get('hash', done))).toBeNull()
    expect(await called((done) => store.get(idIn(browser), done))).toMatchObject({ user: 'ada' })
    expect(sessions.counters()).toMatchObject({ oldImported: 1, oldUnreadable: 1 })
    expect(await idsOf(reader)).toEqual(['hash'])
  })

  test('a new session asks the old store nothing', async () => {
    const moving = await Moving.over(engine)
    const { line, asked } = listening(moving.reader())
    const after = await moving.newSite(line)
    const browser = after.browser()
    await browser.post('/data?set=x:1')
    expect(await shown(browser)).toEqual({ x: '1' })
    expect(asked).toEqual([])
  })
})

/** Of all its pages: other tests have keys on the same server, and a page may hold none of ours. */
async function idsOf(reader: OldStore): Promise<readonly string[]> {
  const ids: string[] = []
  let after: string | null = null
  do {
    const page = await reader.page(after)
    ids.push(...page.ids)
    after = page.next
  } while (after !== null)
  return ids
}

/** By how much the session lives longer or shorter than its old key did, after old processes only touched that. */
async function driftOf(moving: Moving, reader: OldStore): Promise<number> {
  const before = await moving.oldSite()
  const { store, sessions } = await moving.newStore(reader)
  const browser = before.browser()
  await browser.post('/login?user=ada')
  await moving.client.pExpire(moving.prefix + idIn(browser), 20 * MINUTE)
  // By the store alone: the middleware counts each request as a use.
  const found = await called((done) => store.get(idIn(browser), done))
  expect(found).toMatchObject({ user: 'ada' })
  const [session] = await sessions.list({ userId: 'ada' })
  return Math.abs((session?.expiresAt ?? 0) - Date.now() - 20 * MINUTE)
}

/** What is wrong after a log-out, when an old process writes its key once more. */
async function undone(moving: Moving, reader: OldStore): Promise<string[]> {
  const move = standStill()
  const [before, after] = [await moving.oldSite(), await moving.newSite(reader)]
  const browser = before.browser()
  await browser.post('/login?user=ada')
  const key = moving.prefix + idIn(browser)
  const text = (await moving.client.get(key)) ?? ''
  const moved = takeTo(after, browser)
  await shown(moved)
  await moved.post('/logout')
  await moving.client.set(key, text, { expiration: { type: 'PX', value: HOUR } })
  const wrong = 'user' in (await shown(takeTo(after, browser))) ? ['it is back'] : []
  for (let gone = 0; gone < TOMBSTONE_MS + 5 * MINUTE; gone += MINUTE) {
    move(MINUTE)
    while ((await after.sessions.sweep()) > 0);
  }
  if ('user' in (await shown(takeTo(after, browser)))) wrong.push('it is back later')
  return wrong
}
