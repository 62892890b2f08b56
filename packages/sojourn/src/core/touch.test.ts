import { describe, expect, test } from 'vitest'
import { ENGINES } from './engines.test-support.ts'
import { HOUR, MINUTE, SECOND, START, World } from './world.test-support.ts'

const IDLE = 30 * MINUTE
const THROTTLE = MINUTE

describe.each(ENGINES)('activity over $name', (engine) => {
  test('T47: a read records activity at most once in the throttle', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { token } = await store.create()
    for (let second = 0; second < 3 * 60; second += 1) {
      await store.read(token)
      await store.drain()
      world.clock.advance(SECOND)
    }
    expect(line.calls.filter((verb) => verb === 'touch')).toHaveLength(2)
    expect((await world.stored(token)).seenAt).toBe(START + 2 * THROTTLE)
  })

  test('T47: a thousand reads at one moment record it once, and change no other byte', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { token } = await store.create({ userId: 'u_1', data: { cart: ['book'] } })
    const before = await world.stored(token)
    line.forget()
    world.clock.advance(THROTTLE)
    const seen = await Promise.all(Array.from({ length: 1_000 }, () => store.read(token)))
    await store.drain()
    expect(seen.every((session) => session !== null)).toBe(true)
    const writes = line.calls.filter((verb) => verb !== 'read')
    expect(new Set(writes)).toEqual(new Set(['touch']))
    // A server answers a thousand reads in four parts: one may be on its way still when the touch is done.
    expect(writes.length).toBeLessThanOrEqual(world.raw.traits.sharedBy === 'network' ? 4 : 1)
    const now = world.clock.now()
    expect(await world.stored(token)).toEqual({ ...before, seenAt: now, expiresAt: now + IDLE })
  })

  test('T47: within the throttle ten thousand reads leave every byte as it was (V12)', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { token } = await store.create()
    const before = await world.stored(token)
    line.forget()
    world.clock.advance(THROTTLE - 1)
    for (let turn = 0; turn < 10_000; turn += 1) await store.read(token)
    await store.drain()
    expect(await world.stored(token)).toEqual(before)
    expect(new Set(line.calls)).toEqual(new Set(['read']))
  })

  test('T47: a session ends at most one throttle early, and never late', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    for (const lag of [0, 1, THROTTLE - 1, THROTTLE, THROTTLE + 1, 17 * MINUTE]) {
      const { token } = await store.create()
      world.clock.advance(lag)
      await store.read(token)
      await store.drain()
      const lastUse = world.clock.now()
      const { expiresAt, seenAt } = await world.stored(token)
      expect(expiresAt).toBe(seenAt + IDLE)
      expect(expiresAt).toBeLessThanOrEqual(lastUse + IDLE)
      expect(expiresAt).toBeGreaterThan(lastUse + IDLE - THROTTLE)
      world.clock.advance(expiresAt - world.clock.now() - 1)
      expect(await store.read(token, { touch: false })).not.toBeNull()
      world.clock.advance(1)
      expect(await store.read(token)).toBeNull()
    }
  })

  test('T47: a short idle timeout has a throttle of a tenth of it', async () => {
    await using world = await World.open(engine, { lifetime: { idle: '50s', absolute: '1h' } })
    const { store, line } = await world.place()
    const { token } = await store.create()
    world.clock.advance(5 * SECOND - 1)
    await store.read(token)
    await store.drain()
    expect(line.calls).not.toContain('touch')
    world.clock.advance(1)
    await store.read(token)
    await store.drain()
    expect(line.calls).toContain('touch')
  })

  test('T46: the absolute deadline holds, however active the session', async () => {
    await using world = await World.open(engine, { lifetime: { idle: '30m', absolute: '2h' } })
    const { store } = await world.place()
    const { token } = await store.create()
    for (let turn = 0; turn < 11; turn += 1) {
      world.clock.advance(10 * MINUTE)
      expect(await store.read(token)).not.toBeNull()
      expect(await store.touch(token)).toBe(true)
      expect(await store.update(token, (draft) => (draft.count = turn))).not.toBeNull()
      const { expiresAt } = await world.stored(token)
      expect(expiresAt).toBeLessThanOrEqual(START + 2 * HOUR)
    }
    world.clock.advance(10 * MINUTE - 1)
    expect(await store.read(token)).not.toBeNull()
    world.clock.advance(1)
    expect(await store.read(token)).toBeNull()
  })

  test('T48: nothing that comes after the deadline extends a dead session', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token, session } = await store.create({ userId: 'u_1' })
    world.clock.advance(IDLE)
    const before = await world.stored(token)
    expect(await store.read(token)).toBeNull()
    expect(await store.touch(token)).toBe(false)
    expect(await store.touch(session)).toBe(false)
    expect(await store.touch({ id: session.id, operator: true })).toBe(false)
    expect(await store.update(token, (draft) => (draft.count = 1))).toBeNull()
    expect(await store.update(session, (draft) => (draft.count = 1))).toBeNull()
    expect(await store.rotate(token)).toBeNull()
    expect(await store.reauthenticate(token, { userId: 'u_1' })).toBeNull()
    await store.drain()
    expect(await world.stored(token)).toEqual(before)
  })

  test('T48: a recorded touch that comes too late finds the session dead', async () => {
    await using world = await World.open(engine)
    const [here, there] = await world.pair()
    const { token } = await here.store.create()
    world.clock.advance(IDLE - 1)
    const held = here.line.hold('touch')
    expect(await here.store.read(token)).not.toBeNull()
    await held.reached
    await there.store.revoke(token)
    held.release()
    await here.store.drain()
    expect((await world.stored(token)).ended?.reason).toBe('logout')
    expect(await here.store.read(token)).toBeNull()
  })

  test('T48: a touch that fails fails no read', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { token } = await store.create()
    for (const stage of ['before', 'after'] as const) {
      world.clock.advance(2 * MINUTE)
      line.fail('touch', stage)
      expect(await store.read(token)).not.toBeNull()
      await store.drain()
    }
    expect(store.counters().backgroundFailures).toBe(2)
    expect((await world.stored(token)).seenAt).toBe(START + 4 * MINUTE)
  })

  test('T48: a touch that hangs holds up no read', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { token } = await store.create()
    world.clock.advance(2 * MINUTE)
    const held = line.hold('touch')
    expect(await store.read(token)).not.toBeNull()
    expect(await store.read(token)).not.toBeNull()
    held.release()
  })

  test('T48: a touch neither shortens the deadline nor moves the time of use back', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create()
    const before = await world.stored(token)
    world.clock.jump(-5 * MINUTE)
    expect(await store.touch(token)).toBe(true)
    await store.read(token)
    await store.update(token, (draft) => (draft.count = 1))
    await store.drain()
    const { seenAt, expiresAt } = await world.stored(token)
    expect({ seenAt, expiresAt }).toEqual({ seenAt: before.seenAt, expiresAt: before.expiresAt })
  })

  test('polling with touch: false does not keep a session alive', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create()
    for (let minute = 1; minute < 30; minute += 1) {
      world.clock.advance(MINUTE)
      expect(await store.read(token, { touch: false })).not.toBeNull()
      const updated = await store.update(token, (draft) => (draft.count = minute), { touch: false })
      expect(updated?.seenAt).toBe(START)
    }
    world.clock.advance(MINUTE)
    expect(await store.read(token, { touch: false })).toBeNull()
  })

  test('an update counts as activity, and so does one that changes nothing', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create()
    world.clock.advance(20 * MINUTE)
    await store.update(token, (draft) => (draft.count = 1))
    expect((await world.stored(token)).seenAt).toBe(START + 20 * MINUTE)
    world.clock.advance(20 * MINUTE)
    await store.update(token, () => null)
    await store.drain()
    expect((await world.stored(token)).seenAt).toBe(START + 40 * MINUTE)
    world.clock.advance(20 * MINUTE)
    await store.update(token, () => null, { touch: false })
    await store.drain()
    expect((await world.stored(token)).seenAt).toBe(START + 40 * MINUTE)
  })

  test('a session whose data is damaged is not kept alive by failing reads', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token } = await store.create()
    const record = await world.stored(token)
    await world.raw.replace({ ...record, data: Uint8Array.of(1, 2), version: 2 }, 1, world.clock.now())
    world.clock.advance(20 * MINUTE)
    await expect(store.read(token)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    await store.drain()
    expect((await world.stored(token)).seenAt).toBe(START)
  })
})
