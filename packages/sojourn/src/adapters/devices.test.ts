import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Browser, send } from '../http/client.test-support.ts'
import { deviceOf } from '../http/index.ts'
import { APP } from './app.test-support.ts'
import { ADAPTERS, type Adapter, type Routes, start } from './servers.test-support.ts'

/** Three browsers of one user and one of another, all logged in. */
async function family(adapter: Adapter, routes: Routes = {}) {
  const running = await start(adapter, { ...APP, ...routes })
  const [first, second, third, stranger] = [1, 2, 3, 4].map(() => new Browser(running.port))
  if (!first || !second || !third || !stranger) throw new Error('Four browsers are needed.')
  for (const browser of [first, second, third]) await browser.post('/login?user=u_1')
  await stranger.post('/login?user=u_2')
  const me = async (browser: Browser) => JSON.parse((await browser.get('/me')).body)
  return { ...running, first, second, third, stranger, me }
}

describe.each(ADAPTERS)('over $name', (adapter) => {
  test('T54: the list shows ids, times, device and which one is current; no data, no other user', async () => {
    const login: Routes = {
      'POST /login': ({ session, request }) =>
        session.login('u_1', { device: deviceOf(request), data: { secret: 'x' } }),
    }
    const { second, me } = await family(adapter, login)
    const list = JSON.parse((await second.get('/devices')).body)
    expect(list).toHaveLength(4)
    const { id } = await me(second)
    expect(list.filter(({ current }: { current: boolean }) => current)).toMatchObject([{ id }])
    expect(Object.keys(list[0]).sort()).toEqual([
      'absoluteAt',
      'assurance',
      'authenticatedAt',
      'createdAt',
      'current',
      'device',
      'expiresAt',
      'id',
      'seenAt',
      'userId',
    ])
    expect(list[0].device).toEqual({ label: 'Unknown device' })
  })

  test('T54: the list of one user never shows a session of another', async () => {
    const { stranger, me } = await family(adapter)
    const list = JSON.parse((await stranger.get('/devices')).body)
    expect(list.map(({ id }: { id: string }) => id)).toEqual([(await me(stranger)).id])
  })

  test('a user ends one of the own sessions by its id', async () => {
    const { first, second, third, me } = await family(adapter)
    const { id } = await me(second)
    expect(JSON.parse((await first.post(`/revoke?id=${id}`)).body)).toBe(true)
    expect(JSON.parse((await first.post(`/revoke?id=${id}`)).body)).toBe(false)
    expect([(await me(first)).userId, (await me(second)).userId, (await me(third)).userId]).toEqual([
      'u_1',
      null,
      'u_1',
    ])
  })

  test('T7: knowing the id of another user is not enough to end the session', async () => {
    const { first, stranger, me, engine } = await family(adapter)
    const { id } = await me(first)
    engine.forgetCalls()
    expect(JSON.parse((await stranger.post(`/revoke?id=${id}`)).body)).toBe(false)
    expect(engine.calls).not.toContain('end')
    expect((await me(first)).userId).toBe('u_1')
    const anonymous = new Browser((await family(adapter)).port)
    await anonymous.post('/add')
    expect(JSON.parse((await anonymous.post(`/revoke?id=${id}`)).body)).toBe(false)
  })

  test('ending the session that one is in logs out', async () => {
    const { first, me } = await family(adapter)
    const { id } = await me(first)
    const { body, setCookie } = await first.post(`/revoke?id=${id}`)
    expect([JSON.parse(body), setCookie[0]]).toEqual([true, expect.stringContaining('Max-Age=0')])
    expect((await me(first)).userId).toBeNull()
  })

  test('log out everywhere else leaves this one, and the other user', async () => {
    const { first, second, third, stranger, me } = await family(adapter)
    expect(JSON.parse((await second.post('/revoke-others')).body)).toHaveLength(2)
    const users = await Promise.all(
      [first, second, third, stranger].map(async (browser) => (await me(browser)).userId),
    )
    expect(users).toEqual([null, 'u_1', null, 'u_2'])
  })

  test('T58: a disabled account is one call, and every browser of it is out on its next request', async () => {
    const { first, second, third, stranger, me, store } = await family(adapter)
    await store.revokeUser('u_1')
    const users = await Promise.all(
      [first, second, third, stranger].map(async (browser) => (await me(browser)).userId),
    )
    expect(users).toEqual([null, null, null, 'u_2'])
  })

  test('a log-out is final, also for a copy of the cookie', async () => {
    const { first, port } = await family(adapter)
    const Cookie = first.cookie
    await first.post('/logout')
    expect(first.cookies.size).toBe(0)
    expect(JSON.parse((await send(port, 'GET', '/me', { headers: { Cookie } })).body).userId).toBeNull()
  })

  test('T14: neither the handle nor what it gives shows a token, secret or digest, however it is printed', async () => {
    const printed: string[] = []
    const print: Routes = {
      'POST /print': async ({ session }) => {
        await session.rotate()
        for (const value of [session, session.current, await session.list()]) {
          printed.push(inspect(value, { showHidden: true, depth: 9, getters: true }))
          printed.push(JSON.stringify(value), String(value), inspect(structuredClone(value)))
        }
      },
    }
    const { first, store } = await family(adapter, print)
    const before = first.cookies.get('__Host-id') ?? ''
    await first.post('/print')
    const after = first.cookies.get('__Host-id') ?? ''
    expect([(await store.read(after)) !== null, printed.length]).toEqual([true, 12])
    const text = printed.join('\n')
    for (const secret of [before.slice(16), after.slice(16)]) expect(text).not.toContain(secret)
    expect(text).not.toMatch(/digest|sealed|token/i)
  })
})
