import { describe, expect, test } from 'vitest'
import { memory } from '../engines/memory/index.ts'
import { over } from '../testing/shareable-store.test-support.ts'
import { createSessionStore } from './create-session-store.ts'
import { ENGINES } from './engines.test-support.ts'
import { SessionError } from './errors.ts'
import { StagedEngine } from './staged-engine.test-support.ts'
import { STORE_ID } from './store-record.ts'
import { TestClock } from './test-clock.test-support.ts'
import { HOUR, MINUTE, SECOND, World } from './world.test-support.ts'

const SECRET_LENGTH = 32
const caught = (opening: Promise<unknown>): Promise<unknown> => opening.catch((error: unknown) => error)

describe.each(ENGINES)('the record about a store over $name', (engine) => {
  test('T7: is opened by no token and named by no address', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const before = await world.stored(STORE_ID)
    for (const filler of ['A', '-', '_', '0']) {
      const token = STORE_ID + filler.repeat(SECRET_LENGTH)
      expect(await store.read(token)).toBeNull()
      expect(await store.rotate(token)).toBeNull()
      expect(await store.revoke(token)).toBe(false)
    }
    expect(await store.revoke({ id: STORE_ID, operator: true })).toBe(false)
    expect(await world.stored(STORE_ID)).toEqual(before)
  })

  test('outlives every sweep', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    for (let year = 0; year < 10; year += 1) {
      world.clock.advance(366 * 24 * HOUR)
      store.trustClock()
      await store.sweep()
    }
    expect(await world.record(STORE_ID)).not.toBeNull()
    expect(await store.create()).toBeTruthy()
  })

  test('T86: is made again when the store was emptied under a running process', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    await store.create({ userId: 'u_1' })
    await store.revokeAll()
    const { notBefore } = JSON.parse(Buffer.from((await world.stored(STORE_ID)).data).toString())
    await world.raw.end(STORE_ID, 'admin', world.clock.now())
    await world.raw.settle([STORE_ID], null)
    expect(await world.record(STORE_ID)).toBeNull()
    world.clock.advance(MINUTE)
    const { token } = await store.create({ userId: 'u_1' })
    expect(await store.read(token)).not.toBeNull()
    // It still knows what was revoked.
    expect(JSON.parse(Buffer.from((await world.stored(STORE_ID)).data).toString())).toMatchObject({
      notBefore,
    })
  })

  test('T59: that was lost takes no cut-off back from a process that knows of it', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create({ userId: 'u_1' })
    world.clock.advance(1)
    await store.revokeAll()
    await world.raw.end(STORE_ID, 'admin', world.clock.now())
    await world.raw.settle([STORE_ID], null)
    // Another process starts, and knows of nothing.
    await world.place()
    world.clock.advance(1_000)
    expect(await store.list({ userId: 'u_1' })).toEqual([])
    expect(await store.read(token)).toBeNull()
  })

  test('refuses a store of another name, and says whose it is', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place({ name: 'shop' })
    const { token } = await store.create({ userId: 'u_1' })
    const before = await world.stored(STORE_ID)
    await expect(world.place({ name: 'admin' })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringContaining('It belongs to the store named "shop", and this one is named "admin"'),
    })
    await expect(world.place()).rejects.toMatchObject({ code: 'STORE_REFUSED' })
    expect(await world.stored(STORE_ID)).toEqual(before)
    const same = await world.place({ name: 'shop' })
    expect(await same.store.read(token)).not.toBeNull()
  })

  test('refuses a store of another name that starts without waiting, call by call', async () => {
    await using world = await World.open(engine)
    await world.place({ name: 'shop' })
    const { store } = await world.place({ name: 'admin', lazy: true })
    await expect(store.create({ userId: 'u_1' })).rejects.toMatchObject({ code: 'STORE_REFUSED' })
    await expect(store.revokeAll()).rejects.toMatchObject({ code: 'STORE_REFUSED' })
    expect(await world.liveIds('u_1')).toEqual([])
  })

  test('of two stores of different names that open new storage at once, one is refused', async () => {
    for (const stage of ['before', 'after'] as const) {
      const storage = await engine.prepare()
      const [shop, admin] = [new StagedEngine(await storage.open()), await storage.open()]
      const held = shop.hold('create', stage)
      const options = { sweep: false, clock: new TestClock() }
      const opening = caught(createSessionStore({ ...options, engine: shop, name: 'shop' }))
      await held.reached
      const other = await caught(createSessionStore({ ...options, engine: admin, name: 'admin' }))
      held.release()
      const refused = [await opening, other].filter((each) => each instanceof SessionError)
      expect(refused).toMatchObject([{ code: 'STORE_REFUSED' }])
      await Promise.all([shop.close(), admin.close()])
      await storage.dispose()
    }
  })

  test('from before names were kept takes the name of the first store that opens it', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place({ name: 'shop' })
    world.clock.advance(1)
    await store.revokeAll()
    const stored = await world.stored(STORE_ID)
    const { name, ...about } = JSON.parse(Buffer.from(stored.data).toString())
    expect(name).toBe('shop')
    const unnamed = { ...stored, version: stored.version + 1, data: Buffer.from(JSON.stringify(about)) }
    await world.raw.replace(unnamed, stored.version, world.clock.now())
    // A process that runs already goes on.
    world.clock.advance(SECOND)
    expect(await store.list({ userId: 'u_1' })).toEqual([])
    await world.place({ name: 'admin' })
    const named = await world.stored(STORE_ID)
    expect(JSON.parse(Buffer.from(named.data).toString())).toEqual({ ...about, name: 'admin' })
    await expect(world.place({ name: 'shop' })).rejects.toMatchObject({ code: 'STORE_REFUSED' })
    world.clock.advance(SECOND)
    await expect(store.list({ userId: 'u_1' })).rejects.toMatchObject({ code: 'STORE_REFUSED' })
  })

  test('T59: never takes a cut-off back', async () => {
    await using world = await World.open(engine)
    const [first, second] = [await world.place(), await world.place()]
    const cutOff = async (): Promise<number> => {
      return JSON.parse(Buffer.from((await world.stored(STORE_ID)).data).toString()).notBefore
    }
    await first.store.revokeAll()
    const latest = await cutOff()
    await second.store.revokeAll({ before: latest - HOUR })
    await first.store.revokeAll({ before: 0 })
    expect(await cutOff()).toBe(latest)
  })
})

describe('a process that cannot learn of the cut-off', () => {
  test('T59: answers for five seconds by what it knows, and then nobody', async () => {
    const clock = new TestClock()
    const real = memory()
    let isStuck = false
    const engine = over(real, {
      read: (ids) => (isStuck && ids.includes(STORE_ID) ? new Promise(() => undefined) : real.read(ids)),
    })
    const store = await createSessionStore({ engine, sweep: false, clock, timeout: '20s' })
    const { token } = await store.create()
    isStuck = true
    clock.advance(4_000)
    const stuck = store.read(token).catch((error: unknown) => error)
    await Promise.resolve()
    expect(await store.read(token)).not.toBeNull()
    clock.advance(1_000)
    const late = store.read(token).catch((error: unknown) => error)
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
    clock.advance(20_000)
    for (const outcome of [await stuck, await late])
      expect(outcome).toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
  })
})

describe('a damaged record about a store', () => {
  test.each([
    ['is no JSON', '{'],
    ['says nothing', '{}'],
    ['is a list', '[]'],
    ['is null', 'null'],
    ['has a cut-off that is no number', '{"bucketKeyCheck":"none","notBefore":"never"}'],
    ['has a cut-off that is null', '{"bucketKeyCheck":"none","notBefore":null}'],
    ['has a cut-off beyond numbers', '{"bucketKeyCheck":"none","notBefore":1e400}'],
    ['has a name that is no text', '{"bucketKeyCheck":"none","notBefore":0,"name":7}'],
    ['has another check', '{"bucketKeyCheck":"5ee4d2d400b0e231","notBefore":0}'],
  ])('T12: that %s keeps the store closed', async (_name, json) => {
    const real = memory()
    await createSessionStore({ engine: real, sweep: false })
    const engine = over(real, {
      read: async (ids) => {
        const records = await real.read(ids)
        return records.map((record) => record && { ...record, data: Buffer.from(json) })
      },
    })
    await expect(createSessionStore({ engine, sweep: false })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
    })
  })

  test('T59: that cannot be read leaves a running process without an answer', async () => {
    const real = memory()
    let isDamaged = false
    const engine = over(real, {
      read: async (ids) => {
        const records = await real.read(ids)
        return records.map(
          (record) =>
            record && (isDamaged && record.id === STORE_ID ? { ...record, data: new Uint8Array() } : record),
        )
      },
    })
    const clock = new TestClock()
    const store = await createSessionStore({ engine, sweep: false, clock })
    const { token } = await store.create()
    isDamaged = true
    clock.advance(5_000)
    await expect(store.read(token)).rejects.toMatchObject({ code: 'STORE_REFUSED' })
    isDamaged = false
    expect(await store.read(token)).not.toBeNull()
  })
})
