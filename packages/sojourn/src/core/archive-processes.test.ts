import { describe, expect, test } from 'vitest'
import { settle, shelved } from './archive-world.test-support.ts'
import { ENGINES } from './engines.test-support.ts'
import { LEASE_MS } from './port.ts'
import { SETTLE_AFTER_MS } from './sweeper.ts'
import { endsOf, MINUTE } from './world.test-support.ts'

const IDLE = 30 * MINUTE

describe.each(ENGINES)('several processes over $name', (engine) => {
  test('a process that does not archive leaves the ended to those that do, also when it was there before', async () => {
    await using world = await shelved(engine)
    const early = await world.place({ atEnd: undefined } as object)
    const place = await world.place()
    const discarding = await world.place({ atEnd: 'discard' })
    const expired = await early.store.create()
    world.clock.advance(IDLE)
    const { token, session } = await early.store.create()
    await early.store.revoke(token)
    await settle(world, early)
    await settle(world, discarding)
    expect((await world.stored(session.id)).data.byteLength).toBeGreaterThan(0)
    await settle(world, place)
    expect(world.shelf.reasons).toEqual({ [expired.session.id]: 'idle', [session.id]: 'logout' })
  })

  test('archiving is stopped for the whole store on demand, but not while a process archives', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const plain = await world.place({ atEnd: 'discard' })
    const stopping = await world.place({ atEnd: 'stopArchiving' })
    const first = await plain.store.create()
    await plain.store.revoke(first.token)
    await place.store.sweep()
    await settle(world, stopping)
    await settle(world, place)
    expect(world.shelf.reasons).toEqual({ [first.session.id]: 'logout' })
    await place.store.close()
    await world.place({ atEnd: 'stopArchiving' })
    const second = await plain.store.create()
    await plain.store.revoke(second.token)
    await settle(world, plain)
    expect((await world.stored(second.session.id)).data.byteLength).toBe(0)
  })

  test('closing waits for the batch that is being written, and for no more', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const other = await world.place()
    const made = await Promise.all(Array.from({ length: 350 }, () => other.store.create()))
    for (const { token } of made) await other.store.revoke(token)
    world.clock.advance(SETTLE_AFTER_MS)
    let closed: Promise<void> | null = null
    world.shelf.mood = () => {
      closed ??= place.store.close()
      return null
    }
    await place.store.sweep().catch(() => 0)
    await closed
    expect(world.shelf.batches).toEqual([100])
    world.shelf.mood = () => null
    world.clock.advance(LEASE_MS)
    await settle(world, other)
    expect(world.shelf.rows.size).toBe(350)
  })

  test('T84: several processes archive at once, each session by one of them', async () => {
    await using world = await shelved(engine)
    const places = [...(await world.pair()), ...(await world.pair())]
    const [first] = places
    const made = await Promise.all(Array.from({ length: 350 }, () => first?.store.create()))
    world.clock.advance(IDLE + SETTLE_AFTER_MS)
    await Promise.all(places.map(({ store }) => store.sweep()))
    expect(world.shelf.rows.size).toBe(made.length)
    expect(world.shelf.batches.reduce((sum, size) => sum + size, 0)).toBe(made.length)
    expect(places.flatMap(endsOf)).toHaveLength(made.length)
  })
})
