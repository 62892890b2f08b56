import { describe, expect, test } from 'vitest'
import { createSessionStore } from '../../core/create-session-store.ts'
import { NOW, numbered, sample } from '../../testing/sample.ts'
import { memory } from '../memory/index.ts'
import { CachedWorld, STALE_MS } from './cached-world.test-support.ts'
import { nearCache } from './near-cache.ts'
import { RULES } from './rules.test-support.ts'
import { Told } from './told.test-support.ts'

describe('T60: a near cache', () => {
  test.each(RULES)('T60: $name', async ({ hold }) => {
    await hold(new CachedWorld())
  })

  test.each(RULES)('a twin that $twin is found out: $name', async ({ hold, twist }) => {
    await expect(hold(new CachedWorld(twist))).rejects.toThrow()
  })

  test('serves again once the silence is over, and has dropped nothing', async () => {
    const world = new CachedWorld()
    await world.warm(sample())
    world.told.isSilent = true
    await world.pass(2 * STALE_MS)
    expect(world.engine.status).toMatchObject({ isLive: false, drops: 0, sessions: 1 })
    world.told.speak()
    await world.pass(STALE_MS)
    await world.read(sample().id)
    expect([world.asked, world.engine.status.isLive]).toEqual([0, true])
  })

  test('gives up a connection that stays silent', async () => {
    const world = new CachedWorld()
    await world.warm(sample())
    world.told.isSilent = true
    await world.pass(3 * STALE_MS)
    expect(world.told.abandoned).toBe(0)
    await world.pass(STALE_MS)
    expect(world.told.abandoned).toBeGreaterThan(0)
    expect(world.engine.status).toMatchObject({ sessions: 0, drops: 1 })
  })

  test('keeps no tombstone and nothing that is absent', async () => {
    const world = new CachedWorld()
    await world.warm(sample())
    await world.engine.end(sample().id, 'logout', NOW)
    await world.engine.read([sample().id, numbered(2).id])
    expect(world.engine.status.sessions).toBe(0)
  })

  test('asks for what it lacks in one call, and answers in order', async () => {
    const world = new CachedWorld()
    await world.warm(numbered(1), numbered(3))
    await world.theirs.create(numbered(2), null, NOW)
    const ids = [4, 3, 2, 1, 2].map((number) => numbered(number).id)
    const read = await world.engine.read(ids)
    expect(read.map((record) => record?.id ?? null)).toEqual([null, ...ids.slice(1)])
    expect(world.asked).toBe(1)
  })

  test('stops its timer when it is closed, and answers nobody', async () => {
    const world = new CachedWorld()
    await world.warm(sample())
    await world.engine.close()
    expect(world.clock.armed).toBe(0)
    await expect(world.read(sample().id)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  })
})

describe('a store over a near cache', () => {
  const cached = () => new CachedWorld()

  test.each(['banking', 'aal3', 'console'] as const)('T60: is refused by the preset %s', async (lifetime) => {
    const { engine, clock } = cached()
    await expect(createSessionStore({ engine, clock, lifetime })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('+near-cache'),
    })
  })

  test.each(['banking', 'aal3', 'console'] as const)('without it, %s takes the engine', async (lifetime) => {
    const { line, clock } = cached()
    await expect(createSessionStore({ engine: line, clock, lifetime, sweep: false })).resolves.toBeDefined()
  })

  test.each(['web', 'aal1', 'aal2', 'pci', 'game'] as const)('%s allows it', async (lifetime) => {
    const { engine, clock } = cached()
    await expect(createSessionStore({ engine, clock, lifetime, sweep: false })).resolves.toBeDefined()
  })
})

describe('the options of a near cache', () => {
  const engine = () => new CachedWorld().line

  test.each([
    ['unknown', { limit: 1 }],
    ['no bound', { staleMs: 0 }],
    ['a bound of half a millisecond', { staleMs: 0.5 }],
    ['a bound above five seconds', { staleMs: 5_001 }],
    ['no room', { maxBytes: 0 }],
    ['no sessions', { maxSessions: 0 }],
    ['nobody who tells', { invalidations: {} }],
  ])('refuse %s', async (_what, wrong) => {
    const options = { invalidations: new Told(), ...wrong }
    await expect(Reflect.apply(nearCache, null, [engine(), options])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test('refuse an engine whose reads change without a write', async () => {
    await expect(nearCache(memory(), { invalidations: new Told() })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('memory'),
    })
  })

  test('say in the traits how old a read may be', async () => {
    const cached = await nearCache(engine(), { invalidations: new Told(), staleMs: 200 })
    expect(cached.traits).toMatchObject({ name: 'memory+near-cache', staleMs: 200 })
    await cached.close()
  })
})
