import { describe, expect, test } from 'vitest'
import { settle, shelved } from './archive-world.test-support.ts'
import { bucketOf } from './bucket.ts'
import { ENGINES } from './engines.test-support.ts'
import { ownId } from './own-record.ts'
import { LEASE_MS } from './port.ts'
import { isDown, refusing } from './shelf.test-support.ts'
import { SETTLE_AFTER_MS } from './sweeper.ts'
import { MINUTE } from './world.test-support.ts'

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
    expect(await place.store.eraseUser('ada')).toEqual({ ended: 1, deadLetters: 1, archived: 2 })
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
    await place.store.eraseUser('ada')
    world.clock.advance(2 * MINUTE)
    const later = await place.store.create({ userId: 'ada' })
    await place.store.revoke(later.token)
    world.clock.advance(LEASE_MS + MINUTE)
    await settle(world, other)
    expect(world.shelf.reasons).toEqual({ [later.session.id]: 'logout' })
    expect((await world.stored(session.id)).data.byteLength).toBe(0)
  })

  test('T111: what was being written to the archive when its user was erased does not stay there', async () => {
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
    expect(await place.store.eraseUser('ada')).toMatchObject({ archived: 0 })
    arrive()
    await sweep
    expect(world.shelf.rows.size).toBe(1)
    world.clock.advance(MINUTE)
    await settle(world, other)
    expect(world.shelf.rows.size).toBe(0)
  })

  test('T111: what stands behind others that are slow is not written when its user was erased meanwhile', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    for (let made = 0; made < 100; made += 1) {
      const { token } = await place.store.create({ userId: 'bob' })
      await place.store.revoke(token)
    }
    world.clock.advance(1)
    const { token, session } = await place.store.create({ userId: 'ada' })
    await place.store.revoke(token)
    let erased: Promise<unknown> | null = null
    world.shelf.mood = () => {
      erased ??= place.store.eraseUser('ada')
      return erased
    }
    await settle(world, place)
    expect(world.shelf.batches.length).toBeGreaterThan(0)
    expect(world.shelf.rows.size).toBe(100)
    expect(world.shelf.rows.has(session.id)).toBe(false)
  })

  test('T111: a mark holds although the clocks of processes differ, and a later one does not lower it', async () => {
    await using world = await shelved(engine)
    const ahead = 50_000
    const fast = await world.place({ clock: world.clockAhead(ahead) })
    const slow = await world.place()
    const { token, session } = await fast.store.create({ userId: 'ada' })
    await fast.store.revoke(token)
    await slow.store.eraseUser('ada')
    world.clock.advance(2 * MINUTE)
    await settle(world, slow)
    expect(world.shelf.rows.has(session.id)).toBe(false)
  })

  test('T111: an erasure that was cut off is done by the next one, and nothing stays behind', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const { token, session } = await place.store.create({ userId: 'ada', data: { stage: 'hidden' } })
    world.shelf.mood = refusing(session.id)
    await place.store.revoke(token)
    await settle(world, place)
    const [letter] = await place.store.archive.deadLetters()
    expect(letter).toMatchObject({ id: session.id })
    place.line.fail('settle')
    await expect(place.store.eraseUser('ada')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    await place.store.eraseUser('ada')
    world.clock.advance(2 * MINUTE)
    await settle(world, place)
    expect(await world.record(ownId(session.id.slice(0, 2), 'dead letter', session.id))).toBeNull()
  })

  test('T150: a process that does not archive says that it cannot erase there, and leaves the mark', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const web = await world.place({ atEnd: undefined } as object)
    const { token, session } = await web.store.create({ userId: 'ada' })
    await web.store.revoke(token)
    expect(await web.store.eraseUser('ada')).toMatchObject({ archived: null })
    expect(await web.store.exportUser('ada')).toMatchObject({ archived: null })
    await settle(world, place)
    expect(world.shelf.rows.has(session.id)).toBe(false)
  })

  test('a mark of an erased user names nobody after a minute, is forgotten at last, and is no session', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    await place.store.eraseUser('ada')
    await place.store.eraseUser('ada')
    const before = place.told.length
    world.clock.advance(2 * MINUTE)
    await settle(world, place)
    expect(world.shelf.erasures).toBe(3)
    const mark = await world.stored(ownId(bucketOf('ada', null), 'erased user', 'ada'))
    expect(Buffer.from(mark.data).toString()).not.toContain('ada')
    world.clock.advance(401 * 24 * 60 * MINUTE)
    place.store.trustClock()
    expect(await place.store.sweep()).toBe(1)
    expect(await world.record(mark.id)).toBeNull()
    expect(place.told).toHaveLength(before)
    expect(world.shelf.batches).toEqual([])
  })
})
