import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { OldMap, PLAIN } from './foreign-old.test-support.ts'
import { Desk, sweepFor } from './foreign-world.test-support.ts'
import type { OldStore } from './old-store.ts'
import { TOMBSTONE_MS } from './port.ts'
import { HOUR, MINUTE, World } from './world.test-support.ts'

const SECOND = 1_000

function withAda(old: OldMap): OldMap {
  old.sessions.set('one', { data: { user: 'ada' }, left: HOUR })
  return old
}

async function desksOf(world: World, store: OldStore): Promise<readonly [Desk, Desk]> {
  const migrateFrom = { store, form: PLAIN }
  return [await Desk.open(world, { migrateFrom }), await Desk.open(world, { migrateFrom })]
}

describe.each(ENGINES)('a session that is fetched from another store, over $name', (engine) => {
  test.each(Array.from({ length: 6 }, (_, call) => call))(
    'MI1: is there, once, when the process that fetches it dies at call %i',
    async (call) => {
      for (const stage of ['before', 'after'] as const) {
        await using world = await World.open(engine)
        const old = withAda(new OldMap())
        const [desk, other] = await desksOf(world, old)
        await desk.read('warm').catch(() => undefined)
        desk.place.line.crash(call, stage)
        await desk.data('one').catch(() => undefined)
        expect(await other.data('one')).toEqual({ user: 'ada' })
        expect(await world.liveIds('ada')).toHaveLength(1)
        await other.sessions.revoke('one')
        expect(old.sessions.size).toBe(0)
        expect([await other.data('one'), await world.liveIds('ada')]).toEqual([null, []])
      }
    },
  )

  test('MI1: is found by one that looks while another one takes it away', async () => {
    await using world = await World.open(engine)
    const old = withAda(new OldMap())
    const [desk, other] = await desksOf(world, old)
    // Between the look here and the look there somebody else has fetched it, and removed the old key.
    desk.place.line.forget()
    const held = desk.place.line.hold('read', 'after')
    const reading = desk.data('one')
    await held.reached
    expect(await other.data('one')).toEqual({ user: 'ada' })
    expect(old.sessions.size).toBe(0)
    held.release()
    expect(await reading).toEqual({ user: 'ada' })
    expect(await world.liveIds('ada')).toHaveLength(1)
  })

  test('MI3: is not fetched again by one that had read the old key before the log-out', async () => {
    await using world = await World.open(engine)
    const old = withAda(new OldMap())
    const [desk, other] = await desksOf(world, old)
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const reached = new Promise<void>((resolve) => {
      old.afterRead = () => {
        old.afterRead = async () => undefined
        resolve()
        return released
      }
    })
    const reading = desk.data('one')
    await reached
    expect(await other.sessions.revoke('one')).toBe(true)
    release()
    expect(await reading).toBeNull()
    expect(await world.liveIds('ada')).toEqual([])
  })

  test.each([
    ['create', 'before'],
    ['create', 'after'],
  ] as const)('MI3: a log-out while its %s is held %s it is done is final', async (verb, stage) => {
    await using world = await World.open(engine)
    const old = withAda(new OldMap())
    const [desk, other] = await desksOf(world, old)
    await desk.read('warm').catch(() => undefined)
    const held = desk.place.line.hold(verb, stage)
    const reading = desk.data('one')
    await held.reached
    await other.sessions.revoke('one')
    held.release()
    await reading
    await desk.place.store.drain()
    expect([await desk.data('one'), await other.data('one')]).toEqual([null, null])
    expect(await world.liveIds('ada')).toEqual([])
  })

  test('MI3: is not fetched again though its old key could not be removed, for as long as that may live', async () => {
    await using world = await World.open(engine)
    const old = withAda(new OldMap())
    const [desk] = await desksOf(world, old)
    old.remove = () => Promise.reject(new Error('down'))
    expect(await desk.data('one')).toEqual({ user: 'ada' })
    expect(await desk.sessions.revoke('one')).toBe(true)
    expect(desk.place.store.counters().oldKeysLeft).toBe(2)
    const left = HOUR - TOMBSTONE_MS
    await sweepFor(world, desk.place, TOMBSTONE_MS + MINUTE)
    expect(await desk.data('one')).toBeNull()
    await sweepFor(world, desk.place, left - 2 * MINUTE)
    expect(await desk.data('one')).toBeNull()
  })

  test('MI3: stays ended whoever ended it', async () => {
    await using world = await World.open(engine)
    const old = withAda(new OldMap())
    const [desk, other] = await desksOf(world, old)
    const { store } = desk.place
    const ends = { user: () => store.revokeUser('ada'), all: () => store.revokeAll() }
    for (const [id, end] of Object.entries(ends)) {
      old.sessions.set(id, { data: { user: 'ada' }, left: HOUR })
      expect(await desk.data(id)).toEqual({ user: 'ada' })
      world.clock.advance(1)
      await end()
      // Other processes know it within a second.
      world.clock.advance(SECOND)
      old.sessions.set(id, { data: { user: 'ada' }, left: HOUR })
      for (const either of [desk, other]) expect(await either.data(id)).toBeNull()
    }
  })

  test('MI3: is not fetched when all sessions were ended after its last use', async () => {
    await using world = await World.open(engine)
    const old = withAda(new OldMap())
    const [desk, other] = await desksOf(world, old)
    await desk.place.store.revokeAll()
    world.clock.advance(SECOND)
    // Used last half an hour ago.
    old.sessions.set('one', { data: { user: 'ada' }, left: HOUR / 2 })
    for (const either of [desk, other]) expect(await either.data('one')).toBeNull()
    // And this one after that, by an old process.
    old.sessions.set('two', { data: { user: 'ada' }, left: HOUR })
    expect(await desk.data('two')).toEqual({ user: 'ada' })
  })

  test('MI3: is not fetched when all sessions of its user were ended after its last use', async () => {
    await using world = await World.open(engine)
    const old = withAda(new OldMap())
    const [desk, other] = await desksOf(world, old)
    old.sessions.set('bob', { data: { user: 'bob' }, left: HOUR / 2 })
    old.sessions.set('undated', { data: { user: 'ada', undated: true }, left: HOUR })
    world.clock.advance(SECOND)
    await desk.place.store.revokeUser('ada')
    old.sessions.set('one', { data: { user: 'ada' }, left: HOUR / 2 })
    for (const id of ['one', 'undated']) {
      for (const either of [desk, other]) expect(await either.data(id)).toBeNull()
    }
    expect(await world.liveIds('ada')).toEqual([])
    expect(await desk.data('bob')).toEqual({ user: 'bob' })
    // An old process has logged her in again.
    world.clock.advance(HOUR)
    old.sessions.set('later', { data: { user: 'ada' }, left: HOUR - SECOND })
    expect(await other.data('later')).toEqual({ user: 'ada' })
  })

  test.each([
    ['create', 'before'],
    ['create', 'after'],
  ] as const)('MI3: an end of all while its %s is held %s it is done finds it', async (verb, stage) => {
    await using world = await World.open(engine)
    const old = new OldMap()
    old.sessions.set('one', { data: { user: 'ada' }, left: HOUR / 2 })
    const [desk, other] = await desksOf(world, old)
    await desk.data('warm')
    const held = desk.place.line.hold(verb, stage)
    const reading = desk.data('one')
    await held.reached
    await other.place.store.revokeUser('ada')
    held.release()
    await reading
    await desk.place.store.drain()
    expect([await desk.data('one'), await other.data('one')]).toEqual([null, null])
    expect(await world.liveIds('ada')).toEqual([])
  })

  test('a write that never read it stores its data whole, and the old key goes', async () => {
    await using world = await World.open(engine)
    const old = withAda(new OldMap())
    const [desk, other] = await desksOf(world, old)
    expect(await desk.write('one', { user: 'bob' })).toBe(true)
    await desk.place.store.drain()
    expect(old.sessions.size).toBe(0)
    expect(await other.data('one')).toEqual({ user: 'bob' })
  })

  test('while the old store is down unknown ids are an error, and new and live sessions are not', async () => {
    await using world = await World.open(engine)
    const old = withAda(new OldMap())
    const [desk] = await desksOf(world, old)
    old.isDown = true
    await expect(desk.data('one')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    expect(await desk.write('new', { x: 1 })).toBe(true)
    expect(await desk.data('new')).toEqual({ x: 1 })
    expect(await desk.sessions.revoke('new')).toBe(true)
    await desk.place.store.drain()
    expect(desk.place.store.counters().backgroundFailures).toBe(0)
  })

  test('MI4: a session of which a process dies while it writes both is found in both again', async () => {
    for (let call = 0; call < 10; call += 1) {
      await using world = await World.open(engine)
      const old = withAda(new OldMap('mirror'))
      const [desk, other] = await desksOf(world, old)
      const { view } = await desk.read('one')
      desk.place.line.crash(call, 'after')
      await desk.write('one', { user: 'ada', x: 1 }, view).catch(() => undefined)
      const data = await other.data('one')
      expect([{ user: 'ada' }, { user: 'ada', x: 1 }]).toContainEqual(data)
      await other.write('one', { ...data, y: 1 })
      expect(old.sessions.get('one')?.data).toEqual({ ...data, y: 1 })
      expect(await world.liveIds('ada')).toHaveLength(1)
    }
  })

  test('MI4: a log-out while both are written leaves nothing in either', async () => {
    await using world = await World.open(engine)
    const old = withAda(new OldMap('mirror'))
    const [desk, other] = await desksOf(world, old)
    const { view } = await desk.read('one')
    const held = desk.place.line.hold('replace', 'after')
    const writing = desk.write('one', { user: 'ada', x: 1 }, view)
    await held.reached
    await other.sessions.revoke('one')
    held.release()
    await writing
    expect(old.sessions.size).toBe(0)
    expect([await desk.data('one'), await other.data('one')]).toEqual([null, null])
  })
})
