import { describe, expect, test } from 'vitest'
import { DATA_BYTES } from './codecs.test-support.ts'
import { LONGEST_TURN_MS, turnOf } from './fuzz.test-support.ts'
import { DEPTH_LIMIT, NODE_LIMIT, toPlainForm } from './plain-form.ts'

const LIMITS = { bytesAsText: false, maxBytes: DATA_BYTES }

/** What taking the plain form says to this data. */
function refusalOf(data: unknown, limits = LIMITS): unknown {
  try {
    toPlainForm(data, limits)
    return 'nothing'
  } catch (error) {
    return error
  }
}

class Cart {
  readonly items = ['book']
}

const cycle = (close: (holder: { list: unknown[] }) => void): unknown => {
  const holder = { list: [] }
  close(holder)
  return holder
}

const depth = (levels: number): unknown =>
  Array.from({ length: levels }).reduce<unknown>((inner) => ({ deeper: inner }), 1)

const REFUSED: readonly (readonly [name: string, data: unknown, message: string])[] = [
  ['a function', { cart: [1, { total: () => 5 }] }, 'data.cart[1].total is a function.'],
  ['a method', { save() {} }, 'data.save is a function.'],
  ['a class', { Cart }, 'data.Cart is a function.'],
  ['a symbol', [Symbol('x')], 'data[0] is a symbol.'],
  ['undefined', { a: { b: undefined } }, 'data.a.b is undefined; use null or delete it.'],
  ['nothing at all', undefined, 'data is undefined; use null or delete it.'],
  ['a hole in a list', Object.assign([1], { 3: 4 }), 'data[1] is undefined'],
  ['a very long list of holes', new Array(2 ** 32 - 1), 'data[0] is undefined'],
  ['an instance', { cart: new Cart() }, 'data.cart is an instance of Cart.'],
  ['an instance without a name', { cart: new (class {})() }, 'data.cart is an instance of a class.'],
  ['an object that inherits', Object.create({ role: 'admin' }), 'data is an instance of Object.'],
  ['a subclass of Map', [new (class Cache extends Map {})()], 'data[0] is an instance of Cache.'],
  ['a subclass of Set', [new (class Tags extends Set {})()], 'data[0] is an instance of Tags.'],
  ['a subclass of Array', [new (class Rows extends Array {})()], 'data[0] is an instance of Rows.'],
  ['a subclass of Date', [new (class Day extends Date {})()], 'data[0] is an instance of Day.'],
  ['a subclass of Uint8Array', [new (class Key extends Uint8Array {})()], 'data[0] is an instance of Key.'],
  ['something dressed up as a Map', Object.create(Map.prototype), 'data is an instance of Map.'],
  ['something dressed up as a Date', Object.create(Date.prototype), 'data is an instance of Date.'],
  [
    'something dressed up as bytes',
    Object.create(Uint8Array.prototype),
    'data is an instance of Uint8Array.',
  ],
  ['a match with names', { match: 'abc'.match(/b/) }, 'data.match is an array with names.'],
  ['a regular expression', [/x/], 'data[0] is an instance of RegExp.'],
  ['an error', [new TypeError('x')], 'data[0] is an instance of TypeError.'],
  ['a promise', { user: Promise.resolve(1) }, 'data.user is an instance of Promise.'],
  ['a boxed string', [Object('x')], 'data[0] is an instance of String.'],
  ['a boxed bigint', [Object(1n)], 'data[0] is an instance of BigInt.'],
  ['another typed array', [new Float64Array(1)], 'data[0] is an instance of Float64Array.'],
  ['an array buffer', [new ArrayBuffer(1)], 'data[0] is an instance of ArrayBuffer.'],
  ['a weak map', [new WeakMap()], 'data[0] is an instance of WeakMap.'],
  ['a URL', [new URL('https://example.com')], 'data[0] is an instance of URL.'],
  ['an invalid date', { at: new Date(Number.NaN) }, 'data.at is an invalid date.'],
  ['a huge bigint', [2n ** 1_024n], 'data[0] is a bigint of more than 1024 bits.'],
  ['a huge negative bigint', [-(2n ** 1_024n)], 'data[0] is a bigint of more than 1024 bits.'],
  ['half a character', { name: 'x\ud800' }, 'data.name is not well-formed Unicode.'],
  ['half a character in a name', { 'x\udc00': 1 }, 'data["x\\udc00"] has a name that is not well-formed'],
  ['half a character in a map', new Map([['\ud800', 1]]), 'data[0] is not well-formed Unicode.'],
  [
    'a name that becomes a prototype',
    JSON.parse('{"a":{"__proto__":{"polluted":1}}}'),
    'data.a.__proto__ has a name',
  ],
  [
    'a name that leads to one',
    { constructor: { prototype: { polluted: 1 } } },
    'data.constructor has a name',
  ],
  ['a name that is one', [{ prototype: 1 }], 'data[0].prototype has a name that is not allowed.'],
  ['a symbol as a name', { a: { [Symbol('x')]: 1 } }, 'data.a has a key that is a symbol.'],
  ['a cycle', cycle((holder) => holder.list.push(holder)), 'data.list[0] is a cycle.'],
  ['a cycle of lists', cycle(({ list }) => list.push(list)), 'data.list[0] is a cycle.'],
  [
    'a cycle through a map',
    cycle((holder) => holder.list.push(new Map([[1, holder]]))),
    'data.list[0][0] is a cycle.',
  ],
  [
    'a cycle through a set',
    cycle((holder) => holder.list.push(new Set([holder]))),
    'data.list[0][0] is a cycle.',
  ],
  ['a proxy', { user: new Proxy({ a: 1 }, {}) }, 'data.user is a proxy.'],
  ['a proxy of a list', [new Proxy([], {})], 'data[0] is a proxy.'],
  ['a proxy of a date', [new Proxy(new Date(), {})], 'data[0] is a proxy.'],
  ['a proxy that throws at every look', [Proxy.revocable({}, {}).proxy], 'data[0] is a proxy.'],
  [
    'a value in the second entry of a map',
    new Map<unknown, unknown>([
      [1, 2],
      [3, () => 4],
    ]),
    'data[1] is a function.',
  ],
]

const revoked = Proxy.revocable({}, {})
revoked.revoke()

describe('what cannot be stored', () => {
  test.each(REFUSED)('%s is refused with the path to it', (_name, data, message) => {
    expect(refusalOf(data)).toMatchObject({
      code: 'DATA_REFUSED',
      message: expect.stringContaining(`cannot be stored. ${message}`),
    })
    expect(refusalOf(data, { ...LIMITS, bytesAsText: true })).toMatchObject({ code: 'DATA_REFUSED' })
  })

  test('a proxy that was revoked is refused like any other', () => {
    expect(refusalOf([revoked.proxy])).toMatchObject({ code: 'DATA_REFUSED' })
  })

  test('N5: nothing that was tried has changed any prototype', () => {
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('the message repeats no value and starts no line of its own', () => {
    const names = { 'a\nb': { "'quoted'\u001b[31m": { ['x'.repeat(100)]: () => 'secret value' } } }
    expect(refusalOf(names)).toMatchObject({
      message: expect.stringMatching(/data\["a\\nb"\]\["'quoted'\\u001b\[31m"\]\.x{40} is a function\.$/),
    })
    expect(refusalOf({ '0': () => 1 })).toMatchObject({ message: expect.stringContaining('data["0"] is') })
    expect(refusalOf({ name: 'secret\ud800' })).toMatchObject({
      message: expect.not.stringContaining('secret'),
    })
  })
})

describe('limits', () => {
  test('T79, T161.9: a level more than 32 is refused with both numbers', () => {
    expect(refusalOf(depth(DEPTH_LIMIT))).toBe('nothing')
    expect(refusalOf(depth(DEPTH_LIMIT + 1))).toMatchObject({
      code: 'DATA_REFUSED',
      message: expect.stringContaining('.deeper is at level 33; the limit is 32.'),
    })
    for (const levels of [100, 1_000, 10_000, 100_000]) {
      expect(refusalOf(depth(levels))).toMatchObject({ code: 'DATA_REFUSED' })
    }
  })

  test('T79: a value more than ten thousand is refused with both numbers', () => {
    const list = (length: number) => Array.from({ length }, () => 0)
    expect(refusalOf(list(NODE_LIMIT - 1))).toBe('nothing')
    expect(refusalOf(list(NODE_LIMIT))).toMatchObject({
      code: 'DATA_REFUSED',
      message: expect.stringContaining('data[9999] is value 10001; the limit is 10000.'),
    })
  })

  test('T79: data that is surely too large is refused before it is encoded, with both sizes', () => {
    expect(refusalOf({ text: 'x'.repeat(DATA_BYTES - 4) })).toBe('nothing')
    expect(refusalOf({ text: 'x'.repeat(DATA_BYTES - 3) })).toMatchObject({
      code: 'DATA_TOO_LARGE',
      message: expect.stringContaining('It has at least 32769 bytes up to data.text; the limit is 32768.'),
    })
    expect(refusalOf({ bytes: new Uint8Array(DATA_BYTES) })).toMatchObject({ code: 'DATA_TOO_LARGE' })
    expect(refusalOf({ ['x'.repeat(DATA_BYTES + 1)]: 1 })).toMatchObject({ code: 'DATA_TOO_LARGE' })
  })

  const copies = Array.from({ length: 60 }).reduce<unknown>((inner) => [inner, inner], 1)
  test.each<[string, unknown]>([
    ['ten thousand levels', depth(10_000)],
    ['copies of copies, a billion times a billion', copies],
    ['a set of a million', new Set(Array.from({ length: 1_000_000 }, (_, index) => index))],
    ['a map of a million', new Map(Array.from({ length: 1_000_000 }, (_, index) => [index, index]))],
    ['a list of ten million', new Array(10_000_000).fill(0)],
    ['a text of a hundred megabytes', 'x'.repeat(100_000_000)],
    ['a hundred megabytes', new Uint8Array(100_000_000)],
    ['a bigint of a million digits', 10n ** 1_000_000n],
  ])('T81: %s are refused within one short turn', (_name, data) => {
    expect(turnOf(() => expect(refusalOf(data)).toHaveProperty('code'))).toBeLessThan(LONGEST_TURN_MS)
  })
})

describe('the copy', () => {
  test('runs a getter once, and keeps what it said', () => {
    let runs = 0
    const data = {
      get total() {
        runs += 1
        return runs
      },
    }
    expect(toPlainForm(data, LIMITS)).toEqual({ total: 1 })
    expect(runs).toBe(1)
  })

  test('lets through what a getter throws', () => {
    const data = {
      get total() {
        throw new RangeError('mine')
      },
    }
    expect(refusalOf(data)).toBeInstanceOf(RangeError)
  })

  test('shares nothing with the data', () => {
    const data = { list: [1], bytes: Uint8Array.of(1), map: new Map([['a', { b: 1 }]]) }
    const form = toPlainForm(data, LIMITS)
    data.list.push(2)
    data.bytes[0] = 9
    data.map.set('c', { b: 2 })
    expect(form).toEqual({ list: [1], bytes: Uint8Array.of(1), map: { $map: ['a', { b: 1 }] } })
  })

  test('writes a value twice that is held twice', () => {
    const shared = { a: 1 }
    expect(toPlainForm([shared, shared], LIMITS)).toEqual([{ a: 1 }, { a: 1 }])
  })

  test('ends although a getter adds to what is being copied', () => {
    const list: unknown[] = []
    const grow = () => ({
      get more() {
        list.push(grow())
        return 1
      },
    })
    list.push(grow())
    expect(refusalOf(list)).toMatchObject({ code: 'DATA_REFUSED' })
    const map = new Map<number, unknown>()
    const extend = () => ({
      get more() {
        map.set(map.size, extend())
        return 1
      },
    })
    map.set(0, extend())
    expect(refusalOf(map)).toMatchObject({ code: 'DATA_REFUSED' })
  })
})

describe('a broken twin', () => {
  const merge = (target: object, source: object): object => {
    for (const [key, value] of Object.entries(source)) {
      const old: unknown = Reflect.get(target, key)
      const isMergeable =
        typeof old === 'object' && old !== null && typeof value === 'object' && value !== null
      Reflect.set(target, key, isMergeable ? merge(old, value) : value)
    }
    return target
  }

  test('N5: that merges names without looking at them pollutes every object', () => {
    merge({}, JSON.parse('{"__proto__":{"polluted":1}}'))
    expect(Reflect.get({}, 'polluted')).toBe(1)
    Reflect.deleteProperty(Object.prototype, 'polluted')
  })

  test.each<[string, (data: unknown) => unknown]>([
    ['a structured clone', (data) => structuredClone(data)],
    ['JSON', (data) => JSON.parse(JSON.stringify(data))],
  ])('that copies by %s accepts what must be refused', (_name, copy) => {
    const accepted = REFUSED.filter(([, data]) => {
      try {
        copy(data)
        return true
      } catch {
        return false
      }
    })
    expect(accepted.length).toBeGreaterThan(10)
  })
})
