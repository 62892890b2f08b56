import { describe, expect, test } from 'vitest'
import { memory } from '../engines/memory/index.ts'
import { codecWith, FORMAT_NAMES, HEAD } from './codecs.test-support.ts'
import { createSessionStore } from './create-session-store.ts'
import { ENGINES } from './engines.test-support.ts'
import { ENVELOPE_CEILING_BYTES } from './envelope.ts'
import { LONGEST_TURN_MS, turnOf } from './fuzz.test-support.ts'
import { DEPTH_LIMIT, NODE_LIMIT } from './plain-form.ts'
import { TestClock } from './test-clock.test-support.ts'
import { type Visit, World } from './world.test-support.ts'

const levels = (count: number): unknown =>
  Array.from({ length: count }).reduce<unknown>((inner) => ({ inner }), 'innermost')

/** Data at the limits, in the shapes that cost the most. */
const HEAVIEST: readonly (readonly [name: string, data: unknown])[] = [
  [
    'ten thousand names',
    Object.fromEntries(Array.from({ length: NODE_LIMIT - 1 }, (_, index) => [`name ${index}`, index])),
  ],
  [
    'ten thousand numbered names',
    Object.fromEntries(Array.from({ length: NODE_LIMIT - 1 }, (_, index) => [index * 9_973, 1])),
  ],
  [
    'ten thousand names that look like tags',
    Object.fromEntries(Array.from({ length: NODE_LIMIT - 1 }, (_, index) => [`$${index}`, 1])),
  ],
  ['ten thousand maps', Array.from({ length: NODE_LIMIT - 1 }, () => new Map())],
  ['ten thousand dates', new Set(Array.from({ length: NODE_LIMIT - 1 }, (_, index) => new Date(index)))],
  ['the largest bigints', Array.from({ length: 3_200 }, (_, index) => 2n ** 1_024n - BigInt(index + 1))],
  ['32 levels, three hundred times', Array.from({ length: 300 }, () => levels(DEPTH_LIMIT - 1))],
  ['a megabyte of text', 'x'.repeat(1_000_000)],
  ['a third of a megabyte of Chinese', '中'.repeat(340_000)],
  ['a quarter of a megabyte of faces', '😀'.repeat(250_000)],
  ['control characters, which JSON writes sixfold', '\u0001'.repeat(170_000)],
  ['quotes and backslashes', '"\\'.repeat(250_000)],
  ['three quarters of a megabyte of bytes', new Uint8Array(750_000).fill(255)],
]

describe.each(FORMAT_NAMES)('one turn in %s', (format) => {
  const codec = codecWith({ format, maxDataBytes: ENVELOPE_CEILING_BYTES })

  test.each(HEAVIEST)('T81: is short for %s, written and read', async (_name, data) => {
    // Without an asynchronous schema or upgrade, all of the work is done when the call returns.
    expect(turnOf(() => void codec.encode(data, HEAD))).toBeLessThan(LONGEST_TURN_MS)
    const bytes = await codec.encode(data, HEAD)
    expect(bytes.byteLength).toBeGreaterThan(10_000)
    expect(turnOf(() => void codec.decode(bytes))).toBeLessThan(LONGEST_TURN_MS)
    expect(turnOf(() => void codec.draft(bytes))).toBeLessThan(LONGEST_TURN_MS)
    expect(turnOf(() => void codec.head(bytes))).toBeLessThan(LONGEST_TURN_MS)
  })
})

describe.each(ENGINES)('what is too much over $name', (engine) => {
  test('T79, T161.9: is refused by create and by update, and changes nothing', async () => {
    await using world = await World.open(engine)
    const { store, line } = await world.place()
    const { token } = await store.create({ userId: 'u_1', data: { cart: ['book'] } })
    const before = await world.stored(token)
    const tooMuch: [object, string][] = [
      [{ stage: 'x'.repeat(33 * 1_024) }, 'DATA_TOO_LARGE'],
      [{ cart: levels(DEPTH_LIMIT) }, 'DATA_REFUSED'],
      [{ cart: Array.from({ length: NODE_LIMIT }, () => '') }, 'DATA_REFUSED'],
    ]
    line.forget()
    for (const [data, code] of tooMuch) {
      await expect(store.create({ userId: 'u_1', data })).rejects.toMatchObject({ code })
      await expect(store.update(token, (draft) => Object.assign(draft, data))).rejects.toMatchObject({ code })
    }
    expect(line.calls).toEqual(['read', 'read', 'read'])
    expect(await world.stored(token)).toEqual(before)
  })

  test('T80: up to the limit is accepted, and can be read back, changed and read again', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const most = [
      { stage: 'x'.repeat(32_700) },
      JSON.parse(JSON.stringify({ stage: '', cart: levels(DEPTH_LIMIT - 1) })),
      { stage: '', cart: Array.from({ length: NODE_LIMIT - 4 }, () => '') },
    ]
    for (const data of most) {
      const { token, session } = await store.create({ userId: 'u_1', data })
      expect(session.data).toEqual(data)
      expect((await store.update(token, (draft) => (draft.count = 1)))?.data).toEqual({ ...data, count: 1 })
      expect((await store.read(token))?.data).toEqual({ ...data, count: 1 })
    }
  })

  test('T79: of a device is cut, and of an assurance refused', async () => {
    await using world = await World.open(engine)
    const { store } = await world.place()
    const device = { label: `${'x'.repeat(63)}😀`, userAgent: 'y'.repeat(300) }
    const { session } = await store.create({ device, assurance: 'a'.repeat(64) })
    expect(session.device?.userAgent).toBe('y'.repeat(256))
    expect(session.device?.label?.isWellFormed()).toBe(true)
    expect(session.device?.label).toHaveLength(64)
    await expect(store.create({ assurance: 'a'.repeat(65) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })
})

test('T79: a store may set its own limit of data, up to a megabyte', async () => {
  const store = await createSessionStore<Visit>({
    engine: memory(),
    sweep: false,
    maxDataBytes: ENVELOPE_CEILING_BYTES,
  })
  const { token } = await store.create({ data: { stage: 'x'.repeat(ENVELOPE_CEILING_BYTES - 100) } })
  expect((await store.read(token))?.data.stage).toHaveLength(ENVELOPE_CEILING_BYTES - 100)
  await expect(store.create({ data: { stage: 'x'.repeat(ENVELOPE_CEILING_BYTES) } })).rejects.toMatchObject({
    code: 'DATA_TOO_LARGE',
    message: expect.stringContaining('the limit is 1048576'),
  })
})

test('T80: what was stored under a larger limit is read under a smaller one', async () => {
  const engine = memory()
  const large = await createSessionStore<Visit>({ engine, sweep: false, maxDataBytes: 100_000 })
  const { token } = await large.create({ data: { stage: 'x'.repeat(50_000) } })
  const small = await createSessionStore<Visit>({ engine, sweep: false, maxDataBytes: 1_000 })
  expect((await small.read(token))?.data.stage).toHaveLength(50_000)
  expect((await small.update(token, (draft) => (draft.stage = 'short')))?.data.stage).toBe('short')
})

test('T85: a full engine refuses writes by name; reads and log-outs go on', async () => {
  // One place is for the record about the store.
  const engine = memory({ maxSessions: 3 })
  const store = await createSessionStore<Visit>({ engine, sweep: false, clock: new TestClock() })
  const { token } = await store.create({ userId: 'u_1', data: { cart: ['book'] } })
  const other = await store.create({ userId: 'u_1' })
  await expect(store.create({ userId: 'u_1' })).rejects.toMatchObject({ code: 'STORE_FULL', status: 503 })
  expect((await store.read(token))?.data.cart).toEqual(['book'])
  expect(await store.list({ userId: 'u_1' })).toHaveLength(2)
  expect(await store.rotate(token)).not.toBeNull()
  expect(await store.revoke(other.token)).toBe(true)
  expect(await store.read(other.token)).toBeNull()
})
