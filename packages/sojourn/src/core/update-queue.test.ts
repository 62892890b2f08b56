import { describe, expect, test } from 'vitest'
import { memory } from '../engines/memory/index.ts'
import { createSessionStore } from './create-session-store.ts'
import { ENGINES } from './engines.test-support.ts'
import { TestClock } from './test-clock.test-support.ts'
import type { Place, Visit } from './world.test-support.ts'
import { MINUTE, World } from './world.test-support.ts'

const add = (draft: Visit) => (draft.count = (draft.count ?? 0) + 1)
const writes = ({ line }: Place) => line.calls.filter((verb) => verb === 'replace').length

describe.each(ENGINES)('updates over $name', (engine) => {
  test('fifty updates at once are two writes, and each of them counts', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { session, token } = await place.store.create()
    const results = await Promise.all(Array.from({ length: 50 }, () => place.store.update(session, add)))
    expect(results.every((after) => after !== null)).toBe(true)
    expect((await place.store.read(token))?.data.count).toBe(50)
    expect(writes(place)).toBeLessThanOrEqual(2)
  })

  test('a hundred updates at once, from four processes, in any order, lose nothing', async () => {
    await using world = await World.open(engine)
    const places = [...(await world.pair()), ...(await world.pair())]
    const first = await world.place()
    const { token } = await first.store.create()
    const keys = Array.from({ length: 100 }, (_, index) => `key${index}`)
    const results = await Promise.all(
      keys.map((key, index) =>
        places[index % 4]?.store.update(token, (draft) =>
          Object.assign(draft, { [key]: index, count: add(draft) }),
        ),
      ),
    )
    expect(results.every((after) => after !== null && after !== undefined)).toBe(true)
    const data = (await first.store.read(token))?.data
    expect(Object.keys(data ?? {}).sort()).toEqual([...keys, 'count'].sort())
    expect(data?.count).toBe(100)
  })

  test('an update by session object is one call to the engine when nobody else wrote', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { session, token } = await store.create()
    line.forget()
    const second = await store.update(session, add)
    expect(line.calls).toEqual(['replace'])
    await store.update(second ?? token, add)
    expect(line.calls).toEqual(['replace', 'replace'])
    await store.update(token, add)
    expect(line.calls).toEqual(['replace', 'replace', 'read', 'replace'])
  })

  test('an update of a session that somebody else wrote is one call more', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { session, token } = await here.store.create()
    await there.store.update(token, add)
    here.line.forget()
    expect((await here.store.update(session, add))?.data.count).toBe(2)
    expect(here.line.calls).toEqual(['replace', 'replace'])
    expect(here.store.counters().conflicts).toBe(1)
  })

  test('an update that changes nothing writes nothing', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { token, session } = await store.create({ data: { cart: ['book'], count: 1 } })
    line.forget()
    const before = await world.stored(token)
    for (const recipe of [
      () => undefined,
      (draft: Visit) => (draft.count = 1),
      (draft: Visit) => (draft.cart = ['book']),
      (draft: Visit) => {
        draft.count = 2
        draft.count = 1
      },
    ]) {
      expect((await store.update(token, recipe))?.data).toEqual(session.data)
    }
    expect(new Set(line.calls)).toEqual(new Set(['read']))
    expect(await world.stored(token)).toEqual(before)
  })

  test('the hundred and first waiting update is refused, and the others are done', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { session, token } = await store.create()
    const held = line.hold('replace')
    const first = store.update(session, add)
    await held.reached
    const waiting = Promise.allSettled(Array.from({ length: 103 }, () => store.update(session, add)))
    await new Promise((resolve) => setImmediate(resolve))
    held.release()
    await first
    const results = await waiting
    const refused = results.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(refused).toEqual(['OVERLOADED', 'OVERLOADED', 'OVERLOADED'])
    expect((await store.read(token))?.data.count).toBe(101)
    expect((await store.update(session, add))?.data.count).toBe(102)
  })

  test('an update that loses eight times more is told so, and the next one is free to win', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { session, token } = await here.store.create()
    const holds = Array.from({ length: 9 }, () => here.line.hold('replace'))
    const update = here.store.update(session, add).catch((error: unknown) => error)
    for (const held of holds) {
      await held.reached
      await there.store.update(token, add)
      held.release()
    }
    expect(await update).toMatchObject({ code: 'CONFLICT', retryable: true })
    expect(here.store.counters().conflicts).toBe(9)
    expect((await here.store.update(session, add))?.data.count).toBe(10)
  })

  test('a write whose outcome is unknown rejects its callers only, and is never doubled by us', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { token } = await store.create()
    for (const [stage, code, count] of [
      ['before', 'ENGINE_UNAVAILABLE', 1],
      ['after', 'OUTCOME_UNKNOWN', 3],
    ] as const) {
      line.fail('replace', stage)
      await expect(store.update(token, add)).rejects.toMatchObject({ code })
      expect((await store.update(token, add))?.data.count).toBe(count)
    }
  })

  test('a queue that lasts past an old deadline goes by the touch in between', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token } = await here.store.create()
    world.clock.advance(30 * MINUTE - 100)
    const held = here.line.hold('replace', 'after')
    const first = here.store.update(token, add, { touch: false })
    await held.reached
    expect(await there.store.touch(token)).toBe(true)
    const looked = here.line.hold('read', 'after')
    const second = here.store.update(token, add)
    await looked.reached
    looked.release()
    await new Promise((resolve) => setImmediate(resolve))
    world.clock.advance(200)
    held.release()
    expect((await first)?.data.count).toBe(1)
    expect((await second)?.data.count).toBe(2)
  })

  test('updates of many sessions do not wait for each other', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const [one, two] = [await store.create(), await store.create()]
    const held = line.hold('replace')
    const stuck = store.update(one.session, add)
    await held.reached
    expect((await store.update(two.session, add))?.data.count).toBe(1)
    held.release()
    await stuck
  })

  test('close waits for updates under way, and may be called twice', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { session, token } = await store.create()
    const held = line.hold('replace')
    const update = store.update(session, add)
    await held.reached
    const closed = store.close()
    held.release()
    expect((await update)?.data.count).toBe(1)
    await closed
    await expect(store.close()).resolves.toBeUndefined()
    expect((await world.stored(token)).version).toBe(2)
  })
})

test('callers whose updates were written as one share nothing that can be changed', async () => {
  const store = await createSessionStore<{ seen: Map<string, number> }>({
    engine: memory(),
    initial: () => ({ seen: new Map() }),
    sweep: false,
    clock: new TestClock(),
  })
  const { session } = await store.create()
  const updates = ['a', 'b', 'c'].map((key) => store.update(session, (draft) => draft.seen.set(key, 1)))
  const [first, ...others] = (await Promise.all(updates)).map((after) => after?.data.seen)
  expect(first).toEqual(new Map([['a', 1]]))
  for (const seen of others) expect([...(seen?.keys() ?? [])]).toEqual(['a', 'b', 'c'])
  expect(new Set(others).size).toBe(2)
  await store.close()
})
