import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import type { Recipe } from './options.ts'
import type { Place, Visit } from './world.test-support.ts'
import { World } from './world.test-support.ts'

/** Updates at once, of which the first is held in the engine until all the others wait. */
async function together({ store, line }: Place, token: string, recipes: readonly Recipe<Visit>[]) {
  const session = await store.read(token)
  if (session === null) throw new Error('no session')
  const held = line.hold('replace')
  const first = store.update(session, (draft) => (draft.stage = 'first'))
  await held.reached
  const others = recipes.map((recipe) => store.update(session, recipe))
  await new Promise((resolve) => setImmediate(resolve))
  held.release()
  await first
  return Promise.allSettled(others)
}

describe.each(ENGINES)('recipes over $name', (engine) => {
  test('a recipe that throws rejects its own caller and leaves no trace', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { token } = await store.create({ data: { cart: ['book'] } })
    const before = await world.stored(token)
    line.forget()
    const failure = new Error('out of stock')
    const update = store.update(token, (draft) => {
      draft.cart = []
      draft.count = 1
      throw failure
    })
    await expect(update).rejects.toBe(failure)
    expect(await world.stored(token)).toEqual(before)
    expect(line.calls).toEqual(['read'])
  })

  test('of recipes in one write those that throw or are refused disturb no other', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { token } = await place.store.create({ data: { cart: [] } })
    const results = await together(place, token, [
      (draft) => (draft.cart = [...(draft.cart ?? []), 'a']),
      (draft) => {
        draft.cart = ['stolen']
        throw new Error('no')
      },
      (draft) => Object.assign(draft, { language: 'nl', bad: () => undefined }),
      (draft) => Object.assign(draft, { big: 'x'.repeat(40_000) }),
      async (draft) => (draft.language = 'de'),
      (draft) => (draft.cart = [...(draft.cart ?? []), 'b']),
    ])
    const codes = results.map((one) =>
      one.status === 'fulfilled' ? 'ok' : (one.reason.code ?? one.reason.message),
    )
    expect(codes).toEqual(['ok', 'no', 'DATA_REFUSED', 'DATA_TOO_LARGE', 'INVALID_ARGUMENT', 'ok'])
    expect((await place.store.read(token))?.data).toEqual({ cart: ['a', 'b'], stage: 'first' })
    expect((await world.stored(token)).version).toBe(3)
  })

  test('a recipe that waits is refused, and what it does later changes nothing', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create()
    let later: Promise<unknown> = Promise.resolve()
    const update = store.update(token, (draft) => {
      later = (async () => {
        await null
        draft.count = 1
      })()
      return later
    })
    await expect(update).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await later
    const thenable = store.update(token, () => Object.fromEntries([['then', () => undefined]]))
    await expect(thenable).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const rejecting = store.update(token, async () => Promise.reject(new Error('unheard')))
    await expect(rejecting).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect((await store.read(token))?.data).toEqual({})
  })

  test('what a recipe holds on to reaches neither the store nor another recipe', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { token } = await place.store.create({ data: { cart: ['book'] } })
    const mine = ['mine']
    let kept: Visit = {}
    const results = await together(place, token, [
      (draft) => {
        draft.cart = mine
        kept = draft
      },
      (draft) => {
        kept.language = 'leaked'
        mine.push('leaked')
        Object.assign(draft.cart ?? [], { 1: 'added' })
      },
    ])
    expect(results.every(({ status }) => status === 'fulfilled')).toBe(true)
    expect(mine).toEqual(['mine', 'leaked'])
    mine.push('later')
    kept.count = 666
    const session = await place.store.read(token)
    expect(session?.data).toEqual({ cart: ['mine', 'added'], stage: 'first' })
  })

  test('what the caller gives and gets shares nothing with the store', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const cart = ['book']
    const { token, session } = await store.create({ data: { cart } })
    cart.push('later')
    expect(Object.isFrozen(session)).toBe(true)
    expect(Object.isFrozen(session.data)).toBe(true)
    expect(Object.isFrozen(session.data.cart)).toBe(true)
    expect(Reflect.set(session.data, 'count', 1)).toBe(false)
    const [one, two] = await Promise.all([store.read(token), store.read(token)])
    expect(one?.data).toEqual({ cart: ['book'] })
    expect(one?.data).not.toBe(two?.data)
  })

  test('a recipe is decided on what is stored, not on the session object that names it', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { session, token } = await here.store.create({ data: { count: 1 } })
    await there.store.update(token, (draft) => (draft.count = 0))
    const spend = (draft: Visit) => {
      if (draft.count === 0) throw new Error('nothing left')
      draft.count = 0
    }
    await expect(here.store.update(session, spend)).rejects.toThrow('nothing left')
    await there.store.update(token, (draft) => (draft.count = 5))
    const seen = await here.store.update(session, () => null)
    expect(seen?.data.count).toBe(5)
    const doubled = await here.store.update(session, (draft) => (draft.count = 2 * (draft.count ?? 0)))
    expect(doubled?.data.count).toBe(10)
  })

  test('in a queue, too, a refusal is decided on what was stored after it was asked', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { session, token } = await here.store.create({ data: { count: 0 } })
    const held = here.line.hold('replace', 'after')
    const first = here.store.update(session, (draft) => (draft.stage = 'first'))
    await held.reached
    await there.store.update(token, (draft) => (draft.count = 1))
    const second = here.store.update(session, (draft) => {
      if (draft.count === 0) throw new Error('nothing left')
      draft.count = 0
    })
    held.release()
    await first
    expect((await second)?.data).toEqual({ count: 0, stage: 'first' })
  })
})
