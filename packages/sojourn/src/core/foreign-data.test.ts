import { describe, expect, test } from 'vitest'
import { jsonCopy, sameJson } from './foreign-data.ts'

class Point {
  x = 1
  readonly #hidden = 2
  get sum(): number {
    return this.x + this.#hidden
  }
}

function refusal(data: unknown): string {
  try {
    jsonCopy(data)
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
  return 'taken'
}

const cycle = { again: {} }
Object.assign(cycle.again, { cycle })

describe('JSON data', () => {
  test('is what JSON would bring back', () => {
    const data = {
      ...{ text: 'é', yes: true, none: null, left: undefined, zero: -0, list: [1, [2, { three: 3 }]] },
      ...{ at: new Date(0), bytes: Buffer.from('a'), point: new Point(), bare: Object.create(null) },
      own: { toJSON: () => ({ said: new Date(1) }) },
    }
    expect(jsonCopy(data)).toEqual(JSON.parse(JSON.stringify(data)))
    expect(Object.values(jsonCopy({ zero: -0 })).map((zero) => Object.is(zero, 0))).toEqual([true])
  })

  test('is a copy that later changes do not reach', () => {
    const data = { cart: [{ tea: 1 }] }
    const copy = jsonCopy(data)
    data.cart.push({ tea: 2 })
    expect(copy).toEqual({ cart: [{ tea: 1 }] })
  })

  test.each([
    ['a function', { a: { b: () => 1 } }, 'data.a.b is a function'],
    ['a symbol', { a: [Symbol('s')] }, 'data.a[0] is a symbol'],
    ['a cycle', cycle, 'data.again.cycle is a cycle'],
    ['what is no number', { n: Number.NaN }, 'data.n is NaN'],
    ['infinity', { n: [1, Number.POSITIVE_INFINITY] }, 'data.n[1] is Infinity'],
    ['a big integer', { n: 1n }, 'data.n is a bigint'],
    ['undefined in an array', { n: [undefined] }, 'data.n[0] is undefined'],
    ['a hole', { n: new Array(1) }, 'data.n[0] is undefined'],
    ['a map', { n: new Map() }, 'data.n is an instance of Map'],
    ['a set', { n: new Set() }, 'data.n is an instance of Set'],
    ['a promise', { n: Promise.resolve() }, 'data.n is an instance of Promise'],
    ['a regular expression', { n: /x/ }, 'data.n is an instance of RegExp'],
    ['an error', { n: new TypeError('x') }, 'data.n is an instance of TypeError'],
    ['bytes', { n: new Uint8Array(1) }, 'data.n is an instance of Uint8Array'],
    ['a boxed number', { n: Object(1) }, 'data.n is an instance of Number'],
    ['an invalid date', { n: new Date(Number.NaN) }, 'data.n is an invalid date'],
    ['a key that is a symbol', { n: { [Symbol('s')]: 1 } }, 'data.n has a key that is a symbol'],
    ['a name that sets prototypes', JSON.parse('{"n":{"__proto__":1}}'), 'data.n.__proto__ has a name that'],
    ['an array in the place of fields', [1], 'data is no object'],
  ])('with %s is refused by the path to it', (_name, data, why) => {
    expect(refusal(data)).toContain(why)
  })

  test('does not quote what its own conversion throws', () => {
    const secret = { toJSON: () => JSON.parse('hunter2') }
    expect(refusal({ a: secret })).toBe(
      'The data holds a value that cannot be stored. data.a has a toJSON that throws.',
    )
  })

  test('has a limit of depth and of values', () => {
    const deep = Array.from({ length: 40 }).reduce<unknown>((inner) => ({ inner }), 1)
    expect(refusal({ deep })).toContain('the limit is 32')
    expect(refusal({ wide: Array.from({ length: 10_001 }, () => 1) })).toContain('the limit is 10000')
  })

  test('is the same whatever the order of its keys', () => {
    expect(sameJson({ a: 1, b: [{ c: 1, d: 2 }] }, { b: [{ d: 2, c: 1 }], a: 1 })).toBe(true)
    const others = [{ a: 1 }, { a: 1, b: [{ c: 1, d: 2 }, 1] }, { a: 1, b: { 0: 1 } }, null, [], 'a']
    for (const other of others) expect(sameJson({ a: 1, b: [{ c: 1, d: 2 }] }, other)).toBe(false)
    expect([sameJson(null, {}), sameJson([1, 2], [2, 1]), sameJson('1', 1)]).toEqual([false, false, false])
  })
})
