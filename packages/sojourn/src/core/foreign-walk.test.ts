import { describe, expect, test, vi } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { type ErrorCode, SessionError } from './errors.ts'
import { Desk, damage, lasting, walkOf } from './foreign-world.test-support.ts'
import { bareRecord } from './own-record.ts'
import { HOUR, MINUTE, namesOf, World } from './world.test-support.ts'

async function numbersIn(desk: Desk): Promise<number[]> {
  return (await walkOf(desk)).map(({ data }) => Number(data['i'])).sort((a, b) => a - b)
}

/** The session's own id. */
async function idOf(desk: Desk, number: number): Promise<string> {
  return (await walkOf(desk)).find(({ data }) => data['i'] === number)?.id ?? ''
}

/** As an engine answers whoever asks for a record that it cannot read, whatever else is asked for with it. */
function engineFailsOn({ place: { line } }: Desk, id: string, code: ErrorCode): void {
  const { read } = line
  vi.spyOn(line, 'read').mockImplementation((ids) =>
    ids.includes(id) ? Promise.reject(new SessionError(code)) : read.call(line, ids),
  )
}

describe.each(ENGINES)('a walk over foreign sessions over $name', (engine) => {
  test('comes by each live session of its label once, and by nothing else', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    const other = new Desk(desk.place, { label: 'other' })
    await desk.place.store.create({ userId: 'ada' })
    await Promise.all(Array.from({ length: 130 }, (_, i) => desk.write(`id ${i}`, { i })))
    await Promise.all(Array.from({ length: 30 }, (_, i) => other.write(`id ${i}`, { i })))
    for (const gone of [3, 77]) await desk.sessions.revoke(`id ${gone}`)
    const found = await walkOf(desk)
    expect(found.map(({ data }) => Number(data['i'])).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 130 }, (_, i) => i).filter((i) => i !== 3 && i !== 77),
    )
    expect([await desk.sessions.count(), await other.sessions.count()]).toEqual([128, 30])
    expect([await desk.sessions.clear(), await desk.sessions.count()]).toEqual([128, 0])
    expect([await other.sessions.count(), await world.liveIds('ada')]).toEqual([30, [expect.any(String)]])
  })

  test('a handle opens nothing, and ends the session once, in any process', async () => {
    await using world = await World.open(engine)
    const [desk, elsewhere] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 1 })
    await desk.write('two', { x: 2 })
    const [entry] = (await walkOf(desk)).filter(({ data }) => data['x'] === 1)
    const { handle = '', id = '' } = entry ?? {}
    for (const either of [handle, id]) expect(await desk.data(either)).toBeNull()
    // The session's own id is public: it is no handle.
    const [link, tag] = [handle.slice(0, -12), handle.slice(-12)]
    const wrong = [link, `${link}${'A'.repeat(12)}`, `~${id}`, `~${id}${tag}`, `~${'A'.repeat(28)}`]
    for (const no of [id, '', '~', handle.slice(1), `${handle}A`, ...wrong]) {
      expect([no, await desk.sessions.revokeHandle(no)]).toEqual([no, false])
    }
    expect(await new Desk(desk.place, { label: 'other' }).sessions.revokeHandle(handle)).toBe(false)
    expect(await desk.data('one')).toEqual({ x: 1 })
    const ends = await Promise.all([desk, elsewhere].map(({ sessions }) => sessions.revokeHandle(handle)))
    expect(ends.filter((isOurs) => isOurs)).toHaveLength(1)
    for (const either of [desk, elsewhere]) {
      expect([await either.data('one'), await either.data('two')]).toEqual([null, { x: 2 }])
    }
    const told = [...namesOf(desk.place), ...namesOf(elsewhere.place)]
    expect(told.filter((name) => name === 'ended')).toHaveLength(1)
  })

  test('a handle stays that of its id, whichever session the id leads to', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world, { reusesIds: true })
    const handle = async () => (await walkOf(desk)).map((entry) => entry.handle)
    await desk.write('one', { x: 1 })
    const before = await handle()
    await desk.write('one', { user: 'ada' })
    expect(await handle()).toEqual(before)
    await desk.sessions.revoke('one')
    expect(await handle()).toEqual([])
    await desk.write('one', { user: 'ada' })
    expect(await handle()).toEqual(before)
  })

  test.each(['count', 'clear'] as const)(
    '%s meets a session that takes the place of another meanwhile',
    async (verb) => {
      await using world = await World.open(engine)
      const [desk, elsewhere] = [await Desk.open(world), await Desk.open(world)]
      await desk.write('one', { x: 1 })
      const held = desk.place.line.hold('scan', 'after')
      const walking = desk.sessions[verb]()
      await held.reached
      await elsewhere.write('one', { user: 'ada' })
      held.release()
      expect(await walking).toBe(1)
      expect(await elsewhere.data('one')).toEqual(verb === 'count' ? { user: 'ada' } : null)
    },
  )

  test('clear meets a session whose place is taken right before it is ended', async () => {
    await using world = await World.open(engine)
    const [desk, elsewhere] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 1 })
    const held = desk.place.line.hold('end')
    const clearing = desk.sessions.clear()
    await held.reached
    await elsewhere.write('one', { user: 'ada' })
    held.release()
    expect([await clearing, await elsewhere.data('one')]).toEqual([1, null])
  })

  test('one session that cannot be read hides no other, and is counted and ended like them', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await Promise.all(Array.from({ length: 120 }, (_, i) => desk.write(`id ${i}`, { i, user: 'ada' })))
    await damage(world, await idOf(desk, 7))
    await expect(desk.data('id 7')).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    expect(await numbersIn(desk)).toEqual(Array.from({ length: 120 }, (_, i) => i).filter((i) => i !== 7))
    expect([await desk.sessions.count(), await desk.sessions.clear()]).toEqual([120, 120])
  })

  test('one session whose record the engine cannot read hides no other', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await Promise.all(Array.from({ length: 120 }, (_, i) => desk.write(`id ${i}`, { i, user: 'ada' })))
    engineFailsOn(desk, await idOf(desk, 7), 'RECORD_UNREADABLE')
    expect(await numbersIn(desk)).toEqual(Array.from({ length: 120 }, (_, i) => i).filter((i) => i !== 7))
    expect(await desk.sessions.count()).toBe(119)
    // Who asks for the end of all must hear that one may live on.
    const cleared = desk.sessions.clear()
    await expect(cleared).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    await expect(cleared).rejects.toThrow('119 sessions were ended, and 1 may live on')
    expect(await desk.sessions.count()).toBe(0)
  })

  test('an engine that fails in a walk is no end of it', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { i: 1 })
    engineFailsOn(desk, await idOf(desk, 1), 'ENGINE_UNAVAILABLE')
    for (const walk of [walkOf(desk), desk.sessions.count(), desk.sessions.clear()]) {
      await expect(walk).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    }
  })

  test('what has expired, or was cut off, is in no walk', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('old', { x: 1 })
    world.clock.advance(30 * MINUTE)
    await desk.write('young', { x: 2 })
    expect((await walkOf(desk)).map(({ data }) => data)).toEqual([{ x: 2 }])
    await desk.place.store.revokeAll()
    expect([await walkOf(desk), await desk.sessions.clear()]).toEqual([[], 0])
  })

  test('a record that is no link, where a handle points, ends nothing', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    const id = 'AAnoLinkAtAll001'
    await world.raw.create(bareRecord(id, world.clock.now()), null, world.clock.now())
    expect(await desk.sessions.revokeHandle(`~${id}`)).toBe(false)
    expect(await world.record(id)).toMatchObject({ ended: null })
  })

  test('what is written whole lives as long as it is to, counted from then, where that is its nature', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world, { reusesIds: true, renewsLife: true })
    const strict = new Desk(desk.place, { label: 'strict', reusesIds: true })
    for (const { sessions } of [desk, strict])
      await sessions.write('one', { data: { x: 1 }, use: lasting(world, 8 * HOUR), view: null })
    world.clock.advance(7 * HOUR)
    for (const { sessions } of [desk, strict])
      await sessions.write('one', { data: { x: 2 }, use: lasting(world, 2 * HOUR), view: null })
    world.clock.advance(HOUR)
    expect([await desk.data('one'), await strict.data('one')]).toEqual([{ x: 2 }, null])
    world.clock.advance(HOUR)
    expect(await desk.data('one')).toBeNull()
  })

  test('a request that knew a session never renews its life', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world, { renewsLife: true })
    await desk.write('one', { x: 1 }, null, lasting(world, 8 * HOUR))
    const { view } = await desk.read('one')
    world.clock.advance(7 * HOUR)
    await desk.write('one', { x: 2 }, view, lasting(world, 2 * HOUR))
    world.clock.advance(HOUR)
    expect(await desk.data('one')).toBeNull()
  })

  test('values that are written often are handed over once in a throttle, and none is lost', async () => {
    await using world = await World.open(engine)
    const [desk, elsewhere] = [
      await Desk.open(world, { reusesIds: true, renewsLife: true }),
      await Desk.open(world, { reusesIds: true, renewsLife: true }),
    ]
    for (let minute = 0; minute < 10; minute += 1) {
      for (const { sessions } of [desk, elsewhere]) {
        await sessions.write('one', { data: { minute }, use: lasting(world, 100 * HOUR), view: null })
      }
      world.clock.advance(MINUTE)
      expect(await desk.data('one')).toEqual({ minute })
    }
    const created = [...namesOf(desk.place), ...namesOf(elsewhere.place)].filter((name) => name === 'created')
    expect(created.length).toBeLessThanOrEqual(6)
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? desk : elsewhere).sessions.write('one', {
          data: { i },
          use: lasting(world, 100 * HOUR),
          view: null,
        }),
      ),
    )
    expect([{ i: 18 }, { i: 19 }]).toContainEqual(await desk.data('one'))
    expect(await desk.sessions.count()).toBe(1)
  })
})
