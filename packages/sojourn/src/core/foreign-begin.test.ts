import { afterEach, describe, expect, test, vi } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { ForeignBirth } from './foreign-birth.ts'
import { Desk, everything } from './foreign-world.test-support.ts'
import { isOwn } from './own-record.ts'
import type { SessionRecord } from './port.ts'
import { HOUR, MINUTE, SECOND, World } from './world.test-support.ts'

const [MEMORY] = ENGINES
/** More than clocks may differ by. */
const FAR_AHEAD = 10 * MINUTE

afterEach(() => void vi.restoreAllMocks())

/** Two begin one id: the first one's link is there, and its session is not yet. */
async function begunAtOnce(first: Desk, second: Desk, users: readonly [string, string]): Promise<unknown[]> {
  const held = first.place.line.hold('create', 'after')
  const late = first.write('one', { user: users[0] })
  await held.reached
  const isSecondDone = await second.write('one', { user: users[1] })
  held.release()
  return [await late, isSecondDone]
}

async function sessionsOf(world: World): Promise<SessionRecord[]> {
  const now = world.clock.now()
  return (await everything(world)).filter((record) => {
    return !isOwn(record) && record.ended === null && record.expiresAt <= now + 8 * HOUR
  })
}

describe.each(ENGINES)('an id that two processes begin at once over $name', (engine) => {
  test('of two users leads to one session, which is one user’s', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    expect(await begunAtOnce(desk, other, ['ada', 'bob'])).toEqual([true, true])
    // The one who was held wrote last.
    for (const either of [desk, other]) expect(await either.data('one')).toEqual({ user: 'ada' })
    expect((await sessionsOf(world)).map(({ userId }) => userId)).toEqual(['ada'])
  })

  test('by clocks that differ leads to one session, and no write is lost', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    const other = new Desk(await world.place({ clock: world.clockAhead(59 * SECOND) }))
    expect(await begunAtOnce(desk, other, ['ada', 'ada'])).toEqual([true, true])
    for (const either of [desk, other]) expect(await either.data('one')).toEqual({ user: 'ada' })
    expect(await sessionsOf(world)).toHaveLength(1)
  })

  test('and that may be used again leads to one session, however long the first one took', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world, { reusesIds: true })
    const place = await world.place({ clock: world.clockAhead(FAR_AHEAD) })
    const other = new Desk(place, { reusesIds: true })
    expect(await begunAtOnce(desk, other, ['ada', 'ada'])).toEqual([true, true])
    expect(await desk.data('one')).toEqual(await other.data('one'))
    expect(await sessionsOf(world)).toHaveLength(1)
  })
})

test('a twin that lets a session be stored whose link has moved on has two for one id', async () => {
  if (MEMORY === undefined) throw new Error('no engine')
  const { beginAgain } = ForeignBirth.prototype
  vi.spyOn(ForeignBirth.prototype, 'beginInstead').mockImplementation(beginAgain)
  await using world = await World.open(MEMORY)
  await begunAtOnce(await Desk.open(world), await Desk.open(world), ['ada', 'bob'])
  expect(await sessionsOf(world)).toHaveLength(2)
})
