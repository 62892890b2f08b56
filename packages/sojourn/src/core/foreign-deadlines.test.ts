import { describe, expect, test } from 'vitest'
import { afterActivity, throttleOf } from './activity.ts'
import { ENGINES } from './engines.test-support.ts'
import { Desk, lasting, linksOf } from './foreign-world.test-support.ts'
import { HOUR, MINUTE, SECOND, World } from './world.test-support.ts'

const WRITES = ['touch', 'replace', 'create', 'end']

describe('a use', () => {
  const at = { seenAt: 1_000_000, expiresAt: 1_600_000, absoluteAt: 9_000_000 }

  test('moves the deadline either way, and never past the absolute one', () => {
    expect(afterActivity(at, { seenAt: 1_100_000, expiresAt: 1_700_000 })).toEqual({
      seenAt: 1_100_000,
      expiresAt: 1_700_000,
    })
    expect(afterActivity(at, { seenAt: 1_100_000, expiresAt: 1_200_000 })).toEqual({
      seenAt: 1_100_000,
      expiresAt: 1_200_000,
    })
    expect(afterActivity(at, { seenAt: 1_100_000, expiresAt: 1e12 }).expiresAt).toBe(9_000_000)
  })

  test('that was earlier than the last one changes nothing', () => {
    expect(afterActivity(at, { seenAt: 999_999, expiresAt: 9_000_000 })).toEqual({
      seenAt: 1_000_000,
      expiresAt: 1_600_000,
    })
  })

  test('of the same instant may make it shorter', () => {
    expect(afterActivity(at, { seenAt: 1_000_000, expiresAt: 1_001_000 })).toEqual({
      seenAt: 1_000_001,
      expiresAt: 1_001_000,
    })
  })

  test('does not shorten it by the milliseconds that a caller loses in counting', () => {
    expect(afterActivity(at, { seenAt: 1_000_000, expiresAt: 1_599_999 })).toEqual({
      seenAt: 1_000_000,
      expiresAt: 1_600_000,
    })
  })

  test('of a short time is kept to the millisecond', () => {
    const short = { seenAt: 1_000, expiresAt: 1_005, absoluteAt: 9_000 }
    expect(afterActivity(short, { seenAt: 1_000, expiresAt: 1_004 })).toEqual({
      seenAt: 1_001,
      expiresAt: 1_004,
    })
    expect(throttleOf(short)).toBe(0)
  })
})

describe.each(ENGINES)('the deadline of a foreign session over $name', (engine) => {
  test('is the given instant, to the millisecond, and the idle timeout without one', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('five', { x: 1 }, null, lasting(world, 5))
    await desk.write('idle', { x: 1 })
    world.clock.advance(4)
    expect(await desk.data('five')).toEqual({ x: 1 })
    world.clock.advance(1)
    expect(await desk.data('five')).toBeNull()
    world.clock.advance(30 * MINUTE - 6)
    expect(await desk.data('idle')).toEqual({ x: 1 })
    world.clock.advance(1)
    expect(await desk.data('idle')).toBeNull()
  })

  test('is capped by the absolute limit of the store', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { x: 1 }, null, lasting(world, 1_000 * HOUR))
    expect((await desk.read('one')).expiresAt).toBe(world.clock.now() + 8 * HOUR)
  })

  test('that is past stores nothing, and ends what was stored', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    expect(await desk.write('new', { x: 1 }, null, lasting(world, 0))).toBe(true)
    expect(desk.place.line.calls.filter((verb) => WRITES.includes(verb))).toEqual([])
    await desk.write('one', { x: 1 })
    const { view } = await desk.read('one')
    await desk.write('one', { x: 2 }, view, lasting(world, -1))
    await desk.write('two', { x: 1 })
    await desk.touch('two', lasting(world, 0))
    expect([await desk.data('new'), await desk.data('one'), await desk.data('two')]).toEqual([
      null,
      null,
      null,
    ])
  })

  test('L13: is written at most once in the throttle, however many requests use it', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { x: 1 })
    world.clock.advance(59 * SECOND)
    desk.place.line.forget()
    for (let turn = 0; turn < 1_000; turn += 1) {
      const { view, data } = await desk.read('one')
      await (turn % 2 === 0 ? desk.touch('one', null, view) : desk.write('one', data, view))
    }
    await desk.place.store.drain()
    expect(desk.place.line.calls.filter((verb) => WRITES.includes(verb))).toEqual([])
    world.clock.advance(SECOND)
    await desk.place.store.drain()
    expect(desk.place.line.calls.filter((verb) => WRITES.includes(verb))).toEqual(['touch'])
  })

  test('L13: is never early for that: what waited for the throttle is written after it', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 1 })
    world.clock.advance(59 * SECOND)
    await desk.touch('one', null, (await desk.read('one')).view)
    world.clock.advance(SECOND)
    await desk.place.store.drain()
    world.clock.advance(30 * MINUTE - SECOND - 1)
    expect(await other.data('one')).toEqual({ x: 1 })
    world.clock.advance(1)
    expect(await other.data('one')).toBeNull()
  })

  test('that waits is written when the store closes', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 1 })
    world.clock.advance(59 * SECOND)
    await desk.touch('one')
    await desk.place.store.close()
    world.clock.advance(30 * MINUTE - 1)
    expect(await other.data('one')).toEqual({ x: 1 })
  })

  test('is moved by a touch and by a write alike, in time', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { x: 1 })
    for (let turn = 0; turn < 4; turn += 1) {
      world.clock.advance(29 * MINUTE)
      const { view } = await desk.read('one')
      await (turn % 2 === 0 ? desk.touch('one', null, view) : desk.write('one', { x: turn }, view))
    }
    world.clock.advance(29 * MINUTE)
    expect(await desk.data('one')).toEqual({ x: 3 })
  })

  test('can be made shorter, and what waited before does not undo that, in this process or another', async () => {
    await using world = await World.open(engine)
    for (const shortensHere of [true, false]) {
      const [desk, other] = [await Desk.open(world), await Desk.open(world)]
      const id = `here ${shortensHere}`
      await desk.write(id, { x: 1 })
      world.clock.advance(30 * SECOND)
      await desk.touch(id, null, (await desk.read(id)).view)
      world.clock.advance(SECOND)
      const shortens = shortensHere ? desk : other
      expect(await shortens.touch(id, lasting(world, MINUTE), (await shortens.read(id)).view)).toBe(true)
      world.clock.advance(59 * SECOND)
      await desk.place.store.drain()
      expect(await desk.data(id)).toEqual({ x: 1 })
      world.clock.advance(SECOND)
      expect(await desk.data(id)).toBeNull()
    }
  })

  test('can be made shorter at the very instant at which it was set, by a write of data too', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { x: 1 })
    await desk.touch('one', lasting(world, MINUTE))
    await desk.write('two', { x: 1 })
    await desk.write('two', { x: 2 }, (await desk.read('two')).view, lasting(world, MINUTE))
    world.clock.advance(MINUTE)
    expect([await desk.data('one'), await desk.data('two')]).toEqual([null, null])
  })

  test('L13: a touch of what is absent, expired or ended says so, makes nothing and writes nothing', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('gone', { x: 1 })
    await desk.write('expired', { x: 1 }, null, lasting(world, MINUTE))
    await desk.sessions.revoke('gone')
    world.clock.advance(MINUTE)
    for (const id of ['absent', 'gone', 'expired']) {
      expect(await desk.touch(id, lasting(world, HOUR))).toBe(false)
      expect(await desk.data(id)).toBeNull()
    }
  })

  test('never outlives that of its link, which follows once in a while', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 1 })
    desk.place.line.forget()
    other.place.line.forget()
    for (let turn = 0; turn < 60; turn += 1) {
      world.clock.advance(5 * MINUTE)
      const either = turn % 3 === 0 ? other : desk
      const { view, expiresAt } = await either.read('one')
      await (turn % 2 === 0 ? either.touch('one', null, view) : either.write('one', { turn }, view))
      for (const link of await linksOf(world)) expect(link.expiresAt).toBeGreaterThanOrEqual(expiresAt)
    }
    // 30 that moved the session, and some for the link.
    const touches = [...desk.place.line.calls, ...other.place.line.calls].filter((verb) => verb === 'touch')
    expect(touches.length).toBeLessThan(30 + 25)
  })
})
