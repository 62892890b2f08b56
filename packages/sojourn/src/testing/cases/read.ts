import { finish, isAbsent, isStored, put, same } from '../claims.ts'
import { type ConformanceCase, proves } from '../conformance-case.ts'
import { DAY, MINUTE, NOW, numbered, sample, sampleId, samples } from '../sample.ts'

const [first, second] = [numbered(1), numbered(2)]

export const readCases: readonly ConformanceCase[] = [
  proves(
    'One record per id, in order; null where absent.',
    'read returns one record per id in the order of the ids, null where absent, a repeated id twice',
    async (engine) => {
      await put(engine, first, second)
      const ids = [second.id, sampleId(3), first.id, second.id]
      same(
        await engine.read(ids),
        [second, null, first, second],
        'read did not answer id by id in the order asked',
      )
      same(await engine.read([]), [], 'read of no ids is not an empty list')
    },
  ),
  proves('One round trip.', 'read takes a thousand ids in one call', async (engine) => {
    const records = samples(500, { userId: null })
    await put(engine, ...records)
    const expected = records.flatMap((record) => [record, null])
    const ids = records.flatMap(({ id }, index) => [id, sampleId(10_000 + index)])
    same(await engine.read(ids), expected, 'read of a thousand ids lost or moved a record')
  }),
  proves(
    'Tombstones are returned as they are.',
    'read returns an ended session as its tombstone, data included',
    async (engine) => {
      await put(engine, first)
      await finish(engine, NOW + MINUTE, first.id)
      const tombstone = { ...first, ended: { at: NOW + MINUTE, reason: 'logout' } }
      same(await engine.read([first.id]), [tombstone], 'read did not return the tombstone as it is')
    },
  ),
  proves(
    'no answer about a session that lives depends on a clock of the engine',
    'T49: a session is live or expired by the given now alone, be it next year or in two centuries',
    async (engine) => {
      const lifetimes = [NOW + 365 * DAY, 2 ** 43].map((createdAt, index) => {
        const deadline = createdAt + MINUTE
        return numbered(index, { createdAt, seenAt: createdAt, expiresAt: deadline, absoluteAt: deadline })
      })
      await put(engine, ...lifetimes)
      for (const record of lifetimes) {
        const now = record.expiresAt
        same(
          await engine.touch(record.id, now - 1, now),
          true,
          'a session is not live before its deadline, whatever the wall clock says',
        )
        same(
          await engine.touch(record.id, now, now),
          false,
          'a session is live at its deadline, whatever the wall clock says',
        )
      }
    },
  ),
  proves(
    'The session is dead when `now >= expiresAt`.',
    'read returns an expired session that nobody has ended as it is stored',
    async (engine) => {
      await put(engine, first)
      const now = first.expiresAt + DAY
      same(
        await engine.replace({ ...first, version: 2 }, 1, now),
        { outcome: 'gone' },
        'replace wrote an expired session',
      )
      await isStored(engine, first, 'an expired session that nobody ended was changed or is not returned')
    },
  ),
  proves('null where absent', 'an id that was never stored reads as null', async (engine) => {
    await isAbsent(engine, sample().id, 'read of an empty store found a record')
  }),
]
