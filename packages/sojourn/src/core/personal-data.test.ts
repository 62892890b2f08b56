import { describe, expect, test } from 'vitest'
import { archiveTo } from './archive.ts'
import { WRITE_MS } from './archive-writer.ts'
import { ENGINES } from './engines.test-support.ts'
import { LEASE_MS } from './port.ts'
import { isDown, refusing, Shelf } from './shelf.test-support.ts'
import { SETTLE_AFTER_MS } from './sweeper.ts'
import type { TestClock } from './test-clock.test-support.ts'
import { MINUTE, type Place, type Visit, World } from './world.test-support.ts'

async function shelved(engine: (typeof ENGINES)[number]) {
  const shelf = new Shelf()
  const atEnd = archiveTo<Visit>(shelf.destination, { select: ({ data }) => data })
  return Object.assign(await World.open(engine, { atEnd }), { shelf })
}

async function settle(world: World, { store }: Place): Promise<void> {
  world.clock.advance(SETTLE_AFTER_MS)
  while ((await store.sweep()) > 0);
}

/** Erasing waits for what is on its way; the clock goes on when it does. */
async function erase(
  world: { readonly clock: TestClock; readonly shelf: Shelf },
  { store }: Place,
  userId: string,
) {
  const before = world.shelf.erasures
  const erased = store.eraseUser(userId)
  while (world.shelf.erasures === before) await new Promise((done) => setImmediate(done))
  await new Promise((done) => setImmediate(done))
  world.clock.advance(WRITE_MS)
  return erased
}

describe.each(ENGINES)('a user over $name', (engine) => {
  test('T111, T150: is exported and erased from store, dead letters and archive, and from nowhere else', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const { store } = place
    const bad = await store.create({ userId: 'ada' })
    world.shelf.mood = refusing(bad.session.id)
    for (const userId of ['ada', 'ada', 'bob']) {
      const { token } = await store.create({ userId, data: { cart: [userId] } })
      await store.revoke(token)
      world.clock.advance(1)
    }
    await store.revoke(bad.token)
    await settle(world, place)
    await store.create({ userId: 'ada', data: { cart: ['now'] } })
    const bobs = await store.create({ userId: 'bob' })
    const before = await store.exportUser('ada')
    expect(before.live).toMatchObject([{ data: { cart: ['now'] } }])
    expect(before.deadLetters).toMatchObject([{ id: bad.session.id }])
    expect(before.archived).toMatchObject([{ data: { cart: ['ada'] } }, { data: { cart: ['ada'] } }])
    expect(await erase(world, place, 'ada')).toEqual({ ended: 1, deadLetters: 1, archived: 2 })
    await settle(world, place)
    expect(await store.exportUser('ada')).toEqual({ live: [], deadLetters: [], archived: [] })
    expect([...world.shelf.rows.values()]).toMatchObject([{ userId: 'bob' }])
    expect(await store.read(bobs.token)).not.toBeNull()
  })

  test('T111: what waited for the archive when its user was erased never comes there', async () => {
    await using world = await shelved(engine)
    const [place, other] = await world.pair()
    world.shelf.mood = isDown
    const { token, session } = await place.store.create({ userId: 'ada', data: { cart: ['book'] } })
    await place.store.revoke(token)
    await settle(world, other)
    world.shelf.mood = () => null
    await erase(world, place, 'ada')
    const later = await place.store.create({ userId: 'ada' })
    await place.store.revoke(later.token)
    world.clock.advance(LEASE_MS + MINUTE)
    await settle(world, other)
    expect(world.shelf.reasons).toEqual({ [later.session.id]: 'logout' })
    expect((await world.stored(session.id)).data.byteLength).toBe(0)
  })

  test('T111: what was on its way to the archive when its user was erased does not stay there', async () => {
    await using world = await shelved(engine)
    const [place, other] = await world.pair()
    const { token } = await place.store.create({ userId: 'ada' })
    await place.store.revoke(token)
    world.clock.advance(SETTLE_AFTER_MS)
    let arrive = (): void => undefined
    const reached = new Promise<void>((resolve) => {
      world.shelf.mood = () => {
        resolve()
        return new Promise<void>((go) => {
          arrive = go
        })
      }
    })
    const sweep = other.store.sweep()
    await reached
    const erased = place.store.eraseUser('ada')
    while (world.shelf.erasures === 0) await new Promise((done) => setImmediate(done))
    arrive()
    await sweep
    expect(world.shelf.rows.size).toBe(1)
    world.clock.advance(WRITE_MS)
    expect(await erased).toMatchObject({ archived: 1 })
    expect(world.shelf.rows.size).toBe(0)
  })

  test('a mark of an erased user is forgotten when nothing can wait any more, and is no session', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    await erase(world, place, 'ada')
    await erase(world, place, 'ada')
    const before = place.told.length
    world.clock.advance(41 * 24 * 60 * MINUTE)
    place.store.trustClock()
    expect(await place.store.sweep()).toBe(1)
    expect(place.told).toHaveLength(before)
    expect(world.shelf.batches).toEqual([])
  })
})
