import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { applyChanges, changesBetween, type Fields, isNoChange } from './foreign-merge.ts'
import { Desk } from './foreign-world.test-support.ts'
import { World } from './world.test-support.ts'

function merged(base: Fields, stored: Fields, data: Fields) {
  const draft = structuredClone({ ...stored })
  const overwritten = applyChanges(draft, changesBetween(base, data))
  return { draft, overwritten }
}

const fields = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom<unknown>(1, 2, [1], { x: [1] }))

/** The rule of CONTRACTS L11 for one field, in the plainest words: absent is undefined. */
function modelOf(base: unknown, stored: unknown, data: unknown): unknown {
  return JSON.stringify(base) === JSON.stringify(data) ? stored : data
}

describe('a merge', () => {
  test('L11: of any base, stored and incoming data takes each field that changed, and leaves the others', () => {
    fc.assert(
      fc.property(fields, fields, fields, (base, stored, data) => {
        const { draft } = merged(base, stored, data)
        for (const key of ['a', 'b', 'c'])
          expect(draft[key]).toEqual(modelOf(base[key], stored[key], data[key]))
      }),
    )
  })

  test('L11: takes arrays and nested objects whole', () => {
    const { draft } = merged(
      { list: [1], deep: { a: 1 } },
      { list: [1, 2], deep: { a: 1, b: 1 } },
      { list: [1, 3], deep: { c: 1 } },
    )
    expect(draft).toEqual({ list: [1, 3], deep: { c: 1 } })
  })

  test('counts what both sides changed, unless they agree', () => {
    expect(merged({ x: 1 }, { x: 2 }, { x: 3 }).overwritten).toBe(1)
    expect(merged({ x: 1 }, { x: 2 }, { x: 2 }).overwritten).toBe(0)
    expect(merged({ x: 1 }, { x: 2 }, {}).overwritten).toBe(1)
    expect(merged({ x: 1 }, {}, { x: 2 }).overwritten).toBe(1)
    expect(merged({ x: 1 }, { x: 2 }, { x: 1, y: 1 }).overwritten).toBe(0)
  })

  test('of equal data is no change', () => {
    expect(isNoChange(changesBetween({ a: [1, { b: 1 }] }, { a: [1, { b: 1 }] }))).toBe(true)
    expect(isNoChange(changesBetween({ a: 1 }, {}))).toBe(false)
  })
})

describe.each(ENGINES)('requests at the same time over $name', (engine) => {
  test('that write a field each keep all fields, from two processes', async () => {
    await using world = await World.open(engine)
    const desks = [await Desk.open(world), await Desk.open(world)]
    await desks[0]?.write('one', { user: 'ada' })
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const desk = desks[index % 2]
        const { data, view } = (await desk?.read('one')) ?? {}
        await desk?.write('one', { ...data, [`field${index}`]: index }, view)
      }),
    )
    const left = await desks[1]?.data('one')
    expect(left).toEqual({
      user: 'ada',
      ...Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`field${i}`, i])),
    })
  })

  test('do not bring back what one of them removed, in either order', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    for (const removeFirst of [true, false]) {
      const id = `first ${removeFirst}`
      await desk.write(id, { x: 1, z: 1 })
      const [a, b] = [await desk.read(id), await other.read(id)]
      const remove = () => desk.write(id, { z: 1 }, a.view)
      const set = () => other.write(id, { x: 1, z: 1, y: 1 }, b.view)
      await (removeFirst ? remove() : set())
      await (removeFirst ? set() : remove())
      expect(await desk.data(id)).toEqual({ z: 1, y: 1 })
    }
  })

  test('a hundred writes of one array keep its length', async () => {
    await using world = await World.open(engine)
    const desk = await Desk.open(world)
    await desk.write('one', { list: [1, 2, 3], n: 0 })
    for (let n = 1; n <= 100; n += 1) {
      const { data, view } = await desk.read('one')
      await desk.write('one', { ...data, n }, view)
    }
    expect(await desk.data('one')).toEqual({ list: [1, 2, 3], n: 100 })
  })

  test('a request that writes twice at once ends with what it wrote last', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 0 })
    const { view } = await desk.read('one')
    const { view: another } = await other.read('one')
    await Promise.all([
      desk.write('one', { x: 1, extra: 1 }, view),
      other.write('one', { x: 0, y: 1 }, another),
      desk.write('one', { x: 2 }, view),
    ])
    expect(await desk.data('one')).toEqual({ x: 2, y: 1 })
  })

  test('L4: an unchanged payload writes nothing, and undoes nothing', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 1 })
    const { data, view } = await desk.read('one')
    const { view: another } = await other.read('one')
    await other.write('one', { x: 2 }, another)
    desk.place.line.forget()
    expect(await desk.write('one', data, view)).toBe(true)
    expect(desk.place.line.calls).toEqual([])
    expect(await desk.data('one')).toEqual({ x: 2 })
  })

  test('a change of another request that is overwritten is counted', async () => {
    await using world = await World.open(engine)
    const [desk, other] = [await Desk.open(world), await Desk.open(world)]
    await desk.write('one', { x: 1 })
    const [a, b] = [await desk.read('one'), await other.read('one')]
    await desk.write('one', { x: 2 }, a.view)
    await other.write('one', { x: 3 }, b.view)
    expect(await desk.data('one')).toEqual({ x: 3 })
    expect(other.place.store.counters().fieldsOverwritten).toBe(1)
    expect(desk.place.store.counters().fieldsOverwritten).toBe(0)
  })
})
