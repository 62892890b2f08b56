import type { SessionRecord } from '../../core/port.ts'
import { END_REASONS, NEVER } from '../../core/port.ts'
import { dueOf, isStored, put, same } from '../claims.ts'
import { type ConformanceCase, proves } from '../conformance-case.ts'
import { DAY, HOUR, MINUTE, NOW, next, numbered, sample, sampleBytes, sampleUser } from '../sample.ts'

const retired = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    digest: sampleBytes(8, index),
    reuseFrom: NOW + index * MINUTE,
  }))

/** Records that between them hold every field with each kind of value that it may have. */
const shapes: readonly SessionRecord[] = [
  sample(),
  sample({ userId: null, authenticatedAt: NOW - HOUR }),
  sample({
    previous: { digest: sampleBytes(32, 7), sealed: sampleBytes(1), graceEndsAt: null },
    retired: [],
  }),
  sample({
    previous: { digest: sampleBytes(32, 9), sealed: sampleBytes(255, 3), graceEndsAt: NOW + 10_000 },
    retired: retired(16),
    authenticatedAt: NOW,
  }),
  sample({ retired: retired(1), digest: new Uint8Array(32).fill(255) }),
]

export const recordCases: readonly ConformanceCase[] = [
  proves('What an engine stores.', 'every field of a new record comes back as it went in', async (engine) => {
    const records = shapes.map((shape, index) => ({ ...shape, id: numbered(index).id }))
    await put(engine, ...records)
    for (const record of records) await isStored(engine, record, 'create changed a field of the record')
  }),
  proves(
    'at most 255 bytes.',
    'the previous secret comes back whole, its sealed successor at every length up to the most',
    async (engine) => {
      for (const length of [0, 1, 60, 254, 255]) {
        const previous = { digest: sampleBytes(32, length), sealed: sampleBytes(length), graceEndsAt: null }
        const record = numbered(length, { previous })
        await put(engine, record)
        await isStored(engine, record, `a sealed successor of ${length} bytes did not come back`)
      }
    },
  ),
  proves(
    'When the grace is over; null until the successor is first seen.',
    'the end of a grace is set by a replace, and taken away with the previous secret',
    async (engine) => {
      const previous = { digest: sampleBytes(32), sealed: sampleBytes(60), graceEndsAt: null }
      const steps = [
        previous,
        { ...previous, graceEndsAt: NOW + MINUTE },
        { ...previous, sealed: sampleBytes(0) },
        null,
      ]
      await put(engine, sample())
      for (const [index, each] of steps.entries()) {
        const record = sample({ version: index + 2, previous: each })
        same(await engine.replace(record, index + 1, NOW), { outcome: 'done' }, 'replace refused its version')
        await isStored(engine, record, 'replace did not store the previous secret as it was given')
      }
    },
  ),
  proves(
    'Oldest first, at most 16.',
    'up to sixteen retired secrets come back in their order',
    async (engine) => {
      for (const count of [1, 2, 15, 16]) {
        const record = numbered(count, { retired: retired(count).reverse() })
        await put(engine, record)
        await isStored(engine, record, `${count} retired secrets did not come back in their order`)
      }
    },
  ),
  proves('Null while the session lives.', 'no method ends a session on the way', async (engine) => {
    await put(engine, sample())
    await engine.touch(sample().id, NOW + 1, NOW + HOUR)
    await engine.replace(next(sample()), 1, NOW + 1)
    await engine.create(numbered(2), { max: 1, whenFull: 'refuse', replaces: null }, NOW + 1)
    await dueOf(engine, NOW + 1, 10)
    await engine.settle([sample().id], null)
    same((await engine.read([sample().id]))[0]?.ended, null, 'a method that ends nothing ended a session')
  }),
  proves('stores `record`', 'every field of a replaced record comes back as it went in', async (engine) => {
    await put(engine, sample())
    for (const [index, shape] of shapes.entries()) {
      const record = { ...shape, userId: 'u_1', version: index + 2, absoluteAt: NOW + 9 * HOUR }
      same(await engine.replace(record, index + 1, NOW), { outcome: 'done' }, 'replace refused its version')
      await isStored(engine, record, 'replace changed a field of the record')
    }
  }),
  proves(
    'The largest instant that a record can hold (48 bits)',
    'the largest instants come back, and a session that never expires lives until the last of them',
    async (engine) => {
      const record = sample({
        createdAt: NEVER - 4,
        seenAt: NEVER - 3,
        expiresAt: NEVER,
        absoluteAt: NEVER,
        authenticatedAt: NEVER - 2,
        previous: { digest: sampleBytes(32), sealed: sampleBytes(48), graceEndsAt: NEVER - 1 },
        retired: [{ digest: sampleBytes(8), reuseFrom: NEVER }],
      })
      await put(engine, record)
      await isStored(engine, record, 'an instant of 48 bits was changed')
      same(await dueOf(engine, NEVER - 1, 10), [], 'a session that never expires is due')
      same(
        await engine.list(sampleUser('u_1'), NEVER - 1),
        [record],
        'a session that never expires is not live',
      )
    },
  ),
  proves('At most 2^32 − 1.', 'the largest version comes back and is compared exactly', async (engine) => {
    const last = next(sample(), { version: 2 ** 32 - 1 })
    await put(engine, sample())
    same(await engine.replace(last, 1, NOW), { outcome: 'done' }, 'replace refused the largest version')
    const conflict = { outcome: 'conflict', current: last }
    const late = { ...last, data: sampleBytes(9) }
    same(await engine.replace(late, 2 ** 31, NOW), conflict, 'the largest version was cut short')
  }),
  proves('Why a session ended.', 'each of the reasons comes back from a tombstone', async (engine) => {
    for (const [index, reason] of END_REASONS.entries()) {
      const record = numbered(index)
      await put(engine, record)
      const at = record.expiresAt
      same(await engine.end(record.id, reason, at), true, `end refused the reason ${reason}`)
      await isStored(engine, { ...record, ended: { at, reason } }, `the reason ${reason} did not come back`)
    }
  }),
  proves(
    'Last recorded activity.',
    'instants that are far apart within one record come back',
    async (engine) => {
      const record = sample({
        createdAt: 0,
        seenAt: 1,
        expiresAt: NOW + DAY,
        absoluteAt: 2 ** 47 + 1,
        authenticatedAt: 0,
      })
      await put(engine, record)
      await isStored(engine, record, 'an instant was changed')
    },
  ),
]
