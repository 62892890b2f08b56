import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { Desk, lasting } from './foreign-world.test-support.ts'
import { endsOf, HOUR, MINUTE, namesOf, World } from './world.test-support.ts'

describe.each(ENGINES)('a foreign session over $name', (engine) => {
  test('is stored under an id of any form, and read back as a copy of its own', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    const ids = ['a', 'x'.repeat(512), '../../etc/passwd', 'naïve id with spaces', 'a\0b']
    for (const id of ids) await desk.write(id, { id, cart: [{ tea: 1 }] })
    for (const id of ids) {
      const [first, second] = [await desk.data(id), await desk.data(id)]
      expect(first).toEqual({ id, cart: [{ tea: 1 }] })
      expect(second).not.toBe(first)
      expect(Object.values(second ?? {})[1]).not.toBe(Object.values(first ?? {})[1])
    }
  })

  test('is absent under any other id, and under what cannot be one', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { x: 1 })
    for (const id of ['two', 'ONE', 'one ', '', 'x'.repeat(513), '\ud800'])
      expect(await desk.data(id)).toBeNull()
    const other = new Desk(desk.place, { label: 'other' })
    expect(await other.data('one')).toBeNull()
    await expect(desk.write('', { x: 1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('costs one round trip to read, and two where this process does not know the id', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 1 })
    desk.place.line.forget()
    await desk.read('one')
    expect(desk.place.line.calls).toEqual(['read'])
    await other.read('one')
    expect(other.place.line.calls).toEqual(['read', 'read'])
  })

  test('is listed, ended and told of like any other session of its user', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    const { store } = desk.place
    await desk.write('one', { user: 'ada' })
    await desk.write('two', { user: 'ada' })
    await desk.write('three', { user: 'bob' })
    const listed = await store.list({ userId: 'ada' })
    expect(listed).toHaveLength(2)
    await store.revoke({ id: listed[0]?.id ?? '', operator: true })
    expect([await desk.data('one'), await desk.data('two')].filter((data) => data === null)).toHaveLength(1)
    await store.revokeUser('ada')
    expect([await desk.data('one'), await desk.data('two'), await desk.data('three')]).toEqual([
      null,
      null,
      { user: 'bob' },
    ])
    expect(namesOf(desk.place)).toEqual(['created', 'created', 'created', 'ended', 'ended'])
  })

  test('that is ended as replaced by somebody else is absent', async () => {
    await using world = await World.open(engine)
    const desks = [await Desk.open(world), await Desk.open(world), await Desk.open(world)]
    const { store } = desks[0]?.place ?? (await world.place())
    await desks[0]?.write('one', { user: 'ada' })
    await desks[1]?.read('one')
    const [listed] = await store.list({ userId: 'ada' })
    await store.create({ userId: 'ada', replaces: { id: listed?.id ?? '', userId: 'ada' } })
    for (const desk of desks) expect(await desk.data('one')).toBeNull()
    expect(await desks[0]?.sessions.revoke('one')).toBe(false)
  })

  test('is ended by revokeAll, and stays so', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { user: 'ada' })
    const { view } = await desk.read('one')
    world.clock.advance(1)
    await desk.place.store.revokeAll()
    expect(await desk.data('one')).toBeNull()
    expect(await desk.write('one', { user: 'ada', x: 1 }, view)).toBe(false)
    expect(await desk.write('one', { user: 'ada', x: 1 })).toBe(false)
  })

  test('stays as it was written, whatever userId does to what it is asked about', async () => {
    await using world = await World.open(engine)
    const userId = (data: object): string => {
      Reflect.deleteProperty(data, 'user')
      return 'ada'
    }
    const desk = await Desk.open(world, { userId })
    await desk.write('one', { user: 'ada' })
    await desk.write('one', { user: 'ada', x: 1 }, (await desk.read('one')).view)
    expect(await desk.data('one')).toEqual({ user: 'ada', x: 1 })
  })

  test('counts in the limit of its user', async () => {
    await using world = await World.open(engine, { perUser: { max: 2, whenFull: 'endOldest' } })
    const desk = await Desk.open(world)
    for (const id of ['one', 'two', 'three']) {
      await desk.write(id, { user: 'ada' })
      world.clock.advance(1)
    }
    expect(await desk.data('one')).toBeNull()
    expect(await desk.data('three')).toEqual({ user: 'ada' })
    expect(await desk.place.store.list({ userId: 'ada' })).toHaveLength(2)
  })

  test('L1: a write of a request that had read it stays away when it has ended, whoever ended it', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { user: 'ada' })
    const { view } = await desk.read('one')
    expect(await other.sessions.revoke('one')).toBe(true)
    expect(await desk.write('one', { user: 'ada', x: 1 }, view)).toBe(false)
    expect(await desk.touch('one', null, view)).toBe(true) // Within the throttle nobody asks.
    expect(await desk.touch('one', lasting(world, HOUR), view)).toBe(false)
    expect(await desk.data('one')).toBeNull()
    expect(desk.place.store.counters().lateWritesRefused).toBe(1)
  })

  test('L1: a write without a view begins an unknown id, and is refused for a dead one', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    expect(await desk.write('one', { x: 1 })).toBe(true)
    await desk.sessions.revoke('one')
    for (const either of [desk, other]) expect(await either.write('one', { x: 2 })).toBe(false)
    await desk.write('two', { x: 1 })
    world.clock.advance(31 * MINUTE)
    for (const either of [desk, other]) expect(await either.write('two', { x: 2 })).toBe(false)
  })

  test('T153: an id that a visitor chose opens nothing, whatever is done under it but a write', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { user: 'ada' })
    const before = desk.place.line.calls.length
    for (const chosen of ['chosen', 'One', 'one ', 'one/../one']) {
      expect(await desk.data(chosen)).toBeNull()
      expect(await desk.touch(chosen, lasting(world, HOUR))).toBe(false)
      expect(await desk.data(chosen)).toBeNull()
    }
    const calls = desk.place.line.calls.slice(before)
    expect(new Set(calls)).toEqual(new Set(['read']))
  })

  test('L3: ending what was never stored writes nothing', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    expect(await desk.sessions.revoke('nobody')).toBe(false)
    expect(await desk.sessions.take('nobody')).toBeNull()
    expect(desk.place.line.calls.filter((verb) => verb !== 'read')).toEqual([])
  })

  test('of many that begin an id at once, in two processes, exactly one session comes to be', async () => {
    await using world = await World.open(engine)
    const desks = [await Desk.open(world), await Desk.open(world)]
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => desks[index % 2]?.write('one', { user: 'ada', by: index })),
    )
    expect(await world.liveIds('ada')).toHaveLength(1)
    const told = desks.flatMap(({ place }) => namesOf(place))
    expect(told.filter((name) => name === 'created')).toHaveLength(1)
    // Each process writes in the order in which it was asked.
    expect([
      { user: 'ada', by: 18 },
      { user: 'ada', by: 19 },
    ]).toContainEqual(await desks[0]?.data('one'))
  })

  test('a session whose process dies between link and session is begun by the next write', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.read('warm').catch(() => undefined)
    // Read the link, store the link; the session is not stored any more.
    desk.place.line.crash(2, 'before')
    await expect(desk.write('one', { user: 'ada', x: 1 })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
    })
    expect(await other.data('one')).toBeNull()
    expect(await other.write('one', { user: 'ada', x: 2 })).toBe(true)
    expect(await other.data('one')).toEqual({ user: 'ada', x: 2 })
    expect(await world.liveIds('ada')).toHaveLength(1)
  })

  test('exactly one of many that take it gets what it held', async () => {
    await using world = await World.open(engine)
    const desks = [await Desk.open(world), await Desk.open(world)]
    await desks[0]?.write('one', { code: 7 })
    const taken = await Promise.all(Array.from({ length: 10 }, (_, i) => desks[i % 2]?.sessions.take('one')))
    expect(taken.filter((data) => data !== null)).toEqual([{ code: 7 }])
    expect(await desks[1]?.data('one')).toBeNull()
  })

  test('an id is used again where that is its nature, and then is another session', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [
      await Desk.open(world, { reusesIds: true }),
      await Desk.open(world, { reusesIds: true }),
    ]
    await desk.write('key', { user: 'ada', x: 1 })
    const { view } = await desk.read('key')
    await other.sessions.revoke('key')
    expect(await other.write('key', { user: 'bob', y: 1 })).toBe(true)
    // The request that knew the session before must not write into this one.
    expect(await desk.write('key', { user: 'ada', x: 2 }, view)).toBe(false)
    for (const either of [desk, other]) expect(await either.data('key')).toEqual({ user: 'bob', y: 1 })
    for (let round = 0; round < 20; round += 1) {
      const [a, b] = round % 2 === 0 ? [desk, other] : [other, desk]
      await a.sessions.revoke('key')
      expect(await b.write('key', { round })).toBe(true)
      expect(await a.data('key')).toEqual({ round })
    }
  })

  test('a read sees what the same process is still writing', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { x: 1 })
    const held = desk.place.line.hold('replace')
    const writing = desk.write('one', { x: 2 })
    await held.reached
    const reading = desk.data('one')
    held.release()
    expect(await reading).toEqual({ x: 2 })
    await writing
  })
})

describe.each(ENGINES)('a change of the user of foreign data over $name', (engine) => {
  test('makes a new session of the user in the place of the old one', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { cart: ['tea'] })
    await other.read('one')
    const { view } = await desk.read('one')
    await desk.write('one', { cart: ['tea'], user: 'ada' }, view)
    expect(await world.liveIds('ada')).toHaveLength(1)
    for (const either of [desk, other])
      expect(await either.data('one')).toEqual({ cart: ['tea'], user: 'ada' })
    expect(endsOf(desk.place).map(({ reason }) => reason)).toEqual(['replaced'])
    // The same request goes on with what it has written.
    await desk.write('one', { cart: ['tea'], user: 'bob' }, view)
    expect([await world.liveIds('ada'), await world.liveIds('bob')].map(({ length }) => length)).toEqual([
      0, 1,
    ])
    await desk.write('one', { cart: ['tea'] }, view)
    expect(await world.liveIds('bob')).toEqual([])
    expect(await other.data('one')).toEqual({ cart: ['tea'] })
  })

  test('takes along what another request writes meanwhile, before and after the old one ends', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { cart: ['tea'] })
    const [early, late] = [await other.read('one'), await other.read('one')]
    const { view } = await desk.read('one')
    const held = desk.place.line.hold('end')
    const login = desk.write('one', { cart: ['tea'], user: 'ada' }, view)
    await held.reached
    await other.write('one', { cart: ['tea'], early: true }, early.view)
    held.release()
    await login
    await other.write('one', { cart: ['tea'], late: true }, late.view)
    expect(await desk.data('one')).toEqual({ cart: ['tea'], user: 'ada', early: true, late: true })
  })

  test.each([
    ['create', 'before'],
    ['create', 'after'],
    ['replace', 'before'],
    ['replace', 'after'],
    ['end', 'before'],
    ['end', 'after'],
  ] as const)('T51: a log-out while its %s is held %s it is done is final', async (verb, stage) => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 1 })
    const { view } = await desk.read('one')
    const held = desk.place.line.hold(verb, stage)
    const login = desk.write('one', { x: 1, user: 'ada' }, view)
    await held.reached
    await other.sessions.revoke('one')
    held.release()
    await login
    await desk.place.store.drain()
    expect([await desk.data('one'), await other.data('one')]).toEqual([null, null])
    expect(await world.liveIds('ada')).toEqual([])
  })

  test.each(Array.from({ length: 9 }, (_, call) => call))(
    'T38: a process that dies at call %i of it leaves the old session or the new one',
    async (call) => {
      for (const stage of ['before', 'after'] as const) {
        await using world = await World.open(engine)
        const [desk, other] = [await Desk.open(world), await Desk.open(world)]
        await desk.write('one', { x: 1 })
        const { view } = await desk.read('one')
        desk.place.line.crash(call, stage)
        await desk.write('one', { x: 1, user: 'ada' }, view).catch(() => undefined)
        const left = await other.data('one')
        expect([{ x: 1 }, { x: 1, user: 'ada' }]).toContainEqual(left)
        // A session that nobody reaches expires, and what is reached goes on.
        expect(await other.write('one', { ...left, y: 1 })).toBe(true)
        expect(await other.data('one')).toEqual({ ...left, y: 1 })
      }
    },
  )
})
