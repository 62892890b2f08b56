import { afterEach, describe, expect, test, vi } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { ForeignDeadlines } from './foreign-deadlines.ts'
import type { ForeignOptions } from './foreign-options.ts'
import { Desk, lasting } from './foreign-world.test-support.ts'
import { CLOCK_SKEW_MS } from './port.ts'
import { StagedEngine } from './staged-engine.test-support.ts'
import { HOUR, MINUTE, SECOND, World } from './world.test-support.ts'

const [MEMORY] = ENGINES
const AHEAD = 30 * SECOND
const WRITES = ['touch', 'replace', 'create', 'end']

afterEach(() => void vi.restoreAllMocks())

/** A process whose clock is ahead, and one whose clock is right. */
async function desksOf(world: World, options: Partial<ForeignOptions> = {}): Promise<readonly [Desk, Desk]> {
  const place = await world.place({ clock: world.clockAhead(AHEAD) })
  return [new Desk(place, options), await Desk.open(world, options)]
}

type Shorten = (desk: Desk, world: World) => Promise<unknown>

const SHORTENED: readonly (readonly [string, Shorten])[] = [
  [
    'a touch of what was read',
    async (desk, world) => desk.touch('one', lasting(world, MINUTE), (await desk.read('one')).view),
  ],
  [
    'a write of what was read',
    async (desk, world) => desk.write('one', { x: 2 }, (await desk.read('one')).view, lasting(world, MINUTE)),
  ],
  ['a write of the whole', (desk, world) => desk.write('one', { x: 2 }, null, lasting(world, MINUTE))],
  ['a write of the same', (desk, world) => desk.write('one', { x: 1 }, null, lasting(world, MINUTE))],
]

/** How long a session lives, counted from its last use: that makes it shorter, after one by a clock that is ahead. */
async function lifeAfter(shorten: Shorten): Promise<number> {
  await using world = await World.open(MEMORY)
  const [ahead, desk] = await desksOf(world)
  await ahead.write('one', { x: 1 })
  world.clock.advance(SECOND)
  await shorten(desk, world)
  return (await desk.read('one')).expiresAt - world.clock.now()
}

describe.each(ENGINES)('by clocks that differ, over $name', (engine) => {
  test.each(SHORTENED)(
    '%s makes a session shorter, at most by the difference later',
    async (_name, shorten) => {
      await using world = await World.open(engine)
      const [ahead, desk] = await desksOf(world)
      await ahead.write('one', { x: 1 })
      world.clock.advance(SECOND)
      await shorten(desk, world)
      world.clock.advance(MINUTE - 1)
      expect(await desk.data('one')).not.toBeNull()
      world.clock.advance(AHEAD)
      expect(await desk.data('one')).toBeNull()
    },
  )

  test('a longer deadline counts, too, and what a framework counts it from stays', async () => {
    await using world = await World.open(engine)
    const [ahead, desk] = await desksOf(world)
    await ahead.write('one', { x: 1 })
    world.clock.advance(SECOND)
    await desk.touch('one', lasting(world, 2 * HOUR), (await desk.read('one')).view)
    const { seenAt, expiresAt } = await ahead.read('one')
    expect([expiresAt >= world.clock.now() + 2 * HOUR, expiresAt - seenAt]).toEqual([true, 2 * HOUR])
  })

  test('a clock that is further ahead than clocks may differ is believed: an earlier use moves nothing', async () => {
    await using world = await World.open(engine)
    const far = new Desk(await world.place({ clock: world.clockAhead(CLOCK_SKEW_MS + SECOND) }))
    const desk = await Desk.open(world)
    await far.write('one', { x: 1 })
    const { view, expiresAt } = await desk.read('one')
    expect(await desk.touch('one', lasting(world, MINUTE), view)).toBe(true)
    expect((await desk.read('one')).expiresAt).toBe(expiresAt)
    world.clock.advance(SECOND)
    await desk.touch('one', lasting(world, MINUTE), view)
    expect((await desk.read('one')).expiresAt).toBeLessThan(expiresAt)
  })

  test('one that is over ends the session at once', async () => {
    await using world = await World.open(engine)
    const [ahead, desk] = await desksOf(world)
    await ahead.write('one', { x: 1 })
    const { view } = await desk.read('one')
    await desk.touch('one', lasting(world, -SECOND), view)
    expect([await ahead.data('one'), await desk.data('one')]).toEqual([null, null])
  })

  test.each([
    ['for the idle timeout', null],
    ['by a date', Number.MAX_SAFE_INTEGER],
  ])('L13: processes that use a session in turn, %s, write no more often for that', async (_name, seenAt) => {
    await using world = await World.open(engine)
    const use = ({ place: { store } }: Desk) =>
      seenAt === null ? null : { seenAt, expiresAt: store.clock.now() + HOUR / 2 }
    const desks = await desksOf(world)
    await desks[0].write('one', { x: 1 })
    for (const { place } of desks) place.line.forget()
    for (let turn = 0; turn < 50; turn += 1) {
      world.clock.advance(500)
      for (const desk of desks) {
        const { view, data } = await desk.read('one')
        await (turn % 2 === 0 ? desk.touch('one', use(desk), view) : desk.write('one', data, view, use(desk)))
      }
    }
    const calls = desks.flatMap(({ place }) => place.line.calls)
    expect(calls.filter((verb) => WRITES.includes(verb))).toEqual([])
  })

  test('what a request hands back as it was read moves nothing', async () => {
    await using world = await World.open(engine)
    const [ahead, desk] = await desksOf(world)
    await ahead.write('one', { x: 1 })
    const { view, seenAt, expiresAt } = await desk.read('one')
    await desk.touch('one', { seenAt, expiresAt }, view)
    await desk.place.store.drain()
    expect(await desk.read('one')).toMatchObject({ seenAt, expiresAt })
  })

  test('a value that is stored anew is over when that says, to the millisecond', async () => {
    await using world = await World.open(engine)
    const [ahead, desk] = await desksOf(world)
    const until = (ms: number) => ({ text: 'one', expiresAt: world.clock.now() + ms })
    await ahead.sessions.values.change('a', () => until(HOUR))
    await desk.sessions.values.change('a', () => until(5 * SECOND))
    world.clock.advance(5 * SECOND - 1)
    expect(await desk.sessions.values.read('a')).not.toBeNull()
    world.clock.advance(1)
    expect(await desk.sessions.values.read('a')).toBeNull()
    await desk.sessions.values.change('a', () => until(HOUR))
    expect(await ahead.sessions.values.read('a')).toEqual(until(HOUR))
  })
})

describe('a broken twin', () => {
  test.each(SHORTENED)('that goes by the clocks alone has %s change nothing', async (_name, shorten) => {
    expect(await lifeAfter(shorten)).toBeLessThanOrEqual(MINUTE + AHEAD)
    vi.spyOn(ForeignDeadlines.prototype, 'after').mockImplementation((_seenAt, use) => use)
    expect(await lifeAfter(shorten)).toBeGreaterThan(HOUR / 3)
  })

  test('that keeps a value until its last change by a clock that is ahead has it live on', async () => {
    const { replace } = StagedEngine.prototype
    vi.spyOn(StagedEngine.prototype, 'replace').mockImplementation(function (
      this: StagedEngine,
      record,
      ...others
    ) {
      const expiresAt = Math.max(record.seenAt + 1, record.expiresAt)
      return Reflect.apply(replace, this, [{ ...record, expiresAt, absoluteAt: expiresAt }, ...others])
    })
    await using world = await World.open(MEMORY)
    const [ahead, desk] = await desksOf(world)
    const until = (ms: number) => ({ text: 'one', expiresAt: world.clock.now() + ms })
    await ahead.sessions.values.change('a', () => until(HOUR))
    await desk.sessions.values.change('a', () => until(5 * SECOND))
    world.clock.advance(5 * SECOND)
    expect(await desk.sessions.values.read('a')).not.toBeNull()
  })
})
