import { createStorage, type Storage } from 'unstorage'
import { describe, expect, test } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { endsOf, HOUR, MINUTE, type Place, SECOND } from '../core/world.test-support.ts'
import { worldOver } from './key-value.test-support.ts'
import { type UnstorageSessionOptions, unstorageSessionDriver } from './unstorage.ts'

const ID = '0f9f4f0e-1f6b-4a51-9d6f-7f9f6f6c3a11'
const OTHER_ID = 'c8f0a0c2-8f3e-4a53-8c93-2f6f0b7a9d22'
/** Text of the form that Astro stores: of a map, with its own times in it. */
const TEXT = '[["Map",1,2],"cart",{"data":3},["tea"]]'

/** A storage as Astro makes it: over a copy of the driver. */
function storageOver({ store }: Place, options: UnstorageSessionOptions = {}): Storage {
  return createStorage({ driver: { ...unstorageSessionDriver(store, options) } })
}

function userIn(value: string): string | null {
  return /"user","(\w+)"/.exec(value)?.[1] ?? null
}

describe.each(ENGINES)('an unstorage driver for sessions over $name', (engine) => {
  test('UN4: a late setItem after removeItem of a stored id is refused, and looks like success', async () => {
    const world = await worldOver(engine)
    const [place, elsewhere] = await world.pair()
    const [storage, other] = [storageOver(place), storageOver(elsewhere)]
    await storage.setItemRaw(ID, TEXT)
    expect(await other.getItemRaw(ID)).toBe(TEXT)
    await other.removeItem(ID)
    await storage.setItemRaw(ID, TEXT)
    await other.setItemRaw(ID, TEXT)
    for (const either of [storage, other]) expect(await either.getItemRaw(ID)).toBeNull()
    expect(place.store.counters().lateWritesRefused).toBe(1)
    expect(endsOf(elsewhere)).toHaveLength(1)
  })

  test('UN4: so is one that was under way when the id was removed', async () => {
    const world = await worldOver(engine)
    const [place, elsewhere] = await world.pair()
    const [storage, other] = [storageOver(place), storageOver(elsewhere)]
    await storage.setItemRaw(ID, TEXT)
    const held = place.line.hold('replace')
    const late = storage.setItemRaw(ID, `${TEXT} `)
    await held.reached
    await other.removeItem(ID)
    held.release()
    await late
    for (const either of [storage, other]) expect(await either.getItemRaw(ID)).toBeNull()
  })

  test('a new id in the place of another is free, whichever of the two calls is first', async () => {
    const storage = storageOver(await (await worldOver(engine)).place())
    await storage.setItemRaw(ID, TEXT)
    // As regenerate does it: without waiting.
    await Promise.all([storage.removeItem(ID), storage.setItemRaw(OTHER_ID, TEXT)])
    expect([await storage.getItemRaw(ID), await storage.getItemRaw(OTHER_ID)]).toEqual([null, TEXT])
  })

  test('an id that was never stored leaves no trace when it is removed', async () => {
    const storage = storageOver(await (await worldOver(engine)).place())
    await storage.removeItem(ID)
    await storage.setItemRaw(ID, TEXT)
    expect(await storage.getItemRaw(ID)).toBe(TEXT)
  })

  test('UN5: without a ttl the idle timeout applies, reads count as use, and the absolute timeout ends it', async () => {
    const world = await worldOver(engine)
    const storage = storageOver(await world.place())
    await storage.setItemRaw(ID, TEXT)
    await storage.setItemRaw(OTHER_ID, TEXT)
    for (let used = 0; used < 8 * HOUR - 20 * MINUTE; used += 20 * MINUTE) {
      world.clock.advance(20 * MINUTE)
      expect(await storage.getItemRaw(ID)).toBe(TEXT)
    }
    expect(await storage.getItemRaw(OTHER_ID)).toBeNull()
    await storage.setItemRaw(ID, TEXT)
    world.clock.advance(20 * MINUTE)
    expect(await storage.getItemRaw(ID)).toBeNull()
    // It has ended, so that it is no new one either.
    await storage.setItemRaw(ID, TEXT)
    expect(await storage.getItemRaw(ID)).toBeNull()
  })

  test('1,000 reads within the touch throttle write at most one deadline', async () => {
    const place = await (await worldOver(engine)).place()
    const storage = storageOver(place)
    await storage.setItemRaw(ID, TEXT)
    place.line.forget()
    for (let read = 0; read < 1_000; read += 1) await storage.getItemRaw(ID)
    expect(place.line.calls.filter((verb) => verb !== 'read').length).toBeLessThanOrEqual(1)
  })

  test('with a ttl a session lives so long after it was last stored', async () => {
    const world = await worldOver(engine)
    const storage = storageOver(await world.place(), { ttl: 3_600 })
    await storage.setItemRaw(ID, TEXT)
    world.clock.advance(HOUR - SECOND)
    await storage.setItemRaw(ID, TEXT)
    world.clock.advance(HOUR - 1)
    expect(await storage.getItemRaw(ID)).toBe(TEXT)
    world.clock.advance(1)
    expect(await storage.getItemRaw(ID)).toBeNull()
  })

  test('a session is of the user whom its text names, and ends with the user’s others', async () => {
    const world = await worldOver(engine)
    const place = await world.place()
    const storage = storageOver(place, { userId: userIn })
    await storage.setItemRaw(ID, TEXT)
    await storage.setItemRaw(ID, '["user","ada"]')
    expect(await world.liveIds('ada')).toHaveLength(1)
    await place.store.revokeUser('ada')
    expect(await storage.getItemRaw(ID)).toBeNull()
    await storage.setItemRaw(ID, '["user","ada"]')
    expect([await storage.getItemRaw(ID), await world.liveIds('ada')]).toEqual([null, []])
  })

  test('T152: what a client may send as an id ends nothing but its own session', async () => {
    const place = await (await worldOver(engine)).place()
    const storage = storageOver(place)
    await storage.setItemRaw(ID, TEXT)
    const told = place.told.flatMap((event) => (event.name === 'created' ? [event.id] : []))
    expect(told).toHaveLength(1)
    for (const id of told) for (const sent of [id, `~${id}`, `${ID}:~${id}`]) await storage.removeItem(sent)
    expect(await storage.getItemRaw(ID)).toBe(TEXT)
    // Who runs the application may list and end them.
    for (const key of await storage.getKeys()) await storage.removeItem(key)
    expect(await storage.getItemRaw(ID)).toBeNull()
  })
})
