import { describe, expect, test } from 'vitest'
import { codecWith, HEAD } from './codecs.test-support.ts'
import type { DataCodec, Decoded } from './data-codec.ts'
import type { SessionRecord } from './port.ts'
import { RecentData } from './recent-data.ts'
import { TestClock } from './test-clock.test-support.ts'

type Stored = Pick<SessionRecord, 'id' | 'data'>
type Reader = Pick<DataCodec<unknown>, 'read'>

const KEPT_MS = 10_000
const codec = codecWith()

const idOf = (number: number) => `id${String(number).padStart(14, '0')}`
const storedAs = async (number: number, data: unknown): Promise<Stored> => ({
  id: idOf(number),
  data: await codec.encode(data, HEAD),
})
const decodedOf = async ({ data }: Stored): Promise<Decoded<unknown>> => codec.decode(data)

/** Whether readers get what is stored, whatever was read before. */
async function tellsWhatIsStored(reader: Reader): Promise<boolean> {
  const carts = [1, 1, 1, 2, 1, 2, 2, 2, 1]
  const seen: unknown[] = []
  for (const cart of carts) seen.push((await reader.read(await storedAs(1, { cart }))).data)
  return JSON.stringify(seen) === JSON.stringify(carts.map((cart) => ({ cart })))
}

/** Whether no reader can change what another gets. */
async function keepsReadersApart(reader: Reader): Promise<boolean> {
  const record = await storedAs(1, { when: [new Map([[1, new Date(0)]])] })
  return new Set(await dataOfReads(reader, record)).size === READS
}

/** More than it takes until data is kept. */
const READS = 4

async function dataOfReads(reader: Reader, record: Stored): Promise<unknown[]> {
  const seen: unknown[] = []
  for (let read = 0; read < READS; read += 1) seen.push((await reader.read(record)).data)
  return seen
}

describe('data that was decoded a moment ago', () => {
  test('is shared by readers where all of it is frozen', async () => {
    const reader = codecWith()
    const record = await storedAs(1, { cart: [{ item: 'tea', price: 3n, rate: Number.NaN }], $odd: null })
    await dataOfReads(reader, record)
    const first = await reader.read(record)
    const again = await reader.read({ ...record, data: Uint8Array.from(record.data) })
    expect(again.data).toBe(first.data)
    expect(again).toEqual(await decodedOf(record))
  })

  test.each([
    ['a date', new Date(0)],
    ['a map', new Map([['a', 1]])],
    ['a set', new Set([1])],
    ['bytes', Uint8Array.of(1, 2)],
  ])('is not shared where it holds %s, which cannot be frozen', async (_what, value) => {
    for (const data of [value, { deep: [{ value }] }, new Map([[1, value]])]) {
      for (const format of ['messagepack', 'json'] as const) {
        const reader = codecWith({ format })
        const record = { id: idOf(1), data: await reader.encode(data, HEAD) }
        const seen = await dataOfReads(reader, record)
        expect(new Set(seen).size).toBe(READS)
        expect(seen.at(-1)).toEqual(data)
      }
    }
  })

  test('never hides what is stored now', async () => {
    expect(await tellsWhatIsStored(codecWith())).toBe(true)
    expect(await keepsReadersApart(codecWith())).toBe(true)
  })

  test('twins: a cache by id alone, and one that shares what can be changed, are caught', async () => {
    const byId = new Map<string, Promise<Decoded<unknown>>>()
    const careless: Reader = {
      read: (record) => {
        const known = byId.get(record.id) ?? decodedOf(record)
        byId.set(record.id, known)
        return known
      },
    }
    expect(await tellsWhatIsStored(careless)).toBe(false)
    expect(await keepsReadersApart(careless)).toBe(false)
  })

  test('is not shared by two sessions with the same data', async () => {
    const reader = codecWith()
    const [ours, theirs] = await Promise.all([storedAs(1, { a: [1] }), storedAs(2, { a: [1] })])
    const [first, second] = [await dataOfReads(reader, ours), await dataOfReads(reader, theirs)]
    expect(second.at(-1)).not.toBe(first.at(-1))
  })

  test('is made anew each time where an upgrade made it', async () => {
    let upgrades = 0
    const upgrade = () => {
      upgrades += 1
      return { upgrades }
    }
    const reader = codecWith({ version: 2, upgrade })
    const record = await storedAs(1, { old: true })
    expect((await dataOfReads(reader, record)).at(-1)).toEqual({ upgrades: READS })
  })

  test('does not follow bytes that an engine writes over', async () => {
    const reader = codecWith()
    const record = await storedAs(1, { cart: 1 })
    await dataOfReads(reader, record)
    record.data.set((await storedAs(1, { cart: 2 })).data)
    expect((await reader.read(record)).data).toEqual({ cart: 2 })
  })
})

describe('what is kept of it', () => {
  async function kept(count: number, { bytes = 1, reads = 2, values = 1 } = {}) {
    const clock = new TestClock()
    const recent = new RecentData<unknown>(clock)
    const data = new Uint8Array(bytes)
    const decoded = await decodedOf(await storedAs(1, {}))
    const records = Array.from({ length: count }, (_, number) => ({ id: idOf(number), data }))
    const isKept = (record: Stored) => recent.find(record) !== null
    for (let read = 0; read < reads; read += 1) {
      for (const record of records) if (!isKept(record)) recent.note(record, decoded, values)
    }
    return { clock, recent, found: () => records.filter(isKept).length }
  }

  test('is nothing of a session that is read once, as it is with too many users', async () => {
    const { clock, found } = await kept(1_000, { reads: 1 })
    expect([found(), clock.armed]).toEqual([0, 0])
  })

  test('is most of some hundred sessions that are read again', async () => {
    const { found } = await kept(500)
    expect(found()).toBeGreaterThan(300)
  })

  test('are so many sessions at most', async () => {
    const { found } = await kept(50_000, { reads: 4 })
    expect(found()).toBeLessThanOrEqual(4_096)
  })

  test.each([
    ['as stored', { bytes: 100_000, values: 1 }],
    ['in memory', { bytes: 10_000, values: 10_000 }],
  ])(
    'are so many bytes at most, %s, and again as many when those were dropped',
    async (_where, { bytes, values }) => {
      const { recent, found } = await kept(100, { bytes, values })
      expect(found()).toBe(Math.floor((4 * 1_024 * 1_024) / (bytes + 16 * values)))
      recent.clear()
      const decoded = await decodedOf(await storedAs(1, {}))
      const record = { id: idOf(99), data: new Uint8Array(bytes) }
      for (let read = 0; read < 2; read += 1) recent.note(record, decoded, values)
      expect(recent.find(record)).toBe(decoded)
    },
  )

  test('is gone soon after nobody asks for it, and so is the timer', async () => {
    const { clock, found } = await kept(3)
    clock.advance(KEPT_MS)
    expect(found()).toBe(3)
    clock.advance(2 * KEPT_MS)
    expect(found()).toBe(0)
    expect(clock.armed).toBe(0)
  })

  test('is gone at once when the store closes', async () => {
    const { clock, recent, found } = await kept(3)
    recent.clear()
    expect(found()).toBe(0)
    expect(clock.armed).toBe(0)
  })
})
