import { describe, expect, test } from 'vitest'
import { archiveTo } from './archive.ts'
import { ENGINES } from './engines.test-support.ts'
import { LEASE_MS } from './port.ts'
import { isDown, Shelf } from './shelf.test-support.ts'
import { SETTLE_AFTER_MS } from './sweeper.ts'
import { MINUTE, type Visit, World } from './world.test-support.ts'

const EVERY = 5 * MINUTE

async function kept(engine: (typeof ENGINES)[number]) {
  const shelf = new Shelf()
  const atEnd = archiveTo<Visit>(shelf.destination, {
    select: ({ data }) => data,
    checkpoint: { every: EVERY },
  })
  return Object.assign(await World.open(engine, { atEnd }), { shelf })
}

describe.each(ENGINES)('checkpoints over $name', (engine) => {
  test('a session that changed is kept as it is after the interval, once', async () => {
    await using world = await kept(engine)
    const { store } = await world.place()
    const { token, session } = await store.create({ userId: 'u_1', data: { count: 0 } })
    for (let count = 1; count <= 3; count += 1) {
      world.clock.advance(MINUTE)
      await store.update(token, (draft) => Object.assign(draft, { count: count }))
    }
    await store.drain()
    expect(await store.sweep()).toBe(0)
    world.clock.advance(2 * MINUTE + SETTLE_AFTER_MS)
    expect(await store.sweep()).toBe(1)
    expect([...world.shelf.live.values()]).toMatchObject([
      { id: session.id, userId: 'u_1', version: 4, data: { count: 3 }, json: '{"count":3}' },
    ])
    world.clock.advance(EVERY)
    expect(await store.sweep()).toBe(0)
    await store.update(token, (draft) => Object.assign(draft, { count: 9 }))
    await store.drain()
    world.clock.advance(EVERY + SETTLE_AFTER_MS)
    await store.sweep()
    expect(world.shelf.live.get(session.id)).toMatchObject({ data: { count: 9 } })
  })

  test('one that was only read is not written', async () => {
    await using world = await kept(engine)
    const { store } = await world.place()
    const { token } = await store.create()
    await store.drain()
    world.clock.advance(EVERY + SETTLE_AFTER_MS)
    await store.sweep()
    world.shelf.live.clear()
    world.clock.advance(MINUTE)
    await store.read(token)
    await store.drain()
    world.clock.advance(EVERY + SETTLE_AFTER_MS)
    await store.sweep()
    expect(world.shelf.live.size).toBe(0)
  })

  test('a mark outlives the process that made it', async () => {
    await using world = await kept(engine)
    const [dying, other] = await world.pair()
    const { session } = await dying.store.create({ data: { count: 1 } })
    await dying.store.drain()
    dying.line.crash(0, 'before')
    world.clock.advance(EVERY + SETTLE_AFTER_MS)
    await other.store.sweep()
    expect(world.shelf.live.get(session.id)).toMatchObject({ data: { count: 1 } })
  })

  test('a change that comes while it is written is kept the next time', async () => {
    await using world = await kept(engine)
    const [one, two] = await world.pair()
    const { token, session } = await one.store.create({ data: { count: 1 } })
    await one.store.drain()
    world.clock.advance(EVERY + SETTLE_AFTER_MS)
    const mood = world.shelf.mood
    world.shelf.mood = () => {
      world.shelf.mood = mood
      return two.store
        .update(token, (draft) => Object.assign(draft, { count: 2 }))
        .then(() => two.store.drain())
    }
    await one.store.sweep()
    expect(world.shelf.live.get(session.id)).toMatchObject({ data: { count: 1 } })
    world.clock.advance(EVERY + SETTLE_AFTER_MS)
    await one.store.sweep()
    expect(world.shelf.live.get(session.id)).toMatchObject({ data: { count: 2 } })
  })

  test('while the destination is down nothing is forgotten, and what has ended is told as ended', async () => {
    await using world = await kept(engine)
    const { store } = await world.place()
    const lives = await store.create({ data: { count: 1 } })
    const ends = await store.create({ data: { count: 1 } })
    await store.drain()
    world.shelf.mood = isDown
    world.clock.advance(EVERY + SETTLE_AFTER_MS)
    expect(await store.sweep()).toBe(0)
    await store.revoke(ends.token)
    world.shelf.mood = () => null
    world.clock.advance(LEASE_MS + SETTLE_AFTER_MS)
    while ((await store.sweep()) > 0);
    expect([...world.shelf.live.keys()]).toEqual([lives.session.id])
    expect(world.shelf.reasons).toEqual({ [ends.session.id]: 'logout' })
  })
})
