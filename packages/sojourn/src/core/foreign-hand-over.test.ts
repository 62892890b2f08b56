import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { isHandedOver } from './foreign-succession.ts'
import { Desk, everything, lasting, sweepFor, walkOf } from './foreign-world.test-support.ts'
import { endsOf, HOUR, MINUTE, namesOf, SECOND, World } from './world.test-support.ts'

/** More calls than a log-in makes. */
const CALLS = 12
const STAGES = ['before', 'after'] as const
const MOMENTS = Array.from({ length: CALLS }, (_, call) => call).flatMap((call) =>
  STAGES.map((stage) => ({ call, stage })),
)

/** One process logs somebody in, and dies at some call; another one knows the session. */
async function dying(world: World, { call, stage }: (typeof MOMENTS)[number]) {
  const [dies, other, third] = [await Desk.open(world), await Desk.open(world), await Desk.open(world)]
  await other.write('one', { cart: ['tea'] })
  const { view } = await dies.read('one')
  const seen = (await other.read('one')).view
  dies.place.line.crash(call, stage)
  const isTold = await dies.write('one', { cart: ['tea'], user: 'ada' }, view).catch(() => null)
  return { dies, other, third, seen, isTold }
}

describe.each(ENGINES)(
  'a process that dies while one session takes the place of another, over $name',
  (engine) => {
    test('T51: loses neither the session nor what others write', async () => {
      for (const moment of MOMENTS) {
        await using world = await World.open(engine)
        const { dies, other, third, seen, isTold } = await dying(world, moment)
        expect(await other.write('one', { cart: ['tea'], late: true }, seen)).toBe(true)
        const data = await third.data('one')
        expect(data).toMatchObject({ cart: ['tea'], late: true })
        if (isTold === true) expect(data).toHaveProperty('user', 'ada')
        dies.place.line.recover()
        await dies.place.store.drain()
        for (const desk of [dies, other, third]) expect(await desk.data('one')).toEqual(data)
      }
    })

    test('T51: lets no log-out be undone', async () => {
      for (const moment of MOMENTS) {
        await using world = await World.open(engine)
        const { dies, other, third } = await dying(world, moment)
        expect(await other.sessions.revoke('one')).toBe(true)
        dies.place.line.recover()
        await dies.place.store.drain()
        for (const desk of [third, dies, other]) expect(await desk.data('one')).toBeNull()
      }
    })

    test('T51: leaves a session that is ended with all of its user’s, and so does whoever finishes for it', async () => {
      for (const moment of MOMENTS) {
        await using world = await World.open(engine)
        const { dies, other, third } = await dying(world, moment)
        await other.place.store.revokeUser('ada')
        const data = await third.data('one')
        if (data !== null) expect(data).not.toHaveProperty('user')
        dies.place.line.recover()
        await dies.place.store.drain()
        for (const desk of [dies, other]) expect(await desk.data('one')).toEqual(data)
        expect(await world.liveIds('ada')).toEqual([])
      }
    })
  },
)

describe.each(ENGINES)('a session that has been handed over, over $name', (engine) => {
  test('takes no update, not even an operator’s', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { user: 'bob' })
    const [id = ''] = await world.liveIds('bob')
    const held = await desk.holds({ user: 'ada' }, 'end')
    expect(isHandedOver(await world.stored(id))).toBe(true)
    const { store } = other.place
    expect(await store.update({ id, operator: true }, () => undefined)).toBeNull()
    expect((await world.stored(id)).version).toBe(2)
    held.release()
    expect(await held.written).toBe(true)
    expect(await other.data('one')).toEqual({ user: 'ada' })
  })

  test('is as it was where that is not known, and nothing is left of the other one', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { user: 'bob' })
    const { view } = await desk.read('one')
    for (const [verb, stage] of [
      ['create', 'after'],
      ['replace', 'before'],
    ] as const) {
      desk.place.line.fail(verb, stage)
      await expect(desk.write('one', { user: 'ada' }, view)).rejects.toMatchObject({ status: 503 })
      await desk.place.store.drain()
      expect(await world.liveIds('ada')).toEqual([])
      expect(await other.data('one')).toEqual({ user: 'bob' })
    }
    desk.place.line.fail('replace', 'after')
    expect(await desk.write('one', { user: 'ada' }, view)).toBe(true)
    expect(await other.data('one')).toEqual({ user: 'ada' })
  })

  test('keeps no deadline, so that whoever brings an earlier one finds the session that takes its place', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { user: 'bob' })
    world.clock.advance(SECOND)
    const late = await other.read('one')
    const held = await desk.holds({ user: 'ada' }, 'end')
    expect(await other.touch('one', lasting(world, MINUTE), late.view)).toBe(true)
    held.release()
    await held.written
    expect((await other.read('one')).expiresAt).toBe(world.clock.now() + MINUTE)
  })

  test('is none that revokeAll has just ended, wherever nobody knows of that yet', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { user: 'bob', role: 'admin' })
    const { view } = await desk.read('one')
    world.clock.advance(100)
    await other.place.store.revokeAll()
    world.clock.advance(100)
    expect(await desk.write('one', { user: 'ada', role: 'admin' }, view)).toBe(false)
    for (const either of [desk, other]) expect(await either.data('one')).toBeNull()
    await desk.place.store.drain()
    expect(await world.liveIds('ada')).toEqual([])
  })

  test('is no session that a limit of its user could end: nobody logs out the one that takes its place', async () => {
    await using world = await World.open(engine, { perUser: { max: 1, whenFull: 'endOldest' } })
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { user: 'bob' })
    const held = await desk.holds({ user: 'ada' }, 'end')
    await other.write('at home', { user: 'bob' })
    held.release()
    expect(await held.written).toBe(true)
    expect(await other.data('one')).toEqual({ user: 'ada' })
  })

  test.each(STAGES)(
    'takes effect once, however late who began it goes on, %s it has ended',
    async (stage) => {
      for (const next of [{ step: 2, user: 'ada' }, { step: 2, user: 'eve' }, { step: 2 }]) {
        await using world = await World.open(engine)
        const [desk, other] = [await Desk.open(world), await Desk.open(world)]
        await desk.write('one', { step: 0 })
        const held = await desk.holds({ step: 1, user: 'ada' }, 'end', stage)
        const seen = await other.read('one')
        expect(seen.data).toEqual({ step: 1, user: 'ada' })
        expect(await other.write('one', next, seen.view)).toBe(true)
        held.release()
        expect(await held.written).toBe(true)
        await desk.place.store.drain()
        for (const either of [desk, other]) expect(await either.data('one')).toEqual(next)
      }
    },
  )

  test('is found also by who knows its link as it was before the sweep looked at that', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { cart: ['tea'] }, null, lasting(world, MINUTE))
    const [{ id } = { id: '' }] = await walkOf(other)
    // Counts as use, so that it outlives the time of its link.
    await other.place.store.update({ id, operator: true }, (draft) => void Object.assign(draft, { note: 1 }))
    await sweepFor(world, other.place, 5 * MINUTE)
    const { data, view } = await desk.read('one')
    expect(await desk.write('one', { ...data, user: 'ada' }, view)).toBe(true)
    for (const either of [desk, other]) {
      expect(await either.data('one')).toEqual({ cart: ['tea'], note: 1, user: 'ada' })
    }
  })

  test('is finished for when its log-in waits, and that is told once', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { user: 'bob' })
    const { view } = await desk.read('one')
    for (const stage of STAGES) {
      const user = `ada ${stage}`
      const held = desk.place.line.hold('end', stage)
      const login = desk.write('one', { user }, view)
      await held.reached
      expect(await other.data('one')).toEqual({ user })
      held.release()
      expect(await login).toBe(true)
      expect(await world.liveIds(user)).toHaveLength(1)
    }
    const live = (await everything(world)).filter(({ ended, userId }) => ended === null && userId !== null)
    expect(live).toHaveLength(1)
  })
})

describe.each(ENGINES)('a log-in while others write to the session, over $name', (engine) => {
  test('T51: takes along what twenty others write at once', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { cart: ['tea'] })
    const others = await Promise.all(Array.from({ length: 20 }, () => Desk.open(world)))
    const views = await Promise.all(others.map(async (other) => (await other.read('one')).view))
    const { view } = await desk.read('one')
    const writes = others.map((other, n) => other.write('one', { cart: ['tea'], [`n${n}`]: n }, views[n]))
    const told = await Promise.all([desk.write('one', { cart: ['tea'], user: 'ada' }, view), ...writes])
    expect(new Set(told)).toEqual(new Set([true]))
    const fields = Object.fromEntries(others.map((_, n) => [`n${n}`, n]))
    expect(await others[0]?.data('one')).toEqual({ cart: ['tea'], user: 'ada', ...fields })
  })

  test('is no end to a touch that races with it', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 1 })
    world.clock.advance(10 * MINUTE)
    const { view } = await desk.read('one')
    const held = other.place.line.hold('touch')
    const touching = other.touch('one')
    await held.reached
    await desk.write('one', { x: 1, user: 'ada' }, view)
    held.release()
    expect(await touching).toBe(true)
    expect(await other.data('one')).toEqual({ x: 1, user: 'ada' })
  })

  test('has a touch from a clock that is ahead answered, and not tried for ever', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    const ahead = new Desk(await world.place({ clock: world.clockAhead(30 * SECOND) }))
    await desk.write('one', { x: 1 }, null, lasting(world, MINUTE))
    const { view } = await desk.read('one')
    const seenAt = world.clock.now() + 30 * SECOND
    await ahead.touch('one', { seenAt, expiresAt: seenAt + HOUR })
    const seen = await other.read('one')
    await desk.write('one', { x: 1, user: 'ada' }, view, lasting(world, 20 * SECOND))
    expect(await other.touch('one', lasting(world, 20 * SECOND), seen.view)).toBe(false)
  })

  /** Another process writes at the last moment. */
  async function outrun(world: World) {
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 1 })
    const late = await other.read('one')
    const held = await desk.holds({ x: 1, user: 'ada' }, 'replace')
    await other.write('one', { x: 1, y: 1 }, late.view)
    held.release()
    expect(await held.written).toBe(true)
    expect(await other.data('one')).toEqual({ x: 1, y: 1, user: 'ada' })
    await desk.place.store.drain()
    return desk
  }

  test.each([
    { max: 1, whenFull: 'refuse' },
    { max: 2, whenFull: 'endOldest' },
  ] as const)('counts once against the limit of the user: %o', async (perUser) => {
    await using world = await World.open(engine, { perUser })
    const phone = await Desk.open(world)
    if (perUser.max > 1) await phone.write('phone', { user: 'ada' })
    world.clock.advance(1)
    await outrun(world)
    expect(await world.liveIds('ada')).toHaveLength(perUser.max)
  })

  test.each([
    { max: 1, whenFull: 'refuse' },
    { max: 2, whenFull: 'endOldest' },
  ] as const)('counts once also when somebody else logs in first: %o', async (perUser) => {
    await using world = await World.open(engine, { perUser })
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    if (perUser.max > 1) await desk.write('phone', { user: 'ada' })
    world.clock.advance(1)
    await desk.write('one', { x: 1 })
    const late = await other.read('one')
    const held = await desk.holds({ x: 1, user: 'ada' }, 'replace')
    await other.write('one', { x: 1, user: 'eve' }, late.view)
    const slow = desk.place.line.hold('end')
    held.release()
    await slow.reached
    slow.release()
    expect(await held.written).toBe(true)
    expect(await world.liveIds('ada')).toHaveLength(perUser.max)
  })

  test('keeps what an operator writes to all sessions of the user', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 1 })
    const { view } = await desk.read('one')
    let held = desk.place.line.hold('replace')
    const told = desk.write('one', { x: 1, user: 'ada' }, view)
    await held.reached
    const ban = (draft: object): void => void Object.assign(draft, { banned: true })
    expect(await other.place.store.updateUser('ada', ban)).toHaveLength(1)
    await other.write('one', { x: 1, y: 1 }, (await other.read('one')).view)
    // The new session is written anew, and then the old one is closed.
    for (let step = 0; step < 2; step += 1) {
      const next = desk.place.line.hold('replace')
      held.release()
      await next.reached
      held = next
    }
    await other.write('one', { x: 1, y: 2 }, (await other.read('one')).view)
    held.release()
    expect(await told).toBe(true)
    expect(await other.data('one')).toEqual({ x: 1, y: 2, user: 'ada', banned: true })
  })

  test('is told once, and nothing else is', async () => {
    await using world = await World.open(engine)
    const desk = await outrun(world)
    expect(namesOf(desk.place).filter((name) => name === 'created')).toHaveLength(2)
    expect(endsOf(desk.place).map(({ reason }) => reason)).toEqual(['replaced'])
  })

  test.each(STAGES)(
    'leaves nothing behind when it expires %s it is closed, and begins anew',
    async (stage) => {
      await using world = await World.open(engine)
      const [desk, other] = [
        await Desk.open(world, { reusesIds: true }),
        await Desk.open(world, { reusesIds: true }),
      ]
      await desk.write('one', { user: 'bob' }, null, lasting(world, MINUTE))
      const { view } = await desk.read('one')
      world.clock.advance(MINUTE - 1)
      const held = desk.place.line.hold('replace', stage)
      const login = desk.write('one', { user: 'ada' }, view, lasting(world, HOUR))
      await held.reached
      world.clock.advance(1)
      await other.write('one', { user: 'eve' })
      held.release()
      await login
      await desk.place.store.drain()
      const live = (await everything(world)).filter(({ ended, userId }) => ended === null && userId !== null)
      expect(live.map(({ userId }) => userId)).toEqual([(await other.data('one'))?.['user']])
    },
  )
})
