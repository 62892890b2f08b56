import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import type { SessionAddress } from './session.ts'
import type { Place } from './world.test-support.ts'
import { MINUTE, World } from './world.test-support.ts'

/** What must leave a session as it is. */
async function expectNothing({ store }: Place, address: SessionAddress): Promise<void> {
  expect(await store.revoke(address)).toBe(false)
  expect(await store.touch(address)).toBe(false)
  expect(await store.update(address, (draft) => (draft.count = 666))).toBeNull()
}

describe.each(ENGINES)('the authority of an address over $name', (engine) => {
  test('T7, T161.1: an id without its secret reads nothing and changes nothing', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { session } = await place.store.create({ userId: 'u_1' })
    const before = await world.stored(session.id)
    for (const suffix of ['', 'A'.repeat(32), session.id + session.id]) {
      expect(await place.store.read(session.id + suffix)).toBeNull()
      expect(await place.store.rotate(session.id + suffix)).toBeNull()
      await expectNothing(place, session.id + suffix)
    }
    expect(await world.stored(session.id)).toEqual(before)
  })

  test('T161.2: the secret of one session with the id of another opens neither', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const mine = await place.store.create({ userId: 'u_1' })
    const yours = await place.store.create({ userId: 'u_2' })
    const crossed = yours.session.id + mine.token.slice(16)
    expect(await place.store.read(crossed)).toBeNull()
    await expectNothing(place, crossed)
    expect(await place.store.read(yours.token)).not.toBeNull()
  })

  test('T7, T161.3: the id of another user’s session cannot be revoked, touched or updated (V17)', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { session, token } = await place.store.create({ userId: 'u_1' })
    const visitor = await place.store.create()
    const before = await world.stored(token)
    for (const userId of ['u_2', '', 'U_1', 'u_1 ', 'null', 'undefined']) {
      await expectNothing(place, { id: session.id, userId })
      await expectNothing(place, { id: visitor.session.id, userId })
    }
    expect(await world.stored(token)).toEqual(before)
    expect(await place.store.revoke({ id: session.id, userId: 'u_1' })).toBe(true)
  })

  test('the word of trusted code reaches every session but the store’s own record', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { session } = await place.store.create({ userId: 'u_1' })
    await expectNothing(place, { id: '-'.repeat(16), operator: true })
    await expectNothing(place, { id: 'A'.repeat(16), operator: true })
    expect(
      await place.store.update({ id: session.id, operator: true }, (draft) => (draft.count = 1)),
    ).toMatchObject({
      data: { count: 1 },
    })
    expect(await place.store.revoke({ id: session.id, operator: true }, { reason: 'admin' })).toBe(true)
  })

  test('a session object past its own deadline still names the session, which was used since', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token, session } = await here.store.create({ userId: 'u_1' })
    const [info] = await here.store.list({ userId: 'u_1' })
    world.clock.advance(20 * MINUTE)
    expect(await there.store.touch(token)).toBe(true)
    world.clock.advance(20 * MINUTE)
    expect(await here.store.update(session, (draft) => (draft.count = 1))).not.toBeNull()
    expect(await here.store.touch(info ?? '')).toBe(true)
    expect(await here.store.revoke(info ?? '')).toBe(true)
    expect(await there.store.read(token)).toBeNull()
  })

  test('a copy of a session object is none: the authority does not travel in its fields', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { session } = await store.create({ userId: 'u_1' })
    const visitor = await store.create()
    for (const copy of [
      structuredClone({ ...visitor.session }),
      JSON.parse(JSON.stringify(visitor.session)),
    ]) {
      await expect(store.revoke(copy)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(await store.revoke({ ...session, userId: 'u_2' })).toBe(false)
    expect(await store.read(visitor.token)).not.toBeNull()
  })

  test('what is no address is refused before the engine is asked', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const wrong: unknown[] = [undefined, null, 7, true, {}, [], { id: 'A'.repeat(16) }, { operator: false }]
    const also: unknown[] = [
      { id: 'A'.repeat(16), operator: 'true' },
      { id: 'A'.repeat(16), userId: 7 },
    ]
    for (const address of [...wrong, ...also]) {
      const call = Reflect.apply(store.revoke, store, [address])
      await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    for (const id of ['', 'short', 7, null, { toString: () => 'A'.repeat(16) }]) {
      expect(await Reflect.apply(store.revoke, store, [{ id, operator: true }])).toBe(false)
    }
    expect(line.calls).toEqual([])
  })
})
