import { afterEach, describe, expect, test, vi } from 'vitest'
import { ENGINES } from '../core/engines.test-support.ts'
import { ForeignDeadlines } from '../core/foreign-deadlines.ts'
import type { ForeignOptions } from '../core/foreign-options.ts'
import { ForeignSessions } from '../core/foreign-sessions.ts'
import { ForeignWalk } from '../core/foreign-walk.ts'
import { SessionStore } from '../core/session-store.ts'
import { HOUR, MINUTE, type Place, SECOND, type World } from '../core/world.test-support.ts'
import { MANY, worldOver } from './key-value.test-support.ts'
import { KeyValue } from './key-value.ts'
import { keyvAdapter } from './keyv.ts'
import { unstorageDriver, unstorageSessionDriver } from './unstorage.ts'

const [MEMORY] = ENGINES
afterEach(() => void vi.restoreAllMocks())

interface Promised {
  readonly promise: string
  /** What is found, and what must be. */
  readonly found: (world: World, place: Place) => Promise<readonly [unknown, unknown]>
  /** Makes a part wrong, so that the promise is broken. */
  readonly break: () => void
}

const PROMISES: readonly Promised[] = [
  {
    promise: 'UN2: a key that was removed may be used again',
    async found(_world, { store }) {
      const { setItem, getItem, removeItem } = unstorageDriver(store)
      for (const value of ['a', 'b']) {
        await setItem('key', value)
        if (value === 'a') await removeItem('key')
      }
      return [await getItem('key'), 'b']
    },
    break: () => opening({ reusesIds: false }),
  },
  {
    promise: 'UN4: a session that was removed is not brought back by a late write',
    async found(_world, { store }) {
      const { setItem, getItem, removeItem } = unstorageSessionDriver(store)
      await setItem('id', 'a')
      await removeItem('id')
      await setItem('id', 'b')
      return [await getItem('id'), null]
    },
    break: () => opening({ reusesIds: true }),
  },
  {
    promise: 'UN3: an item dies when its ttl is over',
    async found({ clock }, { store }) {
      const { setItem, getItem } = unstorageDriver(store)
      await setItem('key', 'a', { ttl: 1 })
      clock.advance(SECOND)
      return [await getItem('key'), null]
    },
    break: forEver,
  },
  {
    promise: 'a ttl holds whole, however old the item is',
    async found({ clock }, { store }) {
      const { setItem, getItem } = unstorageDriver(store)
      await setItem('key', 'a')
      clock.advance(7 * HOUR)
      await setItem('key', 'b', { ttl: 7_200 })
      clock.advance(HOUR + MINUTE)
      return [await getItem('key'), 'b']
    },
    break: () => opening({ renewsLife: false }),
  },
  {
    promise: 'of several writes at one instant the last one says how long',
    async found({ clock }, { store }) {
      const { setItem, getItem } = unstorageDriver(store)
      for (const ttl of [10, 1, 10]) await setItem('key', 'a', { ttl })
      clock.advance(2 * SECOND)
      return [await getItem('key'), 'a']
    },
    break() {
      opening({ renewsLife: false })
      vi.spyOn(ForeignDeadlines.prototype, 'after').mockImplementation((_seenAt, use) => use)
    },
  },
  {
    promise: 'UN5: a session without a ttl has the idle timeout of the store',
    async found({ clock }, { store }) {
      const { setItem, getItem } = unstorageSessionDriver(store)
      await setItem('id', 'a')
      clock.advance(30 * MINUTE)
      return [await getItem('id'), null]
    },
    break() {
      const { set } = KeyValue.prototype
      vi.spyOn(KeyValue.prototype, 'set').mockImplementation(function (
        this: KeyValue<unknown>,
        key,
        value,
        use,
      ) {
        return set.call(this, key, value, use ?? this.lasting(null))
      })
    },
  },
  {
    promise: 'UN5: a session that is read lives on',
    async found({ clock }, { store }) {
      const { setItem, getItem } = unstorageSessionDriver(store)
      await setItem('id', 'a')
      for (let time = 0; time < 3; time += 1) {
        clock.advance(20 * MINUTE)
        await getItem('id')
      }
      return [await getItem('id'), 'a']
    },
    break() {
      const { get } = KeyValue.prototype
      vi.spyOn(KeyValue.prototype, 'use').mockImplementation(get)
    },
  },
  {
    promise: 'KV2: a ttl of 1000 dies after 1 s',
    async found({ clock }, { store }) {
      const { set, has } = keyvAdapter(store)
      await set('key', 'a', 1_000)
      clock.advance(SECOND)
      return [await has('key'), false]
    },
    break: forEver,
  },
  {
    promise: 'KV4: clear touches only its namespace',
    async found(_world, { store }) {
      const [mine, other] = [keyvAdapter(store), keyvAdapter(store)]
      mine.namespace = 'mine'
      other.namespace = 'other'
      for (const { set } of [mine, other]) await set('key', 1)
      await mine.clear()
      return [
        [await mine.has('key'), await other.has('key')],
        [false, true],
      ]
    },
    break: () => vi.spyOn(ForeignSessions.prototype, 'mark').mockReturnValue('the same'),
  },
  {
    promise: 'L15: a handle removes, and opens nothing',
    async found(_world, { store }) {
      const { setItem, getItem, removeItem, getKeys } = unstorageDriver(store)
      await setItem('key', 'a')
      const [handle = ''] = await getKeys()
      const opened = await getItem(handle)
      await removeItem(handle)
      return [
        [opened, await getItem('key')],
        [null, null],
      ]
    },
    break: () => vi.spyOn(ForeignWalk.prototype, 'find').mockResolvedValue(null),
  },
  {
    promise: 'T152: the public id of a session is no handle',
    async found(_world, { store, told }) {
      const { setItem, getItem, removeItem } = unstorageDriver(store)
      await setItem('key', 'a')
      const [created] = told.flatMap((event) => (event.name === 'created' ? [event.id] : []))
      await removeItem(`~${created}${'A'.repeat(12)}`)
      return [await getItem('key'), 'a']
    },
    break() {
      const { find } = ForeignWalk.prototype
      vi.spyOn(ForeignWalk.prototype, 'find').mockImplementation(async function (this: ForeignWalk, handle) {
        for await (const page of this.pages()) {
          for (const { record } of page) if (String(handle).startsWith(`~${record.id}`)) return record
        }
        return find.call(this, handle)
      })
    },
  },
  {
    promise: 'a walk goes to the end',
    async found(_world, { store }) {
      const { setItem, getKeys } = unstorageDriver(store)
      await Promise.all(Array.from({ length: MANY }, (_, i) => setItem(`${i}`, 'a')))
      return [(await getKeys()).length, MANY]
    },
    break() {
      const { pages } = ForeignWalk.prototype
      vi.spyOn(ForeignWalk.prototype, 'pages').mockImplementation(async function* (this: ForeignWalk) {
        for await (const page of pages.call(this)) return yield page
      })
    },
  },
]

describe.each(PROMISES)('$promise', ({ found, break: breakIt }) => {
  test('is kept', async () => {
    const world = await worldOver(MEMORY)
    const [is, mustBe] = await found(world, await world.place())
    expect(is).toEqual(mustBe)
  })

  test('is seen to be broken by a broken twin', async () => {
    breakIt()
    const world = await worldOver(MEMORY)
    const [is, mustBe] = await found(world, await world.place())
    expect(is).not.toEqual(mustBe)
  })
})

test('UN1: a driver whose methods need this is seen to be broken when they are detached', async () => {
  class NeedsThis {
    readonly #driver = unstorageDriver(store)
    getItem(key: string) {
      return this.#driver.getItem(key)
    }
  }
  const { store } = await (await worldOver(MEMORY)).place()
  const { getItem } = new NeedsThis()
  expect(() => getItem('key')).toThrow(TypeError)
  expect(Object.hasOwn(new NeedsThis(), 'getItem')).toBe(false)
})

/** Opens sessions with other options than the driver asks for. */
function opening(change: Partial<ForeignOptions>): void {
  const { foreign } = SessionStore.prototype
  vi.spyOn(SessionStore.prototype, 'foreign').mockImplementation(function (
    this: SessionStore<unknown>,
    options,
  ) {
    return foreign.call(this, { ...options, ...change })
  })
}

/** Takes every ttl for none. */
function forEver(): void {
  const { lasting } = KeyValue.prototype
  vi.spyOn(KeyValue.prototype, 'lasting').mockImplementation(function (this: KeyValue<unknown>) {
    return lasting.call(this, null)
  })
}
