import type { Context } from 'koa'
import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { standStill } from './express-world.test-support.ts'
import { koaContextStore, koaSessionStore } from './koa-session.ts'
import { koaSessionOf, koaSite } from './koa-site.test-support.ts'
import { koaProcesses } from './koa-world.test-support.ts'
import { dataOf } from './site.test-support.ts'

describe('the store for koa-session', () => {
  const [memory] = ENGINES

  test('L9: is a plain object with async functions of its own that need no this', async () => {
    const { store } = await (await koaProcesses(memory))()
    const { get, set, destroy } = { ...store }
    for (const method of [get, set, destroy]) {
      expect(Object.prototype.toString.call(method)).toBe('[object AsyncFunction]')
    }
    await set('a', { x: 1 })
    expect(await get('a')).toMatchObject({ x: 1 })
    await destroy('a')
    expect(await get('a')).toBeNull()
  })

  test('refuses options that do not exist, as a class too', async () => {
    const { sessions } = await (await koaProcesses(memory))()
    for (const make of [koaSessionStore, koaContextStore]) {
      const open = (options: object) => () => Reflect.apply(make, null, [sessions, options])
      expect(open({ ttl: 5 })).toThrow(/no option "ttl"/)
      expect(open({ label: 'a b' })).toThrow(/label/)
      expect(open({ userId: 'ada' })).toThrow(/userId/)
    }
  })

  test('a ContextStore may be extended, and knows the request', async () => {
    const { ContextStore, sessions } = await (await koaProcesses(memory))()
    const paths: unknown[] = []
    class Told extends ContextStore {
      constructor(ctx: object) {
        super(ctx)
        paths.push(Reflect.get(ctx, 'path'))
      }
    }
    const browser = (await koaSite({ ContextStore: Told })).browser()
    await browser.post('/data?set=user:ada')
    expect(dataOf((await browser.get('/data')).body)).toEqual({ user: 'ada' })
    await browser.post('/logout')
    expect(paths).toEqual(['/data', '/data', '/logout'])
    expect(await sessions.list({ userId: 'ada' })).toEqual([])
  })

  test('L5: gives back the date, the maxAge and the kind that the session had', async () => {
    const move = standStill()
    const { store } = await (await koaProcesses(memory))()
    await store.set('dated', { x: 1, _expire: 1, _maxAge: 60_000 }, 70_000, { ctx: {} })
    await store.set('session', { x: 1, _session: true }, 'session', { ctx: {} })
    const until = Date.now() + 60_000
    move(5)
    expect(await store.get('dated', 60_000, { ctx: {} })).toEqual({ x: 1, _expire: until, _maxAge: 60_000 })
    expect(await store.get('session', 'session', { ctx: {} })).toEqual({ x: 1, _session: true })
  })

  test('L6: stores what the session was when it was saved, and gives an object of its own each time', async () => {
    const { store } = await (await koaProcesses(memory))()
    const live = { cart: ['tea'] }
    const saving = store.set('a', live, 60_000, { ctx: {} })
    live.cart.push('late')
    await saving
    const [first, second] = [await store.get('a'), await store.get('a')]
    expect(first).toMatchObject({ cart: ['tea'] })
    expect(second).not.toBe(first)
  })

  test('"changed: false" is not believed: data that did change is stored, and what did not stays', async () => {
    const { store, line } = await (await koaProcesses(memory))()
    const call = { changed: false, rolling: false }
    await store.set('a', { x: 1 }, 60_000, { ...call, ctx: {} })
    const [a, b] = [{}, {}]
    await store.get('a', 60_000, { ctx: a })
    await store.get('a', 60_000, { ctx: b })
    await store.set('a', { x: 2 }, 60_000, { ...call, ctx: a })
    line.forget()
    await store.set('a', { x: 1 }, 60_000, { ...call, ctx: b })
    expect(line.calls).not.toContain('replace')
    expect(await store.get('a')).toMatchObject({ x: 2 })
  })

  test('EX10: what JSON cannot hold rejects with its path, and nothing is stored', async () => {
    const { store } = await (await koaProcesses(memory))()
    const bad = { fn: () => 1, symbol: Symbol('s'), number: Number.NaN, map: new Map(), big: 1n }
    for (const [key, value] of Object.entries(bad)) {
      await expect(store.set('a', { deep: [{ [key]: value }] }, 60_000, { ctx: {} })).rejects.toMatchObject({
        code: 'DATA_REFUSED',
        message: expect.stringContaining(`data.deep[0].${key}`),
      })
      expect(await store.get('a')).toBeNull()
    }
  })

  test('an id that cannot be one is absent, and refused when it is written', async () => {
    const { store } = await (await koaProcesses(memory))()
    for (const id of ['', 'x'.repeat(513)]) {
      expect(await store.get(id, undefined, { ctx: {} })).toBeNull()
      await store.destroy(id)
      await expect(store.set(id, { x: 1 }, 60_000, { ctx: {} })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
    }
  })

  test('an id that the client chose is never adopted', async () => {
    const { store } = await (await koaProcesses(memory))()
    const site = await koaSite({ store, signed: false })
    const browser = site.browser()
    await browser.post('/data?set=x:1', { Cookie: 'koa.sess=chosen-by-the-client' })
    expect(browser.cookie).toMatch(/^koa\.sess=/)
    expect(browser.cookie).not.toContain('chosen')
    expect(await store.get('chosen-by-the-client')).toBeNull()
  })

  test('a session in the place of another one, under its id, is a change to what was read', async () => {
    const start = await koaProcesses(memory)
    const other = await koaSite({ store: (await start()).store })
    const replaced = async (ctx: Context) => {
      await other.browser().post('/data?set=y:1', { Cookie: ctx.headers.cookie ?? '' })
      Object.assign(ctx, { session: null })
      Object.assign(ctx, { session: { z: 1 } })
    }
    const browser = (await koaSite({ store: (await start()).store }, { '/replace': replaced })).browser()
    await browser.post('/data?set=x:1')
    await browser.post('/replace')
    expect(dataOf((await browser.get('/data')).body)).toEqual({ y: '1', z: 1 })
  })

  test('several saves of one request each start from the one before, also under a new id', async () => {
    const start = await koaProcesses(memory)
    const other = await koaSite({ store: (await start()).store })
    const site = await koaSite(
      { store: (await start()).store },
      {
        '/saves': async (ctx, live) => {
          await live.regenerate()
          Object.assign(live, { x: 1 })
          await live.save()
          const key = String(ctx.response.get('set-cookie'))
          const Cookie = [...key.matchAll(/koa\.sess(?:\.sig)?=[^;,]+/g)].slice(-2).join('; ')
          await other.browser().post('/data?set=x:other', { Cookie })
          Object.assign(koaSessionOf(ctx), { y: 1 })
        },
      },
    )
    const browser = site.browser()
    await browser.post('/data?set=z:1')
    await browser.post('/saves')
    expect(dataOf((await browser.get('/data')).body)).toEqual({ z: '1', x: 'other', y: 1 })
  })

  test('a handler that throws still saves what it changed', async () => {
    const { store } = await (await koaProcesses(memory))()
    const broken = async (_ctx: object, live: Record<string, unknown>) => {
      Object.assign(live, { x: 2 })
      throw new Error('of the handler')
    }
    const site = await koaSite({ store }, { '/broken': broken })
    const browser = site.browser()
    await browser.post('/data?set=x:1')
    expect((await browser.post('/broken')).status).toBe(500)
    expect(dataOf((await browser.get('/data')).body)).toEqual({ x: 2 })
  })

  test('a call without a request stores the whole, and brings nothing back', async () => {
    const { store, sessions } = await (await koaProcesses(memory))()
    await store.set('a', { x: 1, y: 1 }, 60_000)
    await store.set('a', { x: 2 }, 60_000)
    expect(await store.get('a')).toMatchObject({ x: 2 })
    expect(await store.get('a')).not.toHaveProperty('y')
    await store.destroy('a')
    await store.set('a', { x: 3 }, 60_000)
    expect(await store.get('a')).toBeNull()
    expect(sessions.counters().lateWritesRefused).toBe(1)
  })

  test('T152: neither the cookie nor the id of koa-session is in what is stored', async () => {
    const { store, sessions } = await (await koaProcesses(memory))()
    const site = await koaSite({ store })
    await site.browser().post('/data?set=user:ada')
    const id = site.key()
    expect(id).toHaveLength(36)
    const [listed] = await sessions.list({ userId: 'ada' })
    expect(JSON.stringify(listed)).not.toContain(id)
    expect(await store.get(listed?.id ?? '')).toBeNull()
    expect(await sessions.read(id)).toBeNull()
  })
})
