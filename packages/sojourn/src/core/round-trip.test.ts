import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { codecWith, DATA_BYTES, FORMAT_NAMES, HEAD, throughFormat } from './codecs.test-support.ts'
import { FORMATS } from './envelope.ts'
import { inputs } from './fuzz.test-support.ts'
import { NODE_LIMIT } from './plain-form.ts'
import { ODD_KEYS, ODD_VALUES, storable } from './storable.test-support.ts'

const SEED = 20_260_101

/** The values that a copy changes, or that it cannot make. */
function changedBy(copy: (value: unknown) => unknown): unknown[] {
  return ODD_VALUES.filter((value) => {
    try {
      return !isDeepStrictEqual(copy(value), value)
    } catch {
      return true
    }
  })
}

/** As many containers around a value. */
function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  return Array.from({ length: levels }).reduce<unknown>((inner) => wrap(inner), 'innermost')
}

/** As many fields as there may be values. */
function under(value: (index: number) => unknown): unknown {
  return Object.fromEntries(Array.from({ length: NODE_LIMIT - 1 }, (_, index) => [`k${index}`, value(index)]))
}

describe.each(FORMAT_NAMES)('data in %s', (format) => {
  test('comes back as it was, at every odd value', async () => {
    for (const value of ODD_VALUES) {
      const back = await throughFormat(value, format)
      expect(isDeepStrictEqual(back, value), String(JSON.stringify(value, shown))).toBe(true)
    }
  })

  test('T80: comes back as it was, whatever it is', { timeout: 600_000 }, async () => {
    const comesBack = fc.asyncProperty(storable, async (value) => {
      const back = await throughFormat({ value }, format).catch((error: unknown) => error)
      if (back instanceof Error && 'code' in back && back.code === 'DATA_TOO_LARGE') return
      expect(isDeepStrictEqual(back, { value })).toBe(true)
    })
    await fc.assert(comesBack, { seed: SEED, numRuns: inputs(2_000) })
  })

  test.each([
    ['a list', () => Array.from({ length: NODE_LIMIT - 1 }, (_, index) => index % 10)],
    ['a set', () => new Set(Array.from({ length: NODE_LIMIT - 1 }, (_, index) => index))],
    ['a map', () => new Map(Array.from({ length: (NODE_LIMIT - 2) / 2 }, (_, index) => [index, index]))],
    [
      'fields',
      () => Object.fromEntries(Array.from({ length: NODE_LIMIT - 1 }, (_, index) => [`k${index}`, 1])),
    ],
    [
      'numbered fields',
      () => Object.fromEntries(Array.from({ length: NODE_LIMIT - 1 }, (_, key) => [key * 7, 1])),
    ],
    ['lists in a list', () => Array.from({ length: NODE_LIMIT - 1 }, () => [])],
    ['sets under names', () => under(() => new Set())],
    ['dates under names', () => under((index) => new Date(index))],
    ['dates', () => Array.from({ length: NODE_LIMIT - 1 }, (_, index) => new Date(index))],
  ])('T80: comes back with ten thousand values in %s', async (_name, make) => {
    const codec = codecWith({ format, maxDataBytes: 2 ** 20 })
    const value = make()
    const { data } = await codec.decode(await codec.encode(value, HEAD))
    expect(isDeepStrictEqual(data, value)).toBe(true)
  })

  test.each<[string, (inner: unknown) => unknown]>([
    ['lists', (inner) => [inner]],
    ['fields', (inner) => ({ inner })],
    ['fields that look like tags', (inner) => ({ $map: inner })],
    ['maps', (inner) => new Map([['inner', inner]])],
    ['keys of maps', (inner) => new Map([[inner, 'inner']])],
    ['sets', (inner) => new Set([inner])],
  ])('T80: comes back from 32 levels of %s', async (_name, wrap) => {
    const value = nested(32, wrap)
    expect(isDeepStrictEqual(await throughFormat(value, format), value)).toBe(true)
    const dated = nested(31, (inner) => wrap(inner === 'innermost' ? [new Date(5), 5n, -0] : inner))
    expect(isDeepStrictEqual(await throughFormat(dated, format), dated)).toBe(true)
  })

  test('of a Buffer or of an object without prototype comes back as the plain kind', async () => {
    const bare = Object.assign(Object.create(null), { a: 1 })
    const back = await throughFormat({ bytes: Buffer.from([1, 2, 3]), bare }, format)
    expect(isDeepStrictEqual(back, { bytes: Uint8Array.of(1, 2, 3), bare: { a: 1 } })).toBe(true)
  })

  test('that is read is frozen, and that of a draft is open', async () => {
    const codec = codecWith<{ cart: { items: string[] }; seen: Map<string, string[]> }>({ format })
    const bytes = await codec.encode({ cart: { items: ['book'] }, seen: new Map([['a', ['b']]]) }, HEAD)
    const { data } = await codec.decode(bytes)
    expect([data, data.cart, data.cart.items, data.seen.get('a')].every(Object.isFrozen)).toBe(true)
    const { draft } = await codec.draft(bytes)
    draft.cart.items.push('pen')
    draft.seen.get('a')?.push('c')
    expect([data.cart.items, data.seen.get('a')]).toEqual([['book'], ['b']])
  })

  test('is told by the write as a read tells it, at every odd value', async () => {
    const codec = codecWith({ format })
    for (const value of ODD_VALUES) {
      const { bytes, ...told } = await codec.write(value, HEAD)
      const isSame = isDeepStrictEqual(told, await codec.decode(bytes))
      expect(isSame, String(JSON.stringify(value, shown))).toBe(true)
    }
  })

  test('is told by the write as a read tells it, whatever it is', { timeout: 600_000 }, async () => {
    const codec = codecWith({ format, maxDataBytes: 2 ** 20 })
    const isToldAlike = fc.asyncProperty(storable, async (value) => {
      const { bytes, ...told } = await codec.write({ value }, HEAD)
      expect(isDeepStrictEqual(told, await codec.decode(bytes))).toBe(true)
    })
    await fc.assert(isToldAlike, { seed: SEED, numRuns: inputs(2_000) })
  })

  test('that a write tells is frozen, and shares nothing with what was given', async () => {
    const codec = codecWith<{ items: string[]; seen: Map<string, string[]>; key: Uint8Array; at: Date }>({
      format,
    })
    const given = {
      items: ['book'],
      seen: new Map([['a', ['b']]]),
      key: Uint8Array.of(1, 2, 3),
      at: new Date(5),
    }
    const { data, device } = await codec.write(given, HEAD)
    expect([data, data.items, data.seen.get('a'), device].every(Object.isFrozen)).toBe(true)
    given.items.push('pen')
    given.seen.get('a')?.push('c')
    given.seen.set('d', [])
    given.key.fill(0xff)
    given.at.setTime(6)
    expect(data).toEqual({
      items: ['book'],
      seen: new Map([['a', ['b']]]),
      key: Uint8Array.of(1, 2, 3),
      at: new Date(5),
    })
    expect(data.key.buffer.byteLength).toBe(3)
  })

  test('N23: holds bytes of its own, and none of its neighbours', async () => {
    const codec = codecWith<Uint8Array>({ format })
    const stored = await codec.encode(Uint8Array.of(1, 2, 3), HEAD)
    const { data } = await codec.decode(stored)
    stored.fill(0xff)
    expect(data).toEqual(Uint8Array.of(1, 2, 3))
    expect(data.buffer.byteLength).toBe(3)
    expect(stored.buffer.byteLength).toBe(stored.byteLength)
  })

  test('keeps what stands beside it', async () => {
    const codec = codecWith({ format })
    const bytes = await codec.encode({ device: 'mine', assurance: 'aal3' }, HEAD)
    expect(await codec.decode(bytes)).toEqual({ ...HEAD, data: { device: 'mine', assurance: 'aal3' } })
    expect(codec.head(bytes)).toEqual(HEAD)
  })

  test('is readable whatever format a store writes', async () => {
    const bytes = await codecWith({ format }).encode({ cart: new Map([['a', 1n]]) }, HEAD)
    for (const other of FORMAT_NAMES) {
      expect((await codecWith({ format: other }).decode(bytes)).data).toEqual({ cart: new Map([['a', 1n]]) })
    }
    expect(bytes[0]).toBe(FORMATS[format])
  })
})

describe('the stored form', () => {
  test('is fixed: a later release must read these bytes', async () => {
    const data = { cart: ['book', 2], at: new Date(5), big: 7n, bytes: Uint8Array.of(9), $x: -0 }
    const messagepack = Buffer.from(
      '019401c0c085a46361727492a4626f6f6b02a2617481a52464617465' +
        '05a362696781a724626967696e74a137a562797465' +
        '73c40109a324247881a7246e756d626572a22d30',
      'hex',
    )
    const json =
      '[1,null,null,{"cart":["book",2],"at":{"$date":5},"big":{"$bigint":"7"},"bytes":{"$bytes":"CQ=="},"$$x":{"$number":"-0"}}]'
    const nobody = { device: null, assurance: null }
    expect(Buffer.from(await codecWith().encode(data, nobody)).toString('hex')).toBe(
      messagepack.toString('hex'),
    )
    expect(Buffer.from(await codecWith({ format: 'json' }).encode(data, nobody)).toString()).toBe(
      `\u0002${json}`,
    )
    for (const bytes of [messagepack, Buffer.concat([Buffer.of(2), Buffer.from(json)])]) {
      expect(isDeepStrictEqual((await codecWith().decode(bytes)).data, data)).toBe(true)
    }
  })

  test('T79: a byte more than the limit is refused with both sizes, in either format', async () => {
    for (const format of FORMAT_NAMES) {
      const codec = codecWith({ format })
      const empty = (await codec.encode({ text: '' }, HEAD)).byteLength
      // The length of a longer text takes two bytes more in MessagePack.
      const room = DATA_BYTES - empty - (format === 'messagepack' ? 2 : 0)
      expect(await codec.encode({ text: 'x'.repeat(room) }, HEAD)).toHaveLength(DATA_BYTES)
      await expect(codec.encode({ text: 'x'.repeat(room + 1) }, HEAD)).rejects.toMatchObject({
        code: 'DATA_TOO_LARGE',
        message: expect.stringContaining('It has 32769 bytes encoded; the limit is 32768.'),
      })
    }
  })

  test('N10: the limit counts encoded bytes, not characters', async () => {
    const codec = codecWith({ format: 'json' })
    await expect(codec.encode('é'.repeat(17_000), HEAD)).rejects.toMatchObject({ code: 'DATA_TOO_LARGE' })
    await expect(codec.encode('\u0001'.repeat(6_000), HEAD)).rejects.toMatchObject({ code: 'DATA_TOO_LARGE' })
    await expect(codec.encode('x'.repeat(32_000), HEAD)).resolves.toBeInstanceOf(Uint8Array)
  })
})

describe('the corpus of odd values', () => {
  test.each<[string, (value: unknown) => unknown]>([
    ['JSON alone', (value) => JSON.parse(JSON.stringify(value))],
    ['MessagePack alone', (value) => new Packr({ useRecords: false }).unpack(new Packr().pack(value))],
    [
      'MessagePack with more types',
      (value) => roundTrip(new Packr({ moreTypes: true, useRecords: false }), value),
    ],
    ['a copy of the fields', (value) => (value instanceof Object ? { ...value } : value)],
  ])('catches %s', (_name, copy) => expect(changedBy(copy)).not.toEqual([]))

  test('has no name that data may not have', () => {
    expect(ODD_KEYS.filter((key) => ['__proto__', 'constructor', 'prototype'].includes(key))).toEqual([])
  })
})

const roundTrip = (packr: Packr, value: unknown): unknown => packr.unpack(packr.pack(value))
const shown = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value)
