import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import type { Place } from './world.test-support.ts'
import { endsOf, HOUR, MINUTE, namesOf, SECOND, tokenOf, World } from './world.test-support.ts'

const GRACE = 10 * SECOND

/** Every way to present a token, and whether it found a session. */
const USES: readonly [string, (place: Place, token: string) => Promise<boolean>][] = [
  ['read', async ({ store }, token) => (await store.read(token)) !== null],
  ['update', async ({ store }, token) => (await store.update(token, (draft) => (draft.count = 1))) !== null],
  ['an update of nothing', async ({ store }, token) => (await store.update(token, () => null)) !== null],
  ['touch', async ({ store }, token) => store.touch(token)],
]

describe.each(ENGINES)('a change of rights over $name', (engine) => {
  test('T39, T161.6: without a grace the old token is null at once, in every process', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token, session } = await here.store.create({ userId: 'u_1' })
    const next = tokenOf(await here.store.rotate(token, { grace: false }))
    for (const place of [here, there]) {
      for (const [, use] of USES) expect(await use(place, token)).toBe(false)
      expect(await place.store.rotate(token)).toBeNull()
      expect(await place.store.revoke(token)).toBe(false)
      expect((await place.store.read(next))?.id).toBe(session.id)
    }
    expect(namesOf(here)).toEqual(['created', 'rotated'])
  })

  test('T39: it ends the grace of a rotation before it, too', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token: first } = await store.create({ userId: 'u_1' })
    const second = tokenOf(await store.rotate(first))
    const third = tokenOf(await store.rotate(first, { grace: false }))
    expect(await store.read(first)).toBeNull()
    expect(await store.read(second)).toBeNull()
    expect((await store.read(third))?.superseded).toBe(false)
    expect((await world.stored(first)).previous).toBeNull()
  })

  test('T39: of two changes of rights in one request the last one is stored (V19)', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create({ userId: 'u_1' })
    const second = tokenOf(await store.rotate(token, { grace: false }))
    await store.update(second, (draft) => (draft.stage = 'raised'))
    const third = tokenOf(await store.rotate(second, { grace: false }))
    await store.update(third, (draft) => (draft.stage = 'lowered'))
    expect((await store.read(third))?.data.stage).toBe('lowered')
    expect(await store.read(second)).toBeNull()
  })

  test('T40: re-authentication sets its time and both deadlines anew, and issues a new token', async () => {
    await using world = await World.open(engine, { lifetime: { idle: '30m', absolute: '1h' } })
    const { store, told } = await world.place()
    const { token, session } = await store.create({ userId: 'u_1', data: { cart: ['book'] }, device: {} })
    world.clock.advance(29 * MINUTE)
    const again = await store.reauthenticate(token, { userId: 'u_1', assurance: 'aal2' })
    const now = world.clock.now()
    expect(again?.session).toMatchObject({
      id: session.id,
      createdAt: session.createdAt,
      authenticatedAt: now,
      seenAt: now,
      expiresAt: now + 30 * MINUTE,
      absoluteAt: now + HOUR,
      assurance: 'aal2',
      data: { cart: ['book'] },
    })
    expect(await store.read(token)).toBeNull()
    expect((await store.read(tokenOf(again)))?.absoluteAt).toBe(now + HOUR)
    expect(told.map(({ name }) => name)).toEqual(['created', 'reauthenticated'])
  })

  test('T40: another user is refused, and nothing changes (V6)', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const user = await store.create({ userId: 'u_1' })
    const visitor = await store.create()
    const before = await world.stored(user.token)
    for (const { token } of [user, visitor]) {
      const again = store.reauthenticate(token, { userId: 'u_2' })
      await expect(again).rejects.toMatchObject({ code: 'USER_MISMATCH', status: 403 })
    }
    expect(await world.stored(user.token)).toEqual(before)
    expect((await store.read(user.token))?.userId).toBe('u_1')
  })

  test('T41: rotations all through a session move neither its absolute deadline nor its log-in', async () => {
    await using world = await World.open(engine, { lifetime: { idle: '30m', absolute: '2h' } })
    const { store } = await world.place()
    const { token, session } = await store.create({ userId: 'u_1' })
    let latest = token
    for (let turn = 0; turn < 11; turn += 1) {
      world.clock.advance(10 * MINUTE)
      const issued = await store.rotate(latest, { grace: turn % 2 === 0 })
      latest = tokenOf(issued)
      expect(issued?.session.absoluteAt).toBe(session.absoluteAt)
      expect(issued?.session.authenticatedAt).toBe(session.authenticatedAt)
    }
    world.clock.advance(10 * MINUTE)
    expect(await store.read(latest)).toBeNull()
    expect(await store.rotate(latest)).toBeNull()
  })
})

describe.each(ENGINES)('the grace over $name', (engine) => {
  test('T42: the old token stands for one successor, in every process and after a lost response', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token } = await here.store.create({ userId: 'u_1' })
    const next = tokenOf(await here.store.rotate(token))
    const { version } = await world.stored(token)
    for (const { store } of [here, there]) {
      expect((await store.read(token))?.superseded).toBe(true)
      expect(tokenOf(await store.rotate(token))).toBe(next)
      expect((await store.update(token, () => null))?.superseded).toBe(true)
    }
    expect((await world.stored(token)).version).toBe(version)
    expect(namesOf(here)).toEqual(['created', 'rotated'])
    expect(namesOf(there)).toEqual([])
  })

  test('T42: it lasts until the successor is seen, and never past a deadline', async () => {
    await using world = await World.open(engine, { lifetime: { idle: '30m', absolute: '2h' } })
    const { store } = await world.place()
    const { token } = await store.create({ userId: 'u_1' })
    const next = tokenOf(await store.rotate(token))
    for (let turn = 0; turn < 5; turn += 1) {
      world.clock.advance(20 * MINUTE)
      expect((await store.read(token))?.superseded).toBe(true)
      await store.drain()
    }
    expect(tokenOf(await store.rotate(token))).toBe(next)
    world.clock.advance(20 * MINUTE)
    expect(await store.read(token)).toBeNull()
    expect(await store.rotate(token)).toBeNull()
  })

  test.each(USES)('T42: %s with the successor starts its last ten seconds', async (_name, use) => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { token } = await place.store.create({ userId: 'u_1' })
    const next = tokenOf(await place.store.rotate(token))
    world.clock.advance(MINUTE)
    expect(await use(place, next)).toBe(true)
    await place.store.drain()
    world.clock.advance(GRACE - 1)
    expect((await place.store.read(token))?.superseded).toBe(true)
    world.clock.advance(1)
    expect(await place.store.read(token)).toBeNull()
  })

  test.each(USES)('T42: %s with the old token starts nothing', async (_name, use) => {
    await using world = await World.open(engine)
    const place = await world.place()
    const { token } = await place.store.create({ userId: 'u_1' })
    await place.store.rotate(token)
    await use(place, token)
    await place.store.drain()
    expect((await world.stored(token)).previous?.graceEndsAt).toBeNull()
  })

  test('T42: an update that was rotated away under its token has not seen the successor', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token } = await here.store.create({ userId: 'u_1' })
    const held = here.line.hold('replace')
    const update = here.store.update(token, (draft) => (draft.count = 1))
    await held.reached
    await there.store.rotate(token)
    held.release()
    expect((await update)?.data.count).toBe(1)
    expect((await world.stored(token)).previous?.graceEndsAt).toBeNull()
  })

  test.each(['old', 'new'] as const)('T42: a log-out with the %s token ends both', async (which) => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token } = await here.store.create({ userId: 'u_1' })
    const next = tokenOf(await here.store.rotate(token))
    expect(await there.store.revoke(which === 'old' ? token : next)).toBe(true)
    for (const each of [token, next]) {
      expect(await here.store.read(each)).toBeNull()
      expect(await here.store.rotate(each)).toBeNull()
    }
  })

  test('T42: of two first sightings one counts', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token } = await here.store.create({ userId: 'u_1' })
    const next = tokenOf(await here.store.rotate(token))
    const held = here.line.hold('replace')
    await here.store.read(next)
    await held.reached
    const seenAt = world.clock.now()
    await there.store.read(next)
    await there.store.drain()
    world.clock.advance(5 * SECOND)
    held.release()
    await here.store.drain()
    expect((await world.stored(token)).previous?.graceEndsAt).toBe(seenAt + GRACE)
  })

  test('T42: a sighting that could not be recorded fails no read, and the next one is', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { token } = await store.create({ userId: 'u_1' })
    const next = tokenOf(await store.rotate(token))
    line.fail('replace')
    expect(await store.read(next)).not.toBeNull()
    await store.drain()
    expect((await world.stored(token)).previous?.graceEndsAt).toBeNull()
    await store.read(next)
    await store.drain()
    expect((await world.stored(token)).previous?.graceEndsAt).toBe(world.clock.now() + GRACE)
  })

  test('T44: a thousand rotations at once, in four processes, make one successor', async () => {
    await using world = await World.open(engine)
    const here = await world.place()
    const places = [here, await world.place(), ...(await world.pair())]
    const { token } = await here.store.create({ userId: 'u_1' })
    const issued = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => places[index % 4]?.store.rotate(token) ?? null),
    )
    expect(new Set(issued.map(tokenOf)).size).toBe(1)
    expect((await world.stored(token)).version).toBe(2)
    expect(places.flatMap(namesOf).filter((name) => name === 'rotated')).toHaveLength(1)
  })

  test('T44, T39: of a thousand changes of rights at once one wins, and the session lives on', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token } = await here.store.create({ userId: 'u_1' })
    const issued = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        (index % 2 === 0 ? here : there).store.rotate(token, { grace: false }),
      ),
    )
    const [winner = null, ...others] = issued.filter((one) => one !== null)
    expect(others).toEqual([])
    expect((await there.store.read(tokenOf(winner)))?.userId).toBe('u_1')
    expect([...endsOf(here), ...endsOf(there)]).toEqual([])
  })

  test('a rotation tries again when an update comes first, and takes its data along', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token } = await here.store.create({ userId: 'u_1' })
    const held = here.line.hold('replace')
    const rotation = here.store.rotate(token)
    await held.reached
    await there.store.update(token, (draft) => (draft.count = 1))
    held.release()
    const issued = await rotation
    expect(issued?.session.data.count).toBe(1)
    expect((await there.store.read(tokenOf(issued)))?.data.count).toBe(1)
  })

  test('a rotation whose outcome is unknown can be tried again with the old token', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { token } = await store.create({ userId: 'u_1' })
    line.fail('replace', 'after')
    await expect(store.rotate(token)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: true })
    const next = tokenOf(await store.rotate(token))
    expect((await world.stored(token)).version).toBe(2)
    expect((await store.read(next))?.superseded).toBe(false)
  })
})
