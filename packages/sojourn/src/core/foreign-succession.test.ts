import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { isHandedOver } from './foreign-succession.ts'
import { Desk, everything } from './foreign-world.test-support.ts'
import { World } from './world.test-support.ts'

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
    const { view } = await desk.read('one')
    const held = desk.place.line.hold('end')
    const login = desk.write('one', { user: 'ada' }, view)
    await held.reached
    expect(isHandedOver(await world.stored(id))).toBe(true)
    const { store } = other.place
    expect(await store.update({ id, operator: true }, () => undefined)).toBeNull()
    expect((await world.stored(id)).version).toBe(2)
    held.release()
    expect(await login).toBe(true)
    expect(await other.data('one')).toEqual({ user: 'ada' })
  })

  test('is as it was where that is not known, and nothing is left of the other one', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { user: 'bob' })
    const { view } = await desk.read('one')
    desk.place.line.fail('replace', 'before')
    await expect(desk.write('one', { user: 'ada' }, view)).rejects.toMatchObject({ status: 503 })
    await desk.place.store.drain()
    expect(await world.liveIds('ada')).toEqual([])
    expect(await other.data('one')).toEqual({ user: 'bob' })
    desk.place.line.fail('replace', 'after')
    expect(await desk.write('one', { user: 'ada' }, view)).toBe(true)
    expect(await other.data('one')).toEqual({ user: 'ada' })
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
