import { describe, expect, test, vi } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { SessionError } from './errors.ts'
import { Desk, sweepFor, walkOf } from './foreign-world.test-support.ts'
import { MINUTE, World } from './world.test-support.ts'

describe.each(ENGINES)('a walk that comes by while a session is handed over, over $name', (engine) => {
  const STEPS = [
    ['replace', 'after'],
    ['end', 'after'],
  ] as const

  /** A log-in that stands still after a step; `goOn` resolves when it is done. */
  async function standing(world: World, [verb, stage]: (typeof STEPS)[number]) {
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { user: 'bob' })
    const [{ handle } = { handle: '' }] = await walkOf(other)
    const held = await desk.holds({ user: 'ada' }, verb, stage)
    const goOn = async (): Promise<void> => {
      held.release()
      await held.written
      await desk.place.store.drain()
    }
    return { other, handle, goOn }
  }

  test.each(STEPS)('tells of the one that lives, after %s', async (...step) => {
    await using world = await World.open(engine)
    const { other, goOn } = await standing(world, step)
    expect((await walkOf(other)).map(({ data }) => data)).toEqual([{ user: 'ada' }])
    expect(await other.sessions.count()).toBe(1)
    await goOn()
    expect(await other.data('one')).toEqual({ user: 'ada' })
  })

  test.each(STEPS)('ends it for good, after %s', async (...step) => {
    for (const ends of ['all', 'one'] as const) {
      await using world = await World.open(engine)
      const { other, handle, goOn } = await standing(world, step)
      if (ends === 'all') expect(await other.sessions.clear()).toBe(1)
      else expect(await other.sessions.revokeHandle(handle)).toBe(true)
      await goOn()
      expect(await other.data('one')).toBeNull()
      for (const user of ['ada', 'bob']) expect(await world.liveIds(user)).toEqual([])
    }
  })

  test('passes over one that cannot be read', async () => {
    await using world = await World.open(engine)
    const { other, goOn } = await standing(world, ['replace', 'after'])
    for (const id of ['two', 'three']) await other.write(id, { user: id })
    const [unreadable = ''] = await world.liveIds('ada')
    const { line } = other.place
    const read = line.read.bind(line)
    vi.spyOn(line, 'read').mockImplementation((ids) =>
      ids.includes(unreadable) ? Promise.reject(new SessionError('RECORD_UNREADABLE')) : read(ids),
    )
    expect(await other.sessions.count()).toBe(2)
    await expect(other.sessions.clear()).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    for (const user of ['two', 'three']) expect(await world.liveIds(user)).toEqual([])
    await goOn()
  })

  test('costs nobody a session, also when the log-in has died', async () => {
    await using world = await World.open(engine)
    const [dies, other] = [await Desk.open(world), await Desk.open(world)]
    await dies.write('one', { user: 'bob' })
    const { view } = await dies.read('one')
    dies.place.line.fail('end', 'before', 9)
    await dies.write('one', { user: 'ada' }, view).catch(() => null)
    expect(await other.sessions.count()).toBe(1)
    await sweepFor(world, other.place, 14 * MINUTE)
    expect(await other.data('one')).toEqual({ user: 'ada' })
  })
})
