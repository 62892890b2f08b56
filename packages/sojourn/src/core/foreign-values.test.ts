import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import type { Change, ForeignValues } from './foreign-values.ts'
import { Desk, everything, sweepFor } from './foreign-world.test-support.ts'
import { HOUR, MINUTE, namesOf, SECOND, World } from './world.test-support.ts'

const [MEMORY] = ENGINES

async function valuesIn(world: World, label = 'test'): Promise<ForeignValues> {
  return (await Desk.open(world, { label })).sessions.values
}

/** Counts up, and notes to what. */
function counting(world: World, counts: number[]): Change {
  const index = counts.push(0) - 1
  return (current) => {
    counts[index] = 1 + Number(current?.text ?? 0)
    return { text: String(counts[index]), expiresAt: current?.expiresAt ?? world.clock.now() + MINUTE }
  }
}

/** Takes it away, and notes what it was. */
function taking(taken: (string | null)[]): Change {
  const index = taken.push(null) - 1
  return (current) => {
    taken[index] = current?.text ?? null
    return null
  }
}

describe.each(ENGINES)('a value over $name', (engine) => {
  test('is stored, replaced, and gone at its deadline to the millisecond', async () => {
    await using world = await World.open(engine)
    const [values, others] = [await valuesIn(world), await valuesIn(world)]
    const expiresAt = world.clock.now() + MINUTE
    await values.change('a', () => ({ text: 'one', expiresAt: expiresAt + HOUR }))
    await others.change('a', () => ({ text: 'two', expiresAt }))
    world.clock.advance(MINUTE - 1)
    expect(await values.read('a')).toEqual({ text: 'two', expiresAt })
    expect([await values.read('b'), await (await valuesIn(world, 'other')).read('a')]).toEqual([null, null])
    world.clock.advance(1)
    expect([await values.read('a'), await others.read('a')]).toEqual([null, null])
  })

  test('is changed by a thousand at once, in two processes, one after the other', async () => {
    await using world = await World.open(engine)
    const places = [await valuesIn(world), await valuesIn(world)]
    const counts: number[] = []
    await Promise.all(
      Array.from({ length: 1_000 }, (_, turn) => places[turn % 2]?.change('a', counting(world, counts))),
    )
    expect([...counts].sort((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1))
  })

  test('is taken by exactly one of a hundred, in two processes', async () => {
    await using world = await World.open(engine)
    const places = [await valuesIn(world), await valuesIn(world)]
    const expiresAt = world.clock.now() + MINUTE
    for (let round = 0; round < 3; round += 1) {
      await places[0]?.change('a', () => ({ text: 'code', expiresAt }))
      const taken: (string | null)[] = []
      await Promise.all(
        Array.from({ length: 100 }, (_, turn) => places[turn % 2]?.change('a', taking(taken))),
      )
      expect(taken.filter((text) => text !== null)).toEqual(['code'])
    }
  })

  test('begins anew after its deadline, also while it is being swept', async () => {
    await using world = await World.open(engine)
    const values = await valuesIn(world)
    const place = await world.place()
    const counts: number[] = []
    for (let round = 0; round < 3; round += 1) {
      await values.change('a', counting(world, counts))
      await values.change('a', counting(world, counts))
      world.clock.advance(MINUTE)
      await Promise.all([place.store.sweep(), values.change('a', counting(world, counts))])
      world.clock.advance(MINUTE)
    }
    expect(counts).toEqual([1, 2, 1, 1, 2, 1, 1, 2, 1])
  })

  test('leaves nothing behind, is told to nobody, and is no session', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    const before = (await everything(world)).length
    await desk.sessions.values.change('a', () => ({ text: 'one', expiresAt: world.clock.now() + MINUTE }))
    await desk.sessions.values.change('b', () => ({ text: 'two', expiresAt: world.clock.now() + 9 * HOUR }))
    await desk.sessions.values.change('b', () => null)
    expect([await desk.sessions.values.read('b'), await desk.sessions.count()]).toEqual([null, 0])
    await sweepFor(world, desk.place, HOUR, 30 * MINUTE)
    expect((await everything(world)).length).toBe(before)
    expect(namesOf(desk.place)).toEqual([])
  })
})

describe('a value', () => {
  test('L3: that was never stored leaves no trace when it is removed', async () => {
    await using world = await World.open(MEMORY)
    const desk = await Desk.open(world)
    desk.place.line.forget()
    await desk.sessions.values.change('a', () => null)
    expect(desk.place.line.calls).toEqual(['read'])
  })

  test('has a limit', async () => {
    await using world = await World.open(MEMORY)
    const values = await valuesIn(world)
    const expiresAt = world.clock.now() + SECOND
    await values.change('a', () => ({ text: 'x'.repeat(65_536), expiresAt }))
    await expect(values.change('a', () => ({ text: 'x'.repeat(65_537), expiresAt }))).rejects.toMatchObject({
      code: 'DATA_TOO_LARGE',
    })
    await expect(values.change('', () => null)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('survives a revocation of all sessions', async () => {
    await using world = await World.open(MEMORY)
    const desk = await Desk.open(world)
    await desk.sessions.values.change('a', () => ({ text: 'one', expiresAt: world.clock.now() + HOUR }))
    await desk.place.store.revokeAll()
    expect(await desk.sessions.values.read('a')).toMatchObject({ text: 'one' })
  })
})
