import { afterEach, describe, expect, test, vi } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { ForeignLinks } from './foreign-links.ts'
import { Desk, everything, linksOf, sweepFor, walkOf } from './foreign-world.test-support.ts'
import { HOUR, MINUTE, World } from './world.test-support.ts'

const [MEMORY] = ENGINES
const LIMITED = { perUser: { max: 1, whenFull: 'refuse' } } as const
const REFUSED = { code: 'USER_LIMIT_REACHED' }

afterEach(() => void vi.restoreAllMocks())

/** A desk over a store in which ada may have no further session. */
async function fullDesk(world: World): Promise<Desk> {
  const desk = await Desk.open(world)
  await desk.write('first', { user: 'ada' })
  return desk
}

/** Somebody else begins the id right before a refused write takes its link back. */
async function begunMeanwhile(world: World): Promise<unknown> {
  const [desk, other] = [await fullDesk(world), await Desk.open(world)]
  const held = desk.place.line.hold('replace')
  const refused = desk.write('one', { user: 'ada' }).catch((error: unknown) => error)
  await held.reached
  await other.write('one', { user: 'bob' })
  held.release()
  expect(await refused).toMatchObject(REFUSED)
  return (await Desk.open(world)).data('one')
}

describe.each(ENGINES)('an id whose first write was refused for good, over $name', (engine) => {
  test('is as if it had never been written: a later write is stored, soon or late', async () => {
    await using world = await World.open(engine, LIMITED)
    const desk = await fullDesk(world)
    for (const id of ['soon', 'later', 'late', 'soon', 'later', 'late']) {
      await expect(desk.write(id, { user: 'ada' })).rejects.toMatchObject(REFUSED)
      expect(await desk.data(id)).toBeNull()
    }
    await desk.sessions.revoke('first')
    for (const [id, wait] of [
      ['soon', 0],
      ['later', 5 * MINUTE],
      ['late', HOUR],
    ] as const) {
      world.clock.advance(wait)
      expect(await desk.write(id, { user: 'ada', id })).toBe(true)
      expect(await (await Desk.open(world)).data(id)).toEqual({ user: 'ada', id })
      await desk.sessions.revoke(id)
    }
  })

  test('is in no walk, and leaves nothing behind', async () => {
    await using world = await World.open(engine, LIMITED)
    const desk = await fullDesk(world)
    await expect(desk.write('one', { user: 'ada' })).rejects.toMatchObject(REFUSED)
    const walked = await walkOf(desk)
    expect([walked.map(({ data }) => data), await desk.sessions.count()]).toEqual([[{ user: 'ada' }], 1])
    expect([await desk.sessions.clear(), await desk.sessions.clear()]).toEqual([1, 0])
    await sweepFor(world, desk.place, 3 * HOUR, 15 * MINUTE)
    // The record about the store itself is all that stays.
    expect(await everything(world)).toHaveLength(1)
  })

  test('may be written later, too, when two processes were refused at once', async () => {
    await using world = await World.open(engine, LIMITED)
    const [desk, other] = [await fullDesk(world), await Desk.open(world)]
    const held = desk.place.line.hold('create', 'after')
    const late = desk.write('one', { user: 'ada' }).catch((error: unknown) => error)
    await held.reached
    await expect(other.write('one', { user: 'ada' })).rejects.toMatchObject(REFUSED)
    held.release()
    expect(await late).toMatchObject(REFUSED)
    await desk.sessions.revoke('first')
    world.clock.advance(5 * MINUTE)
    expect(await other.write('one', { user: 'ada' })).toBe(true)
  })

  test('leads to the session that somebody else has stored for it', async () => {
    await using world = await World.open(engine, LIMITED)
    const [desk, other] = [await fullDesk(world), await Desk.open(world)]
    const link = desk.place.line.hold('create', 'after')
    const refused = desk.write('one', { user: 'ada' }).catch((error: unknown) => error)
    await link.reached
    const session = desk.place.line.hold('create')
    link.release()
    await session.reached
    await other.write('one', { x: 1 })
    session.release()
    expect(await refused).toMatchObject(REFUSED)
    for (const either of [desk, other]) expect(await either.data('one')).toEqual({ x: 1 })
  })

  test('leads to the session that somebody else begins right before its link is taken back', async () => {
    await using world = await World.open(engine, LIMITED)
    expect(await begunMeanwhile(world)).toEqual({ user: 'bob' })
  })

  test('is used by whoever comes next, when its writer dies before the link is taken back', async () => {
    await using world = await World.open(engine, LIMITED)
    const [desk, other] = [await fullDesk(world), await Desk.open(world)]
    desk.place.line.fail('replace')
    await expect(desk.write('one', { user: 'ada' })).rejects.toMatchObject(REFUSED)
    expect(await other.write('one', { x: 1 })).toBe(true)
    for (const either of [desk, other]) expect(await either.data('one')).toEqual({ x: 1 })
  })

  test('keeps its link when the outcome is unknown: the session may be there, and is', async () => {
    await using world = await World.open(engine, LIMITED)
    const desk = await Desk.open(world)
    const held = desk.place.line.hold('create', 'after')
    const writing = desk.write('one', { user: 'ada' }).catch((error: unknown) => error)
    await held.reached
    desk.place.line.fail('create', 'after')
    held.release()
    expect(await writing).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    expect(await linksOf(world)).toHaveLength(1)
    expect(await desk.data('one')).toEqual({ user: 'ada' })
  })
})

describe('a broken twin', () => {
  test('that leaves the link has the id refused for ever', async () => {
    vi.spyOn(ForeignLinks.prototype, 'vacate').mockResolvedValue(undefined)
    await using world = await World.open(MEMORY, LIMITED)
    const desk = await fullDesk(world)
    await expect(desk.write('one', { user: 'ada' })).rejects.toMatchObject(REFUSED)
    await desk.sessions.revoke('first')
    world.clock.advance(5 * MINUTE)
    expect(await desk.write('one', { user: 'ada' })).toBe(false)
  })

  test('that takes the link back whatever it leads to loses a session', async () => {
    await using world = await World.open(MEMORY, LIMITED)
    const { vacate } = ForeignLinks.prototype
    vi.spyOn(ForeignLinks.prototype, 'vacate').mockImplementation(async function (
      this: ForeignLinks,
      key,
      link,
    ) {
      await vacate.call(this, key, link)
      const { version, seenAt } = await world.stored(link.id)
      await vacate.call(this, key, { ...link, version, seenAt })
    })
    expect(await begunMeanwhile(world)).toBeNull()
  })
})
