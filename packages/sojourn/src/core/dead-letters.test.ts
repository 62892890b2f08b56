import { describe, expect, test } from 'vitest'
import { settle, shelved } from './archive-world.test-support.ts'
import { ENGINES } from './engines.test-support.ts'
import { LEASE_MS } from './port.ts'
import { refusing } from './shelf.test-support.ts'
import { SETTLE_AFTER_MS } from './sweeper.ts'
import { MINUTE } from './world.test-support.ts'

describe.each(ENGINES)('dead letters over $name', (engine) => {
  test('T106, T110: what is refused alone becomes a dead letter, and holds up nobody', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const made = await Promise.all(Array.from({ length: 90 }, () => place.store.create({ userId: 'u_1' })))
    const [bad, worse] = [made[7], made[70]].map((issued) => issued?.session.id ?? '')
    world.shelf.mood = refusing(bad ?? '', worse ?? '')
    for (const { token } of made) await place.store.revoke(token)
    await settle(world, place)
    expect(world.shelf.rows.size).toBe(88)
    const letters = await place.store.archive.deadLetters()
    expect(new Set(letters.map(({ id }) => id))).toEqual(new Set([bad, worse]))
    expect(letters[0]).toMatchObject({
      userId: 'u_1',
      reason: 'logout',
      tries: 1,
      error: { code: 'ARCHIVE_REFUSED' },
    })
    expect(place.store.counters()).toMatchObject({ archived: 88, archiveRefusals: 2 })
    expect((await world.stored(bad ?? '')).data.byteLength).toBe(0)
  })

  test('T106: a dead letter is tried ten times, then waits for somebody', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const { store } = place
    const { token, session } = await store.create({ userId: 'u_1', data: { cart: ['book'] } })
    world.shelf.mood = refusing(session.id)
    await store.revoke(token)
    for (let round = 0; round < 12; round += 1) {
      // The longest wait is 75 minutes, and a sweep comes some seconds later.
      world.clock.advance(76 * MINUTE)
      await store.sweep()
    }
    expect(world.shelf.batches).toHaveLength(10)
    expect(await store.archive.deadLetters()).toMatchObject([{ id: session.id, tries: 10, retryAt: null }])
    expect(place.told.filter(({ name }) => name === 'archiveRefused')).toMatchObject(
      Array.from({ length: 10 }, (_, index) => ({
        id: session.id,
        tries: index + 1,
        code: 'ARCHIVE_REFUSED',
      })),
    )
    await expect(store.archive.retry(session.id)).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED' })
    expect(await store.archive.deadLetters({ userId: 'u_1' })).toMatchObject([{ tries: 11 }])
    expect(await store.archive.deadLetters({ userId: 'u_2' })).toEqual([])
    world.shelf.mood = () => null
    expect(await store.archive.retry(session.id)).toBe(true)
    expect(world.shelf.rows.get(session.id)).toMatchObject({ reason: 'logout', data: { cart: ['book'] } })
    expect(await store.archive.deadLetters()).toEqual([])
    expect(await store.archive.retry(session.id)).toBe(false)
    expect(await store.archive.retryAll()).toEqual({ archived: 0, refused: 0 })
  })

  test('a dead letter can be dropped, and is tried by itself when the destination was mended', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const made = [await place.store.create(), await place.store.create()]
    const [kept = '', dropped = ''] = made.map(({ session }) => session.id)
    world.shelf.mood = refusing(kept, dropped)
    for (const { token } of made) await place.store.revoke(token)
    await settle(world, place)
    expect(await place.store.archive.drop(dropped)).toBe(true)
    expect(await place.store.archive.drop(dropped)).toBe(false)
    expect(await place.store.archive.retryAll()).toEqual({ archived: 0, refused: 1 })
    world.shelf.mood = () => null
    world.clock.advance(5 * MINUTE)
    await settle(world, place)
    expect(world.shelf.reasons).toEqual({ [kept]: 'logout' })
    expect(await place.store.archive.deadLetters()).toEqual([])
  })

  test('one letter that cannot be written keeps nobody else waiting', async () => {
    await using world = await shelved(engine)
    const place = await world.place()
    const made = await Promise.all(Array.from({ length: 10 }, () => place.store.create()))
    const [bad = ''] = made.map(({ session }) => session.id)
    world.shelf.mood = refusing(bad)
    for (const { token } of made) await place.store.revoke(token)
    world.clock.advance(SETTLE_AFTER_MS)
    place.line.fail('create')
    await expect(place.store.sweep()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    const stored = await Promise.all(made.map(({ session }) => world.stored(session.id)))
    expect(stored.filter(({ data }) => data.byteLength === 0)).toHaveLength(9)
    world.clock.advance(LEASE_MS)
    await settle(world, place)
    expect(await place.store.archive.deadLetters()).toMatchObject([{ id: bad }])
  })
})
