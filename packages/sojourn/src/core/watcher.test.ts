import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import type { Place } from './world.test-support.ts'
import { MINUTE, SECOND, World } from './world.test-support.ts'

/** Moves time on in small steps, and lets the look of each step finish. */
async function pass(world: World, { store }: Place, by: number): Promise<void> {
  for (let left = by; left > 0; left -= 100) {
    world.clock.advance(Math.min(100, left))
    await store.drain()
  }
}

describe.each(ENGINES)('watch over $name', (engine) => {
  test('T62: an end in the same process is told at once, and once', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { session, token } = await store.create({ userId: 'u_1' })
    let told = 0
    store.watch(session, () => (told += 1))
    store.watch(session, () => (told += 1))
    await store.revoke(token)
    expect(told).toBe(2)
    await store.revoke(token)
    world.clock.advance(SECOND)
    await store.drain()
    expect(told).toBe(2)
  })

  test.each([
    ['revoke', ({ store }: Place, token: string) => store.revoke(token)],
    ['revokeUser', ({ store }: Place) => store.revokeUser('u_1')],
    ['a log-in that replaces it', ({ store }: Place, token: string) => store.create({ replaces: token })],
    ['revokeAll', ({ store }: Place) => store.revokeAll()],
  ] as const)('T62: %s in another process is told within a second', async (_name, end) => {
    for (const phase of [0, 1, 250, 499, 500, 999]) {
      await using world = await World.open(engine)
      const [here, there] = await world.pair()
      const { session, token } = await here.store.create({ userId: 'u_1' })
      let told = 0
      here.store.watch(session, () => (told += 1))
      await pass(world, here, phase)
      await here.store.read(token)
      await end(there, token)
      await pass(world, here, SECOND)
      expect(told).toBe(1)
    }
  })

  test('T62: expiry is told within a second, too', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { session } = await store.create()
    let told = 0
    store.watch(session, () => (told += 1))
    world.clock.advance(30 * MINUTE - 400)
    await store.drain()
    expect(told).toBe(0)
    await pass(world, { store } as Place, SECOND)
    expect(told).toBe(1)
  })

  test('T62: a session that has ended before it is watched is told as well', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { session, token } = await here.store.create()
    await there.store.revoke(token)
    let told = 0
    here.store.watch(session, () => (told += 1))
    await pass(world, here, SECOND)
    expect(told).toBe(1)
  })

  test('T62: a look that fails is made up for by the next one', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { session, token } = await here.store.create()
    let told = 0
    here.store.watch(session, () => (told += 1))
    await there.store.revoke(token)
    here.line.fail('read')
    world.clock.advance(500)
    await here.store.drain()
    expect(told).toBe(0)
    world.clock.advance(500)
    await here.store.drain()
    expect(told).toBe(1)
  })

  test('T62: a read that fails keeps nobody of the next read waiting', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const made = await Promise.all(Array.from({ length: 1_001 }, () => here.store.create()))
    const [first, last] = [made[0], made.at(-1)]
    const told: string[] = []
    for (const { session } of made) here.store.watch(session, () => told.push(session.id))
    for (const one of [first, last]) await there.store.revoke(one?.token ?? '')
    here.line.fail('read')
    world.clock.advance(500)
    await here.store.drain()
    expect(told).toEqual([last?.session.id])
    expect(here.store.counters().backgroundFailures).toBe(1)
    world.clock.advance(500)
    await here.store.drain()
    expect(told).toEqual([last?.session.id, first?.session.id])
  })

  test('who has stopped watching is not told, and nothing looks when nobody watches', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { session, token } = await store.create()
    let told = 0
    const onEnded = (): void => {
      told += 1
    }
    const [one, two] = [store.watch(session, onEnded), store.watch(session, onEnded)]
    one()
    one()
    await store.revoke(token)
    expect(told).toBe(1)
    const again = store.watch(session, onEnded)
    two()
    await pass(world, { store } as Place, SECOND)
    expect(told).toBe(2)
    again()
    line.forget()
    await pass(world, { store } as Place, 5 * SECOND)
    expect(line.calls).toEqual([])
  })

  test('two thousand watched sessions are two reads a look', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const made = await Promise.all(Array.from({ length: 2_000 }, () => store.create()))
    let told = 0
    for (const { session } of made) store.watch(session, () => (told += 1))
    line.forget()
    world.clock.advance(500)
    await store.drain()
    expect(line.calls).toEqual(['read', 'read'])
    expect(told).toBe(0)
  })

  test('T82: a watcher that throws or rejects harms nobody', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { session, token } = await store.create()
    let told = 0
    store.watch(session, () => {
      throw new Error('socket')
    })
    store.watch(session, () => Promise.reject(new Error('socket')))
    store.watch(session, () => (told += 1))
    expect(await store.revoke(token)).toBe(true)
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toBe(1)
    expect(store.counters().listenerFailures).toBe(2)
  })

  test('after close nobody is looked after any more', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { session } = await store.create()
    store.watch(session, () => undefined)
    await store.close()
    world.clock.advance(10 * SECOND)
    expect(store.counters().backgroundFailures).toBe(0)
  })
})
