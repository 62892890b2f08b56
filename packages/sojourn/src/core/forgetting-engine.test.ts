import { describe, expect, test } from 'vitest'
import { lateStore } from '../testing/shareable-store.test-support.ts'
import type { EngineUnderTest } from './engines.test-support.ts'
import type { Engine, SessionId } from './port.ts'
import { endsOf, HOUR, MINUTE, namesOf, SECOND, World } from './world.test-support.ts'

const IDLE = 30 * MINUTE

interface Forgetting extends EngineUnderTest {
  /** Loses a session's entry in the index of its user. */
  lose(userId: string, id: SessionId): Promise<void>
}

/** An engine whose dead records leave by themselves, and that must never be asked for what is due. */
function forgetting(changes: Partial<Engine> = {}): Forgetting {
  const prepared = lateStore(() => ({ due: () => Promise.reject(new Error('nothing is kept')), ...changes }))
  return {
    name: 'forgetting',
    prepare: async () => ({ open: (await prepared).open, dispose: async () => undefined }),
    lose: async (userId, id) => (await prepared).loseIndexEntry?.(userId, id),
  }
}

describe('a store over an engine that does not keep what is due', () => {
  test('sweeps nothing, by itself or when it is asked to', async () => {
    await using world = await World.open(forgetting())
    const { store, line } = await world.place({ sweep: true })
    await store.create({ userId: 'u_1' })
    for (let minute = 0; minute < 60; minute += 1) world.clock.advance(MINUTE)
    await store.drain()
    expect(await store.sweep()).toBe(0)
    expect(line.calls).not.toContain('due')
    expect(store.counters().sweepFailures).toBe(0)
  })

  test('would be found out if it swept: an engine that says that it keeps what is due is asked for it', async () => {
    const lying = { name: 'lying', survives: 'nothing', sharedBy: 'process' } as const
    const traits = { ...lying, keepsDue: true, checksCutOff: 'on-write', staleMs: 0 } as const
    await using world = await World.open(forgetting({ traits }))
    const { store, line } = await world.place({ sweep: true })
    for (let step = 0; step < 80 && !line.calls.includes('due'); step += 1) {
      world.clock.advance(SECOND / 10)
      await store.drain()
    }
    expect(line.calls).toContain('due')
    expect(store.counters().sweepFailures).toBe(1)
  })

  test('tells of no session that expires by itself, but reads it as null, and tells who watches it', async () => {
    await using world = await World.open(forgetting())
    const place = await world.place({ sweep: true })
    const { token, session } = await place.store.create({ userId: 'u_1' })
    let ends = 0
    place.store.watch(session, () => {
      ends += 1
    })
    world.clock.advance(IDLE)
    await place.store.drain()
    world.clock.advance(SECOND)
    await place.store.drain()
    expect(await place.store.read(token)).toBeNull()
    expect(await place.store.list({ userId: 'u_1' })).toEqual([])
    expect([ends, namesOf(place)]).toEqual([1, ['created']])
  })

  test('tells of every session that somebody ends', async () => {
    await using world = await World.open(forgetting())
    const place = await world.place()
    const [one, two] = [
      await place.store.create({ userId: 'u_1' }),
      await place.store.create({ userId: 'u_1' }),
    ]
    await place.store.revoke(one.token)
    await place.store.revokeUser('u_1')
    expect(endsOf(place)).toEqual([
      { id: one.session.id, reason: 'logout' },
      { id: two.session.id, reason: 'revoked' },
    ])
  })

  test('T59: ends a session behind revokeAll for good when its token comes back, and tells of it then', async () => {
    await using world = await World.open(forgetting())
    const place = await world.place()
    const { token, session } = await place.store.create({ userId: 'u_1' })
    world.clock.advance(SECOND)
    await place.store.revokeAll()
    expect(endsOf(place)).toEqual([])
    expect(await place.store.read(token)).toBeNull()
    await place.store.drain()
    expect(endsOf(place)).toEqual([{ id: session.id, reason: 'revoked' }])
  })

  test('T50: has nothing to say when the clock jumps, for nothing is swept', async () => {
    await using world = await World.open(forgetting())
    const place = await world.place()
    world.clock.jump(10 * HOUR)
    expect(await place.store.sweep()).toBe(0)
    expect(namesOf(place)).toEqual([])
  })
})

describe('a store over an engine that checks the cut-off on write', () => {
  test('T52: a session that the index had lost ends with the touch of its next use after the throttle', async () => {
    const engine = forgetting()
    await using world = await World.open(engine)
    const place = await world.place()
    const { token, session } = await place.store.create({ userId: 'u_1' })
    await engine.lose('u_1', session.id)
    world.clock.advance(SECOND)
    expect(await place.store.revokeUser('u_1')).toEqual([])
    // Known and accepted: a read looks at one key.
    expect(await place.store.read(token)).not.toBeNull()
    world.clock.advance(place.store.policy.lifetime.throttle)
    await place.store.read(token)
    await place.store.drain()
    expect(await place.store.read(token)).toBeNull()
  })

  test.each([
    ['update', (world: Used) => world.store.update(world.token, (draft) => (draft.count = 1))],
    ['rotate', (world: Used) => world.store.rotate(world.token)],
  ] as const)('T52: it cannot %s the session any more', async (_name, use) => {
    const engine = forgetting()
    await using world = await World.open(engine)
    const { store } = await world.place()
    const { token, session } = await store.create({ userId: 'u_1' })
    await engine.lose('u_1', session.id)
    world.clock.advance(SECOND)
    await store.revokeUser('u_1')
    expect(await use({ store, token })).toBeNull()
    expect(await store.read(token)).toBeNull()
  })
})

interface Used {
  readonly store: Awaited<ReturnType<World['place']>>['store']
  readonly token: string
}
