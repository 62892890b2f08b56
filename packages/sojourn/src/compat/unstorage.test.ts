import { createStorage, type Driver, prefixStorage, type Storage } from 'unstorage'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { foreignKeyOf } from '../core/foreign-link.ts'
import { ForeignSessions } from '../core/foreign-sessions.ts'
import { HOUR, MINUTE, type Place, SECOND, type World } from '../core/world.test-support.ts'
import { bystander, dump, MANY, worldOver } from './key-value.test-support.ts'
import { type UnstorageOptions, unstorageDriver } from './unstorage.ts'

interface Kit {
  readonly world: World
  readonly place: Place
  readonly storage: Storage
}

async function kitOver(engine: (typeof ENGINES)[number], options: UnstorageOptions = {}): Promise<Kit> {
  const world = await worldOver(engine)
  const place = await world.place()
  return { world, place, storage: storageOver(place, options) }
}

function storageOver({ store }: Place, options: UnstorageOptions = {}): Storage {
  const driver: Driver = unstorageDriver(store, options)
  return createStorage({ driver })
}

describe.each(ENGINES)('an unstorage driver over $name', (engine) => {
  test('UN1: detached methods work, and so does an object that they were copied to', async () => {
    const place = await (await worldOver(engine)).place()
    const driver = unstorageDriver(place.store)
    const { setItem, getItem, hasItem, removeItem, getKeys, clear } = driver
    await setItem('one', 'text')
    expect([await getItem('one'), await hasItem('one')]).toEqual(['text', true])
    expect(await getKeys()).toHaveLength(1)
    await removeItem('one')
    expect([await getItem('one'), await hasItem('one')]).toEqual([null, false])
    const storage = createStorage({ driver: { ...driver } })
    await storage.setItem('two', { a: 1 })
    expect(await storage.getItem('two')).toEqual({ a: 1 })
    await clear()
    expect(await storage.hasItem('two')).toBe(false)
  })

  test('UN2: set, remove, set works, over and over and in any process', async () => {
    const { world, storage } = await kitOver(engine)
    const other = storageOver(await world.place())
    for (let round = 0; round < 5; round += 1) {
      await storage.setItem('key', { round })
      expect(await other.getItem('key')).toEqual({ round })
      await other.removeItem('key')
      expect([await storage.getItem('key'), await storage.hasItem('key')]).toEqual([null, false])
      await other.setItem('key', { round, again: true })
      expect(await storage.getItem('key')).toEqual({ round, again: true })
      await storage.removeItem('key')
    }
  })

  test('UN3: an item with a ttl of 1 s dies after 1 s', async () => {
    const { world, storage } = await kitOver(engine)
    await storage.setItem('key', 'value', { ttl: 1 })
    world.clock.advance(999)
    expect(await storage.getItem('key')).toBe('value')
    world.clock.advance(1)
    expect(await storage.getItem('key')).toBeNull()
    expect(await storage.getKeys()).toEqual([])
  })

  test('a later ttl counts, be it longer, shorter or none', async () => {
    const { world, storage } = await kitOver(engine)
    await storage.setItem('key', 'a', { ttl: 60 })
    await storage.setItem('key', 'b', { ttl: 1 })
    world.clock.advance(SECOND)
    expect(await storage.getItem('key')).toBeNull()
    await storage.setItem('key', 'c', { ttl: 1 })
    await storage.setItem('key', 'd')
    world.clock.advance(2 * HOUR)
    expect(await storage.getItem('key')).toBe('d')
    for (const ttl of [10, 1, 10, 1, 5]) await storage.setItem('key', ttl, { ttl })
    world.clock.advance(5 * SECOND - 1)
    expect(await storage.getItem('key')).toBe(5)
    world.clock.advance(1)
    expect(await storage.getItem('key')).toBeNull()
    await storage.setItem('key', 'e', { ttl: 60 })
    await storage.setItem('key', 'e', { ttl: -1 })
    expect(await storage.getItem('key')).toBeNull()
  })

  test('a ttl counts also when the value stays the same', async () => {
    const { world, storage, place } = await kitOver(engine)
    for (const ttl of [10, 1, 10, 1, 5]) await storage.setItem('key', 'same', { ttl })
    world.clock.advance(5 * SECOND - 1)
    expect(await storage.getItem('key')).toBe('same')
    await storage.setItem('key', 'same', { ttl: 3_600 })
    await storage.setItem('key', 'same')
    world.clock.advance(3 * HOUR)
    await storage.setItem('key', 'same', { ttl: 1 })
    world.clock.advance(SECOND)
    expect(await storage.getItem('key')).toBeNull()
    await storage.setItem('key', 'same', { ttl: 60 })
    world.clock.advance(SECOND)
    await storage.setItem('key', 'same', { ttl: 60 })
    // It is stored, be it for one second more: no other process need be told.
    place.line.crash(0, 'before')
    world.clock.advance(60 * SECOND - 1)
    place.line.recover()
    expect(await storage.getItem('key')).toBe('same')
    world.clock.advance(1)
    expect(await storage.getItem('key')).toBeNull()
  })

  test('of two processes whose clocks differ the one that writes last says how long', async () => {
    const { world, storage } = await kitOver(engine)
    const ahead = storageOver(await world.place({ clock: world.clockAhead(400) }))
    await ahead.setItem('key', 'a', { ttl: 1 })
    await storage.setItem('key', 'b', { ttl: 60 })
    world.clock.advance(60 * SECOND - 500)
    expect([await storage.getItem('key'), await ahead.getItem('key')]).toEqual(['b', 'b'])
  })

  test('an item without a ttl lives until the absolute timeout, counted from when it was last set', async () => {
    const { world, storage } = await kitOver(engine)
    await storage.setItem('key', 'a')
    await storage.setItem('left', 'a')
    world.clock.advance(7 * HOUR)
    await storage.setItem('key', 'b')
    await storage.setItem('short', 'b', { ttl: 60 })
    world.clock.advance(HOUR)
    expect(await storage.getItem('left')).toBeNull()
    expect(await storage.getItem('key')).toBe('b')
    world.clock.advance(7 * HOUR - 1)
    expect(await storage.getItem('key')).toBe('b')
    world.clock.advance(1)
    expect(await storage.getItem('key')).toBeNull()
  })

  test('a ttl holds whole, however old the item is that it is set on', async () => {
    const { world, storage } = await kitOver(engine)
    await storage.setItem('key', 'a', { ttl: 8 * 3_600 })
    for (let hour = 0; hour < 20; hour += 1) {
      world.clock.advance(59 * MINUTE)
      expect(await storage.getItem('key')).not.toBeNull()
      await storage.setItem('key', 'b', { ttl: 3_600 })
    }
    world.clock.advance(HOUR - 1)
    expect(await storage.getItem('key')).toBe('b')
    world.clock.advance(1)
    expect(await storage.getItem('key')).toBeNull()
  })

  test('a list of keys holds handles: they open nothing, and they remove', async () => {
    const { world, storage, place } = await kitOver(engine)
    const lives = await bystander(place)
    for (const key of ['users:ada', 'users:bob', 'users:bob$', 'cache:x:y', 'plain']) {
      await storage.setItem(key, key)
    }
    const all = await storage.getKeys()
    expect(all).toHaveLength(4)
    for (const handle of all) {
      expect(handle).toMatch(/^~[\w-]{28}$/)
      expect([await storage.getItem(handle), await storage.hasItem(handle)]).toEqual([null, false])
    }
    const users = await storage.getKeys('users')
    expect(users).toHaveLength(2)
    expect(users.every((key) => key.startsWith('users:~'))).toBe(true)
    // Another process may take them, in whatever prefix.
    const other = storageOver(await world.place())
    for (const key of users) await other.removeItem(key)
    expect([await storage.getItem('users:ada'), await storage.getItem('users:bob')]).toEqual([null, null])
    expect(await storage.getItem('cache:x:y')).toBe('cache:x:y')
    expect([await storage.getKeys('users'), await lives()]).toEqual([[], true])
    const cache = prefixStorage(storage, 'cache')
    expect(await cache.getKeys()).toHaveLength(1)
    for (const key of await cache.getKeys()) await cache.removeItem(key)
    expect([await cache.getItem('x:y'), await storage.getItem('plain')]).toEqual([null, 'plain'])
  })

  test('T152: a key that a visitor made up of what he knows of another one removes nothing', async () => {
    const { storage } = await kitOver(engine)
    await storage.setItem('config:secret', 1)
    const key = foreignKeyOf({ name: '', bucketKey: null }, 'unstorage', 'config:secret')
    for (const end of ['', 'A'.repeat(12)]) await storage.removeItem(`carts:~${key?.linkId}${end}`)
    expect(await storage.getItem('config:secret')).toBe(1)
  })

  test('a key that is too long is refused, and none of the bases in it is hashed', async () => {
    const { place } = await kitOver(engine)
    const mark = vi.spyOn(ForeignSessions.prototype, 'mark')
    onTestFinished(() => mark.mockRestore())
    const refused = unstorageDriver(place.store).setItem('a:'.repeat(50_000), 'x')
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(mark).not.toHaveBeenCalled()
  })

  test('a handle of one label, and the id of a session, end nothing of another label', async () => {
    const { storage, place } = await kitOver(engine)
    const other = storageOver(place, { label: 'other' })
    const session = await place.store.create({ userId: 'ada' })
    await storage.setItem('key', 1)
    const [handle = ''] = await storage.getKeys()
    await other.removeItem(handle)
    const { id: own } = session.session
    for (const id of [own, `~${own}`, `~${own}${handle.slice(-12)}`]) await storage.removeItem(id)
    expect([await storage.getItem('key'), await other.getKeys()]).toEqual([1, []])
    expect(await place.store.read(session.token)).not.toBeNull()
    // A key that looks like a handle is a key, first.
    await storage.setItem(handle, 2)
    await storage.removeItem(handle)
    expect(await storage.getItem('key')).toBe(1)
  })

  test('clear removes what lies under its base, and nothing else', async () => {
    const { storage, place } = await kitOver(engine)
    const lives = await bystander(place)
    const other = storageOver(place, { label: 'other' })
    await other.setItem('a:b:key', 0)
    const keys = ['a:b:key', 'a:b:c:key', 'a:bb:key', 'a:key', 'ab:key', 'key']
    for (const key of keys) await storage.setItem(key, 1)
    const left = () => Promise.all(keys.map((key) => storage.hasItem(key)))
    // Of the storage a base is never asked for that lies within a mount: it clears mounts.
    const driver = unstorageDriver(place.store)
    await driver.clear('a:b:')
    expect(await left()).toEqual([false, false, true, true, true, true])
    await driver.clear('a')
    expect(await left()).toEqual([false, false, false, false, true, true])
    await storage.clear()
    expect(await left()).toEqual([false, false, false, false, false, false])
    expect([await other.getItem('a:b:key'), await lives()]).toEqual([0, true])
  })

  test('a walk finds all of many, whatever else is stored', async () => {
    const { storage, place } = await kitOver(engine)
    const other = storageOver(place, { label: 'other' })
    await Promise.all(Array.from({ length: MANY }, (_, i) => storage.setItem(`many:${i}`, i)))
    await Promise.all(Array.from({ length: MANY }, (_, i) => other.setItem(`many:${i}`, i)))
    expect(new Set(await storage.getKeys('many')).size).toBe(MANY)
    await storage.clear()
    expect([(await storage.getKeys()).length, (await other.getKeys()).length]).toEqual([0, MANY])
  })

  test('T152: neither a key nor a base is in the storage', async () => {
    const { world, storage } = await kitOver(engine)
    await storage.setItem('members:ada-lovelace', 'analytical-engine')
    const stored = await dump(world)
    for (const secret of ['members', 'ada-lovelace']) expect(stored).not.toContain(secret)
    expect(stored).toContain('analytical-engine')
  })
})

describe('an unstorage driver', () => {
  const [memory] = ENGINES

  test('keeps text and raw bytes as unstorage does', async () => {
    const { storage } = await kitOver(memory)
    const values = ['text', '', ' ', 'a\u0000b', '{"half":', 'é🎈', 7, true, [1, [2]], { deep: { er: null } }]
    const theirs = createStorage()
    for (const value of values) {
      await storage.setItem('key', value)
      await theirs.setItem('key', value)
      expect(await storage.getItem('key')).toEqual(await theirs.getItem('key'))
    }
    await storage.setItemRaw('raw', Buffer.from([0, 255, 7]))
    expect(await storage.getItemRaw('raw')).toEqual(Buffer.from([0, 255, 7]))
    await storage.setMeta('key', { tag: 'x' })
    expect(await storage.getMeta('key')).toEqual({ tag: 'x' })
    await storage.removeItem('key', { removeMeta: true })
    expect([await storage.getItem('key'), await storage.getMeta('key')]).toEqual([null, {}])
  })

  test('is one mount among others', async () => {
    const { place } = await kitOver(memory)
    const storage = createStorage()
    storage.mount('ours', unstorageDriver(place.store))
    await storage.setItems([
      { key: 'ours:a:b', value: 1 },
      { key: 'theirs:a', value: 2 },
    ])
    expect(await storage.getItems(['ours:a:b', 'theirs:a'])).toEqual([
      { key: 'ours:a:b', value: 1 },
      { key: 'theirs:a', value: 2 },
    ])
    const keys = await storage.getKeys('ours:a')
    expect(keys).toEqual([expect.stringMatching(/^ours:a:~[\w-]{28}$/)])
    for (const key of keys) await storage.removeItem(key)
    expect(await storage.hasItem('ours:a:b')).toBe(false)
    await storage.clear('ours')
    expect(await storage.getItem('theirs:a')).toBe(2)
    await storage.dispose()
    expect((await place.store.create()).token).toHaveLength(48)
  })

  test('takes each of many writes of one key at once, and the last one stays', async () => {
    const { world, storage } = await kitOver(memory)
    const other = storageOver(await world.place())
    await Promise.all(Array.from({ length: 40 }, (_, i) => storage.setItem('key', i)))
    expect(await other.getItem('key')).toBe(39)
  })

  test('has a ttl of its own for items without one', async () => {
    const { world, storage } = await kitOver(memory, { ttl: 90 })
    await storage.setItem('key', 1)
    await storage.setItem('long', 1, { ttl: 3_600 })
    world.clock.advance(90 * SECOND)
    expect([await storage.getItem('key'), await storage.getItem('long')]).toEqual([null, 1])
  })

  test('refuses what it cannot take, and says what', async () => {
    const { place, storage } = await kitOver(memory)
    const wrong: object = { tll: 1 }
    expect(() => unstorageDriver(place.store, wrong)).toThrow(/There is no option "tll"/)
    for (const ttl of [0, -1, Number.NaN])
      expect(() => unstorageDriver(place.store, { ttl })).toThrow(/seconds above 0/)
    expect(() => unstorageDriver(place.store, { label: 'a b' })).toThrow(/label/)
    await expect(storage.setItem('key', 1, { ttl: '1h' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(storage.setItem('k'.repeat(513), 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await storage.getItem('k'.repeat(513))).toBeNull()
    await expect(storage.setItem('key', 'x'.repeat(4_000_000))).rejects.toMatchObject({
      code: 'DATA_TOO_LARGE',
    })
  })

  test('tells of an engine that is down', async () => {
    const { place, storage } = await kitOver(memory)
    await storage.setItem('key', 1)
    place.line.crash(0, 'before')
    for (const call of [
      () => storage.getItem('key'),
      () => storage.setItem('key', 2),
      () => storage.getKeys(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
    }
  })
})
