import { describe, expect, test } from 'vitest'
import { TestClock } from '../core/test-clock.test-support.ts'
import { Browser } from '../http/client.test-support.ts'
import { APP } from './app.test-support.ts'
import { ADAPTERS, type Adapter, type Routes, start } from './servers.test-support.ts'

const SECOND = 1_000
const MINUTE = 60_000

const ROUTES: Routes = {
  'POST /stay': ({ session }) => session.touch(),
  'GET /recent': async ({ session }) => session.hasRecentAuth('5m'),
}

async function visiting(adapter: Adapter) {
  const clock = new TestClock()
  const { port, store } = await start(adapter, { ...APP, ...ROUTES }, { clock })
  return { clock, store, browser: new Browser(port) }
}

describe.each(ADAPTERS)('over $name', (adapter) => {
  test('touch counts as activity at once, also within the throttle', async () => {
    const { browser, store, clock } = await visiting(adapter)
    await browser.post('/login')
    clock.advance(SECOND)
    expect((await browser.post('/stay')).body).toBe('true')
    const [session] = await store.list({ userId: 'u_1' })
    expect(session?.seenAt).toBe(clock.now())
  })

  test('touch of nobody, or of a session that has ended, is false and stores nothing', async () => {
    const { browser, store } = await visiting(adapter)
    expect((await browser.post('/stay')).body).toBe('false')
    expect(browser.cookies.size).toBe(0)
    await browser.post('/login')
    await store.revokeUser('u_1')
    expect((await browser.post('/stay')).body).toBe('false')
  })

  test('T55: an application may ask whether a log-in is recent before it is needed', async () => {
    const { browser, clock } = await visiting(adapter)
    expect((await browser.get('/recent')).body).toBe('false')
    await browser.post('/login')
    clock.advance(5 * MINUTE)
    expect((await browser.get('/recent')).body).toBe('true')
    clock.advance(1)
    expect((await browser.get('/recent')).body).toBe('false')
  })
})
