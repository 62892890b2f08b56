import type { SessionRecord } from '../../core/port.ts'
import { dueOf, holds, isStored, put, same } from '../claims.ts'
import { type ConformanceCase, proves } from '../conformance-case.ts'
import { MINUTE, NOW, numbered, sample, sampleBytes, sampleUser } from '../sample.ts'

const OPAQUE = 'An engine keeps opaque bytes'
const SIZES = [0, 1, 2, 255, 256, 65_535, 65_536, 2 ** 20]

/** A record in which every byte array is the caller's own. */
const own = () =>
  sample({
    digest: sampleBytes(32),
    previous: { digest: sampleBytes(32, 1), sealed: sampleBytes(48), graceEndsAt: null },
    retired: [{ digest: sampleBytes(8), reuseFrom: NOW }],
    data: sampleBytes(300),
  })

function scribbleOn(record: SessionRecord): void {
  const arrays = [record.digest, record.data, ...record.retired.map(({ digest }) => digest)]
  if (record.previous !== null) arrays.push(record.previous.digest, record.previous.sealed)
  for (const bytes of arrays) bytes.fill(0xee)
}

export const bytesCases: readonly ConformanceCase[] = [
  proves(OPAQUE, 'data from no byte to one mebibyte comes back byte for byte', async (engine) => {
    for (const [index, size] of SIZES.entries()) {
      const record = numbered(index, { data: sampleBytes(size, index) })
      await put(engine, record)
      await isStored(engine, record, `data of ${size} bytes did not come back as it was`)
    }
  }),
  proves(OPAQUE, 'data may grow and shrink between its smallest and its largest size', async (engine) => {
    await put(engine, sample())
    for (const [index, size] of [2 ** 20, 0, 70_000, 3].entries()) {
      const record = sample({ version: index + 2, data: sampleBytes(size) })
      same(await engine.replace(record, index + 1, NOW), { outcome: 'done' }, 'replace refused other data')
      await isStored(engine, record, `data that became ${size} bytes long did not come back as it was`)
    }
  }),
  proves(OPAQUE, 'bytes that are part of a larger buffer are stored alone', async (engine) => {
    const larger = Buffer.from(sampleBytes(4_096))
    const [digest, data] = [larger.subarray(100, 132), larger.subarray(1_000, 1_010)]
    await put(engine, sample({ digest, data }))
    const expected = sample({ digest: sampleBytes(32, 100), data: sampleBytes(10, 1_000 % 256) })
    await isStored(engine, expected, 'the engine stored other bytes than those of the view that it was given')
  }),
  proves(
    OPAQUE,
    'a caller who changes bytes after create was called changes nothing stored',
    async (engine) => {
      const given = own()
      const created = engine.create(given, null, NOW)
      scribbleOn(given)
      same(await created, { outcome: 'done', ended: [] }, 'create refused a new record')
      await isStored(engine, own(), 'create kept the caller’s bytes, or read them after it returned')
    },
  ),
  proves(
    OPAQUE,
    'a caller who changes bytes after replace was called changes nothing stored',
    async (engine) => {
      await put(engine, sample())
      const given = { ...own(), version: 2 }
      const replaced = engine.replace(given, 1, NOW)
      scribbleOn(given)
      same(await replaced, { outcome: 'done' }, 'replace refused the stored version')
      await isStored(
        engine,
        { ...own(), version: 2 },
        'replace kept the caller’s bytes, or read them after it returned',
      )
    },
  ),
  proves(
    OPAQUE,
    'a caller who changes bytes that a method returned changes nothing stored',
    async (engine) => {
      await put(engine, own())
      const conflict = await engine.replace({ ...own(), version: 10 }, 9, NOW)
      const returned = [...(await engine.read([own().id])), ...(await engine.list(sampleUser('u_1'), NOW))]
      if (conflict.outcome === 'conflict') returned.push(conflict.current)
      same(await engine.end(own().id, 'logout', NOW), true, 'end answered false for a live session')
      returned.push(...(await dueOf(engine, NOW + MINUTE, 1)))
      const methods = engine.traits.keepsDue ? 4 : 3
      same(returned.length, methods, 'read, list, replace and due did not each return the one record')
      for (const record of returned) if (record !== null) scribbleOn(record)
      const tombstone = { ...own(), ended: { at: NOW, reason: 'logout' as const } }
      await isStored(engine, tombstone, 'a method returned the stored bytes themselves and not a copy')
    },
  ),
  proves(
    OPAQUE,
    'bytes that a read returned stay as they were when the record is replaced',
    async (engine) => {
      await put(engine, sample())
      const [before] = await engine.read([sample().id])
      for (let version = 1; version < 20; version++) {
        const record = sample({ version: version + 1, data: new Uint8Array(300).fill(version) })
        same(await engine.replace(record, version, NOW), { outcome: 'done' }, 'replace refused its version')
        await engine.read([sample().id])
      }
      holds(before !== undefined, 'read returned nothing')
      same(before, sample(), 'a later write changed the bytes that an earlier read had returned')
    },
  ),
]
