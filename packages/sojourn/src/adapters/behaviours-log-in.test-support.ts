import { expect } from 'vitest'
import { Browser, send } from '../http/client.test-support.ts'
import { add, type Behaviour, latch, run, type Table, told, who } from './behaviour.test-support.ts'

const LINE = /^__Host-id=[A-Za-z0-9_-]{48}; Path=\/; Secure; HttpOnly; SameSite=Lax$/
const CLEARED =
  '__Host-id=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT'

/** A shop that logs people in and out. */
export const SHOP: Table = {
  'GET /free': async () => ({ json: 'nobody asked for the session' }),
  'GET /me': async (ask) => who(ask),
  'POST /login': async ({ session }) => {
    await session.login('u_1', { carry: ['cart'] })
    return { redirect: '/me' }
  },
  'POST /logout': async ({ session }) => {
    await session.logout()
    return { redirect: '/' }
  },
  'POST /add': async (ask) => {
    await add(ask)
    return who(ask)
  },
}

/** The value of the cookie that an answer sets. */
export function tokenIn(setCookie: readonly string[]): string {
  return /^__Host-id=([^;]*)/.exec(setCookie[0] ?? '')?.[1] ?? ''
}

/** Who is logged in, and what a request finds that comes too late. */
export const LOG_IN: readonly Behaviour[] = [
  {
    title: 'T15: a log-in sets the cookie, to the byte, and the next request knows the user',
    async check(subject) {
      const { port } = await run(subject, SHOP)
      const browser = new Browser(port)
      const { setCookie, status } = await browser.post('/login')
      expect(setCookie).toEqual([expect.stringMatching(LINE)])
      expect(status).toBe(303)
      expect(told(await browser.get('/me'))).toMatchObject({ userId: 'u_1' })
    },
  },
  {
    title: 'complaint 18: when the redirect after a log-in arrives, another process finds the session stored',
    async check(subject) {
      const { port, elsewhere } = await run(subject, SHOP)
      const { setCookie, headers } = await new Browser(port).post('/login')
      expect(headers.location).toBe('/me')
      expect(await elsewhere.read(tokenIn(setCookie))).toMatchObject({ userId: 'u_1' })
    },
  },
  {
    title: 'T37: a log-in takes the cart along, under a new id, and the old cookie is dead',
    async check(subject) {
      const { port, store } = await run(subject, SHOP)
      const browser = new Browser(port)
      const before = told(await browser.post('/add?item=tea'))
      const old = browser.cookies.get('__Host-id') ?? ''
      await browser.post('/login')
      const after = told(await browser.get('/me'))
      expect(after).toMatchObject({ userId: 'u_1', data: { cart: ['tea'] } })
      expect(after.id).not.toBe(before.id)
      expect(await store.read(old)).toBeNull()
    },
  },
  {
    title: 'complaint 1: of twenty parallel requests of one session none loses the change of another',
    async check(subject) {
      const items = Array.from({ length: 20 }, (_, index) => `item${index}`)
      const { opened, open } = latch()
      let waiting = 0
      const { port, store } = await run(subject, {
        ...SHOP,
        'POST /add-together': async (ask) => {
          waiting += 1
          if (waiting === items.length) open()
          await opened
          await add(ask)
          return {}
        },
      })
      const browser = new Browser(port)
      await browser.post('/login')
      await Promise.all(items.map((item) => browser.post(`/add-together?item=${item}`)))
      const { cart } = (await store.read(browser.cookies.get('__Host-id') ?? ''))?.data ?? {}
      expect(new Set([cart].flat())).toEqual(new Set(items))
    },
  },
  {
    title: 'complaint 4: a log-out is final, also for a slow request that writes after it',
    async check(subject) {
      const { opened, open } = latch()
      const begun = latch()
      const { port, store } = await run(subject, {
        ...SHOP,
        'POST /slow': async (ask) => {
          begun.open()
          await opened
          const stored = await add(ask)
          return { json: { stored } }
        },
      })
      const browser = new Browser(port)
      await browser.post('/login')
      const token = browser.cookies.get('__Host-id') ?? ''
      const slow = browser.post('/slow')
      await begun.opened
      const { setCookie } = await browser.post('/logout')
      expect(setCookie).toEqual([CLEARED])
      open()
      const late = await slow
      expect([late.status, late.body, late.setCookie]).toEqual([200, '{"stored":false}', []])
      expect(await store.read(token)).toBeNull()
    },
  },
  {
    title: 'an expired session is nobody, and its visitor can begin anew',
    async check(subject) {
      const { port, clock } = await run(subject, SHOP)
      const browser = new Browser(port)
      await browser.post('/login')
      clock.advance(31 * 60_000)
      expect(told(await browser.get('/me'))).toMatchObject({ userId: null, data: { cart: [] } })
      await browser.post('/login')
      expect(told(await browser.get('/me'))).toMatchObject({ userId: 'u_1' })
    },
  },
  {
    title: 'what another process revoked is nobody at the very next request',
    async check(subject) {
      const { port, elsewhere } = await run(subject, SHOP)
      const browser = new Browser(port)
      await browser.post('/login')
      expect(await elsewhere.revokeUser('u_1')).toHaveLength(1)
      expect(told(await browser.get('/me'))).toMatchObject({ userId: null })
    },
  },
  {
    title: 'T42: a client that still uses the old token in its grace gets the new one',
    async check(subject) {
      const { port, store } = await run(subject, SHOP)
      const { token } = await store.create({ userId: 'u_1' })
      const issued = await store.rotate(token)
      const { setCookie } = await send(port, 'GET', '/me', { headers: { Cookie: `__Host-id=${token}` } })
      expect(tokenIn(setCookie)).toBe(issued?.token)
    },
  },
  {
    title: 'T26: over bearer the token travels in the answer, and no cookie is set',
    async check(subject) {
      const { port } = await run(
        subject,
        {
          ...SHOP,
          'POST /token': async ({ session }) => ({ json: await session.login('u_1') }),
        },
        { options: { transport: 'bearer' } },
      )
      const { body, setCookie } = await send(port, 'POST', '/token')
      expect(setCookie).toEqual([])
      const headers = { Authorization: `Bearer ${JSON.parse(body)}` }
      const answer = await send(port, 'GET', '/me', { headers })
      expect(told(answer)).toMatchObject({ userId: 'u_1' })
      expect(answer.headers.vary).toMatch(/Authorization/)
    },
  },
]
