import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { HOUR, type Place, type World } from '../core/world.test-support.ts'
import { bystander, dump, MANY, worldOver } from './key-value.test-support.ts'
import { MAJORS } from './keyv.test-support.ts'
import { keyvAdapter } from './keyv.ts'
import { unstorageDriver } from './unstorage.ts'

const [MEMORY] = ENGINES
const EVERY = ENGINES.flatMap((engine) =>
  MAJORS.map((major) => ({ engine, major, name: `${major.name} over ${engine.name}` })),
)

async function placeOver(engine: (typeof ENGINES)[number]): Promise<{ world: World; place: Place }> {
  const world = await worldOver(engine)
  return { world, place: await world.place() }
}

/** Keyv looks at the wall clock: both go on together. */
function clockOf({ clock }: World): (ms: number) => void {
  vi.useFakeTimers({ toFake: ['Date'], now: clock.now() })
  onTestFinished(() => void vi.useRealTimers())
  return (ms) => {
    clock.advance(ms)
    vi.setSystemTime(clock.now())
  }
}

describe.each(EVERY)('$name', ({ engine, major }) => {
  test('KV1: takes the adapter, and does all that a Keyv does', async () => {
    const { world, place } = await placeOver(engine)
    const keyv = major.open(keyvAdapter(place.store))
    const other = major.open(keyvAdapter((await world.place()).store))
    expect(await keyv.get('a')).toBeUndefined()
    expect(await keyv.set('a', { deep: [1] })).toBe(true)
    expect([await other.get('a'), await other.has('a'), await other.has('b')]).toEqual([
      { deep: [1] },
      true,
      false,
    ])
    await keyv.setMany([
      { key: 'b', value: 'text' },
      { key: 'c', value: 7 },
    ])
    expect(await other.getMany(['a', 'b', 'c', 'd'])).toEqual([{ deep: [1] }, 'text', 7, undefined])
    expect(await other.hasMany(['a', 'd'])).toEqual([true, false])
    expect([await keyv.delete('a'), await keyv.delete('a')]).toEqual([true, false])
    expect([await keyv.deleteMany(['b', 'c'])].flat().every(Boolean)).toBe(true)
    expect(await other.getMany(['a', 'b', 'c'])).toEqual([undefined, undefined, undefined])
    for (let round = 0; round < 3; round += 1) {
      await keyv.set('again', round)
      expect(await other.get('again')).toBe(round)
      await other.delete('again')
      expect(await keyv.get('again')).toBeUndefined()
    }
  })

  test('KV2: a ttl of 1000 dies after 1 s', async () => {
    const { world, place } = await placeOver(engine)
    const wait = clockOf(world)
    const adapter = keyvAdapter(place.store)
    const keyv = major.open(adapter)
    await keyv.set('key', 'value', 1_000)
    await keyv.setMany([{ key: 'many', value: 'value', ttl: 1_000 }])
    wait(999)
    expect(await keyv.getMany(['key', 'many'])).toEqual(['value', 'value'])
    expect(await adapter.hasMany(['key', 'many'])).toEqual([true, true])
    wait(1)
    // Ours as well as Keyv's own: it has left the storage.
    expect(await adapter.hasMany(['key', 'many'])).toEqual([false, false])
    expect(await keyv.getMany(['key', 'many'])).toEqual([undefined, undefined])
  })

  test('KV2: a ttl of 0, or none, lives until the absolute timeout', async () => {
    const { world, place } = await placeOver(engine)
    const wait = clockOf(world)
    const keyv = major.open(keyvAdapter(place.store))
    await keyv.set('none', 1)
    await keyv.set('zero', 1, 0)
    wait(8 * HOUR - 1)
    expect(await keyv.getMany(['none', 'zero'])).toEqual([1, 1])
    wait(1)
    expect(await keyv.getMany(['none', 'zero'])).toEqual([undefined, undefined])
  })

  test('KV3: the namespace is put in front of a key once', async () => {
    const { place } = await placeOver(engine)
    const adapter = keyvAdapter(place.store)
    const keyv = major.open(adapter, 'space')
    await keyv.set('key', 'value')
    const bare = keyvAdapter(place.store)
    expect(await bare.hasMany(['space:key', 'space:space:key', 'space::key', 'key'])).toEqual([
      true,
      false,
      false,
      false,
    ])
    expect(await adapter.hasMany(['space:key', 'key'])).toEqual([true, true])
  })

  test('KV4: clear touches only its namespace', async () => {
    const { place } = await placeOver(engine)
    const lives = await bystander(place)
    const values = unstorageDriver(place.store)
    await values.setItem('mine:key', 'theirs')
    const [mine, prefixed, others] = ['mine', 'mine2', 'other'].map((name) =>
      major.open(keyvAdapter(place.store), name),
    )
    const labelled = major.open(keyvAdapter(place.store, { label: 'labelled' }), 'mine')
    for (const keyv of [mine, prefixed, others, labelled]) await keyv?.set('key', 1)
    await mine?.set('deep:key', 1)
    await mine?.clear()
    expect(await mine?.getMany(['key', 'deep:key'])).toEqual([undefined, undefined])
    for (const keyv of [prefixed, others, labelled]) expect(await keyv?.get('key')).toBe(1)
    expect([await values.getItem('mine:key'), await lives()]).toEqual(['theirs', true])
  })

  test('KV5: its constructor takes the adapter with an iterator, which gives handles that delete takes and get does not', async () => {
    const { place } = await placeOver(engine)
    const [keyv, other] = ['mine', 'other'].map((name) => major.open(keyvAdapter(place.store), name))
    if (keyv === undefined || other === undefined) throw new Error('nothing was opened')
    await Promise.all(Array.from({ length: MANY }, (_, i) => keyv.set(`key:${i}`, i)))
    await other.set('key', 'theirs')
    const found = new Map<string, unknown>()
    for await (const [handle, value] of keyv.entries()) found.set(String(handle), value)
    expect([...found.values()].sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: MANY }, (_, i) => i),
    )
    const handles = [...found.keys()]
    for (const handle of handles.slice(0, 3)) {
      expect(await keyv.get(handle)).toBeUndefined()
      expect(await keyv.delete(handle)).toBe(true)
      expect(await keyv.get(`key:${found.get(handle)}`)).toBeUndefined()
    }
    expect(await other.get('key')).toBe('theirs')
  })
})

describe('an adapter of Keyv', () => {
  test('iterates over values whatever their keys end with', async () => {
    const { place } = await placeOver(MEMORY)
    const { set, iterator } = keyvAdapter(place.store)
    await set('price$', 1)
    const found: unknown[] = []
    for await (const [, value] of iterator()) found.push(value)
    expect(found).toEqual([1])
  })

  test('KV1: is one object for both, which find each other’s values in one namespace', async () => {
    const { place } = await placeOver(MEMORY)
    const adapter = keyvAdapter(place.store)
    const [five, six] = MAJORS.map((major) => major.open(adapter, 'both'))
    await five?.set('a', 1)
    await six?.set('b', 2)
    for (const keyv of [five, six]) expect(await keyv?.getMany(['a', 'b'])).toEqual([1, 2])
  })

  test('has methods that are native async functions and need no this', async () => {
    const { place } = await placeOver(MEMORY)
    const adapter = keyvAdapter(place.store)
    for (const name of [
      'get',
      'getMany',
      'has',
      'hasMany',
      'set',
      'setMany',
      'delete',
      'deleteMany',
      'clear',
    ] as const) {
      expect([name, adapter[name].constructor.name, Object.hasOwn(adapter, name)]).toEqual([
        name,
        'AsyncFunction',
        true,
      ])
    }
    const { set, get, setMany, clear } = adapter
    await set('a', 1)
    await setMany([{ key: 'b', value: null }])
    expect([await get('a'), await get('b'), await get('c')]).toEqual([1, null, undefined])
    await clear()
    expect(await get('a')).toBeUndefined()
  })

  test('tells Keyv of an engine that is down, which takes it for absent', async () => {
    const { place } = await placeOver(MEMORY)
    for (const major of MAJORS) {
      const keyv = major.open(keyvAdapter(place.store))
      const errors: unknown[] = []
      keyv.on('error', (error) => errors.push(error))
      await keyv.set('key', 1)
      place.line.crash(0, 'before')
      expect([await keyv.get('key'), await keyv.set('key', 2)]).toEqual([undefined, false])
      expect(errors).toContainEqual(expect.objectContaining({ code: 'ENGINE_UNAVAILABLE' }))
      place.line.recover()
      expect(await keyv.get('key')).toBe(1)
    }
  })

  test('refuses what it cannot take', async () => {
    const { place } = await placeOver(MEMORY)
    const wrong: object = { namespace: 'x' }
    expect(() => keyvAdapter(place.store, wrong)).toThrow(/There is no option "namespace"/)
    const adapter = keyvAdapter(place.store)
    await expect(adapter.set('key', 1, Number.NaN)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(adapter.set('key', 1n)).rejects.toMatchObject({ code: 'DATA_REFUSED' })
    await adapter.set('key', 1)
    await adapter.set('key', 1, -1)
    expect(await adapter.get('key')).toBeUndefined()
  })

  test('T152: neither a key nor a namespace is in the storage', async () => {
    const { world, place } = await placeOver(MEMORY)
    for (const major of MAJORS) await major.open(keyvAdapter(place.store), 'members').set('ada-lovelace', 1)
    const stored = await dump(world)
    for (const secret of ['members', 'ada-lovelace']) expect(stored).not.toContain(secret)
  })
})
