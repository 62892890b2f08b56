import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { endsOf, MINUTE, SECOND, World } from './world.test-support.ts'

describe.each(ENGINES)('revokeAll over $name', (engine) => {
  test('T59: it ends every session of every user by one write, and later ones live', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, index) => store.create(index % 2 === 0 ? { userId: `u_${index}` } : {})),
    )
    line.forget()
    await store.revokeAll()
    expect(line.calls.filter((verb) => verb !== 'read')).toEqual(['replace'])
    for (const { token, session } of made) {
      expect(await store.read(token)).toBeNull()
      expect(await store.rotate(token)).toBeNull()
      expect(await store.touch(session)).toBe(false)
      expect(await store.update(session, (draft) => (draft.count = 1))).toBeNull()
    }
    expect(await store.list({ userId: 'u_0' })).toEqual([])
    expect(await store.updateUser('u_0', (draft) => (draft.count = 1))).toEqual([])
    world.clock.advance(1)
    const { token } = await store.create({ userId: 'u_0' })
    expect(await store.read(token)).not.toBeNull()
  })

  test('T59: with an instant it spares what was created from then on, and it never moves back', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const old = await store.create()
    world.clock.advance(SECOND)
    const before = world.clock.now()
    const young = await store.create()
    await store.revokeAll({ before })
    await store.revokeAll({ before: before - MINUTE })
    expect(await store.read(old.token)).toBeNull()
    expect(await store.read(young.token)).not.toBeNull()
    for (const wrong of [before + 2, -1, Number.NaN, 1.5]) {
      await expect(store.revokeAll({ before: wrong })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })

  test('T59: another process knows within a second, whatever it does first', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const visitor = await there.store.create({ userId: 'u_1' })
    for (const use of [
      () => there.store.read(visitor.token),
      () => there.store.update(visitor.session, (draft) => (draft.count = 1)),
      () => there.store.touch(visitor.session),
      () => there.store.rotate(visitor.token),
    ]) {
      expect(await use()).not.toBeNull()
    }
    await here.store.revokeAll()
    world.clock.advance(SECOND)
    expect(await there.store.update(visitor.session, (draft) => (draft.count = 2))).toBeNull()
    expect(await there.store.touch(visitor.session)).toBe(false)
    expect(await there.store.list({ userId: 'u_1' })).toEqual([])
    expect(await there.store.read(visitor.token)).toBeNull()
  })

  test.each(['list', 'update', 'touch', 'revoke'] as const)(
    'T59: a process that does nothing but %s learns of it as well',
    async (verb) => {
      await using world = await World.open(engine)
      const [here, there] = await world.pair()
      const { session } = await there.store.create({ userId: 'u_1' })
      await here.store.revokeAll()
      world.clock.advance(SECOND)
      const acts = {
        list: async () => (await there.store.list({ userId: 'u_1' })).length > 0,
        update: async () => (await there.store.update(session, (draft) => (draft.count = 1))) !== null,
        touch: () => there.store.touch(session),
        revoke: () => there.store.revoke(session),
      }
      expect(await acts[verb]()).toBe(false)
    },
  )

  test('T59: a process that cannot learn of it for five seconds answers nobody, and recovers', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { token, session } = await store.create()
    world.clock.advance(5 * SECOND)
    line.fail('read', 'before', 3)
    for (const act of [
      () => store.read(token),
      () => store.update(session, (draft) => (draft.count = 1)),
      () => store.touch(session),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    }
    expect(await store.read(token)).not.toBeNull()
  })

  test('T59: a session that was cut off ends for good when it is met, once', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token, session } = await here.store.create({ userId: 'u_1' })
    await here.store.revokeAll()
    world.clock.advance(SECOND)
    await Promise.all([here.store.read(token), here.store.read(token), there.store.read(token)])
    await Promise.all([here.store.drain(), there.store.drain()])
    expect((await world.stored(token)).ended?.reason).toBe('revoked')
    expect([...endsOf(here), ...endsOf(there)]).toEqual([{ id: session.id, reason: 'revoked' }])
  })

  test('T59: the sweep ends what was cut off and never met again, and names the right reason', async () => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { session } = await place.store.create({ userId: 'u_1' })
    await place.store.revokeAll()
    world.clock.advance(31 * MINUTE)
    await place.store.sweep()
    expect(endsOf(place)).toEqual([{ id: session.id, reason: 'revoked' }])
  })

  test('T59: two processes that call it at once both succeed', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token } = await here.store.create()
    await Promise.all([here.store.revokeAll(), there.store.revokeAll(), here.store.revokeAll()])
    expect(await there.store.read(token)).toBeNull()
  })
})
