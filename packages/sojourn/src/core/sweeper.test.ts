import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { LEASE_MS, TOMBSTONE_MS } from './port.ts'
import { SETTLE_AFTER_MS } from './sweeper.ts'
import type { Place } from './world.test-support.ts'
import { endsOf, HOUR, MINUTE, namesOf, SECOND, World } from './world.test-support.ts'

const IDLE = 30 * MINUTE

async function create(place: Place, count: number): Promise<string[]> {
  const made = await Promise.all(Array.from({ length: count }, () => place.store.create({ userId: 'u_1' })))
  return made.map(({ session }) => session.id)
}

/** Time goes by in steps in which an engine can answer. */
async function pass(world: World, { store }: Place, ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone += 100) {
    world.clock.advance(100)
    await store.drain()
  }
}

describe.each(ENGINES)('the sweep over $name', (engine) => {
  test('T84: it ends what has expired, once, then drops the data, then the tombstone', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const [id = ''] = await create(place, 1)
    world.clock.advance(IDLE + SETTLE_AFTER_MS - 1)
    expect(await place.store.sweep()).toBe(0)
    world.clock.advance(1)
    expect(await place.store.sweep()).toBe(1)
    expect(endsOf(place)).toEqual([{ id, reason: 'idle' }])
    const tombstone = await world.stored(id)
    expect(tombstone.ended).toEqual({ at: tombstone.expiresAt, reason: 'idle' })
    expect(tombstone.data.byteLength).toBe(0)
    expect(await world.liveIds('u_1')).toEqual([])
    world.clock.advance(TOMBSTONE_MS)
    expect(await place.store.sweep()).toBe(1)
    expect(await world.record(id)).toBeNull()
    expect(endsOf(place)).toHaveLength(1)
    expect(await place.store.sweep()).toBe(0)
  })

  test('T84: a session that was used meanwhile is left alone', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { token } = await place.store.create()
    world.clock.advance(20 * MINUTE)
    await place.store.touch(token)
    world.clock.advance(20 * MINUTE)
    expect(await place.store.sweep()).toBe(0)
    expect(await place.store.read(token)).not.toBeNull()
  })

  test('it names the deadline that was reached', async () => {
    await using world = await World.open(engine, { lifetime: { idle: '30m', absolute: '40m' } })
    const place = await world.place()
    const { token } = await place.store.create()
    await place.store.create()
    world.clock.advance(20 * MINUTE)
    await place.store.touch(token)
    world.clock.advance(HOUR)
    await place.store.sweep()
    expect(
      endsOf(place)
        .map(({ reason }) => reason)
        .sort(),
    ).toEqual(['absolute', 'idle'])
  })

  test('T84: many sweepers at once tell each end once', async () => {
    await using world = await World.open(engine)
    const places = [...(await world.pair()), ...(await world.pair())]
    const [first] = places
    const ids = first === undefined ? [] : await create(first, 350)
    world.clock.advance(IDLE + SETTLE_AFTER_MS)
    const settled = await Promise.all(places.map(({ store }) => store.sweep()))
    expect(settled.reduce((sum, count) => sum + count, 0)).toBe(350)
    const ends = places.flatMap(endsOf)
    expect(ends).toHaveLength(350)
    expect(new Set(ends.map(({ id }) => id))).toEqual(new Set(ids))
  })

  test.each([
    ['due', 'before'],
    ['due', 'after'],
    ['settle', 'before'],
    ['settle', 'after'],
  ] as const)(
    'T84: a sweep that dies at %s, %s it is done, loses and repeats nothing',
    async (verb, stage) => {
      await using world = await World.open(engine)
      const [dying, other] = await world.pair()
      const ids = await create(other, 120)
      world.clock.advance(IDLE + SETTLE_AFTER_MS)
      dying.line.fail(verb, stage, 1_000)
      await expect(dying.store.sweep()).rejects.toMatchObject({ status: 503 })
      await other.store.sweep()
      world.clock.advance(LEASE_MS)
      await other.store.sweep()
      const ends = [...endsOf(dying), ...endsOf(other)].map(({ id }) => id)
      expect(new Set(ends).size).toBe(ends.length)
      // Who ended them died before it could tell.
      const isUntold = verb === 'due' && stage === 'after'
      expect(new Set(ends)).toEqual(new Set(isUntold ? [] : ids))
      for (const id of ids) {
        const record = await world.stored(id)
        expect(record.ended).not.toBeNull()
        expect(record.data.byteLength).toBe(0)
      }
      world.clock.advance(TOMBSTONE_MS)
      await other.store.sweep()
      for (const id of ids) expect(await world.record(id)).toBeNull()
    },
  )

  test('T84: a portion that fails does not hold up the others, and comes again', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const ids = await create(place, 250)
    const settled = async (): Promise<number> => {
      const records = await Promise.all(ids.map((id) => world.stored(id)))
      return records.filter(({ data }) => data.byteLength === 0).length
    }
    world.clock.advance(IDLE + SETTLE_AFTER_MS)
    place.line.fail('settle')
    await expect(place.store.sweep()).rejects.toMatchObject({ status: 503 })
    expect([50, 200]).toContain(await settled())
    expect(endsOf(place)).toHaveLength(250)
    world.clock.advance(LEASE_MS)
    await place.store.sweep()
    expect(await settled()).toBe(250)
    expect(endsOf(place)).toHaveLength(250)
  })

  test('T84: a turn is bounded: what is left waits for the next one', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    await create(place, 450)
    world.clock.advance(IDLE + SETTLE_AFTER_MS)
    const held = place.line.hold('due', 'after')
    const sweep = place.store.sweep()
    await held.reached
    world.clock.advance(101)
    held.release()
    expect(await sweep).toBe(200)
    expect(await place.store.sweep()).toBe(250)
  })

  /** A store that begins to sweep when so many sessions have been due for so long, and has had its first turn. */
  async function atWork(world: World, count: number, lateBy: number): Promise<Place> {
    const made = await world.place()
    await create(made, count)
    world.clock.advance(IDLE + SETTLE_AFTER_MS + lateBy)
    const place = await world.place({ sweep: true })
    while (endsOf(place).length === 0) {
      world.clock.advance(1)
      await place.store.drain()
    }
    return place
  }

  /** The next turn begins, and takes so long. */
  async function turnOf(world: World, place: Place, ms: number): Promise<void> {
    const held = place.line.hold('due', 'after')
    world.clock.advance(2)
    await held.reached
    world.clock.advance(ms)
    held.release()
    await place.store.drain()
  }

  test('T84: what is in time goes a few at a time, with a rest of eight times as long as they took', async () => {
    await using world = await World.open(engine)
    const place = await atWork(world, 40, 0)
    expect(endsOf(place)).toHaveLength(4)
    await turnOf(world, place, 20)
    expect(endsOf(place)).toHaveLength(8)
    // By up to half of it each rest is shorter or longer, and the turn took 20 or 21 ms: it began after 1 or 2 of its 2.
    world.clock.advance(79)
    await place.store.drain()
    expect(endsOf(place)).toHaveLength(8)
    world.clock.advance(21 * 8 * 1.5 - 79)
    await place.store.drain()
    expect(endsOf(place)).toHaveLength(12)
  })

  test('T84: the later it is, the more goes at a time, and the shorter are the rests', async () => {
    await using world = await World.open(engine)
    const place = await atWork(world, 300, 10.4 * SECOND)
    // It is 15.4 to 19.5 seconds late by now.
    await turnOf(world, place, 100)
    const { length } = endsOf(place)
    expect(length).toBeGreaterThanOrEqual(4 + 32)
    expect(length).toBeLessThanOrEqual(4 + 170)
    // In time it would be 400 to 1,200 ms.
    world.clock.advance(560)
    await place.store.drain()
    expect(endsOf(place).length).toBeGreaterThan(length)
  })

  test('T84: what is late goes as fast as turns follow each other', async () => {
    await using world = await World.open(engine)
    const place = await atWork(world, 450, 21 * SECOND)
    expect(endsOf(place)).toHaveLength(4)
    await turnOf(world, place, 101)
    expect(endsOf(place)).toHaveLength(204)
    await turnOf(world, place, 0)
    expect(endsOf(place)).toHaveLength(450)
  })

  test('T84: turns come by themselves, at jittered times, until the store is closed', async () => {
    await using world = await World.open(engine)
    const gaps: number[] = []
    const place = await world.place({ sweep: true })
    let last = world.clock.now()
    for (let step = 0; step < 3_000; step += 1) {
      world.clock.advance(100)
      await place.store.drain()
      if (place.line.calls.includes('due')) {
        gaps.push(world.clock.now() - last)
        last = world.clock.now()
        place.line.forget()
      }
    }
    expect(gaps.length).toBeGreaterThan(40)
    expect(place.store.counters().sweepFailures).toBe(0)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2_000)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(6_100)
    expect(new Set(gaps).size).toBeGreaterThan(10)
    await place.store.close()
    world.clock.advance(HOUR)
    expect(place.line.calls).not.toContain('due')
  })

  test('T84: a turn that fails is counted, and the next one comes', async () => {
    await using world = await World.open(engine)
    const place = await world.place({ sweep: true })
    place.line.fail('due')
    await pass(world, place, 8 * SECOND)
    expect(place.store.counters().sweepFailures).toBe(1)
    place.line.forget()
    await pass(world, place, 8 * SECOND)
    expect(place.line.calls).toContain('due')
  })

  test.each([
    ['forward', 10 * 365 * 24 * HOUR],
    ['forward by a little more than a minute', 60_001],
    ['back', -2 * HOUR],
  ])('T50: when the clock jumps %s the sweep stops, says so once, and deletes nothing', async (_name, by) => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { token, session } = await place.store.create({ userId: 'u_1' })
    const before = await world.stored(token)
    await place.store.sweep()
    place.line.forget()
    world.clock.jump(by)
    for (let turn = 0; turn < 5; turn += 1) {
      world.clock.advance(SECOND)
      expect(await place.store.sweep()).toBe(0)
    }
    expect(place.line.calls).toEqual([])
    expect(place.told.filter(({ name }) => name === 'clockJumped')).toMatchObject([{ byMs: by }])
    expect(await world.stored(token)).toEqual(before)
    const isDead = world.clock.now() >= session.expiresAt
    expect((await place.store.read(token, { touch: false })) === null).toBe(isDead)
  })

  test('T50: it goes on when the clock is set right again, or when the jump is confirmed', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { session } = await place.store.create()
    world.clock.jump(HOUR)
    expect(await place.store.sweep()).toBe(0)
    world.clock.jump(-HOUR)
    expect(await place.store.sweep()).toBe(0)
    expect(place.line.calls).toContain('due')
    expect((await world.stored(session.id)).ended).toBeNull()
    world.clock.jump(HOUR)
    expect(await place.store.sweep()).toBe(0)
    place.store.trustClock()
    expect(await place.store.sweep()).toBe(1)
    expect(namesOf(place)).toEqual(['created', 'clockJumped', 'clockJumped', 'ended'])
  })

  test('T50: two clocks that drift apart by ten seconds a day are no jump', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    for (let day = 0; day < 30; day += 1) {
      world.clock.advance(24 * HOUR)
      world.clock.jump(10 * SECOND)
      place.line.forget()
      await place.store.sweep()
      expect(place.line.calls).toContain('due')
    }
    expect(namesOf(place)).not.toContain('clockJumped')
  })
})
