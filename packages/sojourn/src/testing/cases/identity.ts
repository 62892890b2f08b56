import type { SessionRecord } from '../../core/port.ts'
import { areDue, isStored, lists, put, same } from '../claims.ts'
import { type ConformanceCase, proves } from '../conformance-case.ts'
import { MINUTE, NOW, next, numbered, sample, sampleUser } from '../sample.ts'

const BYTE_BY_BYTE = '1–255 bytes of well-formed UTF-8, compared byte by byte'
/** User ids that careless keys confuse: with each other, with a separator, or with a property. */
const USER_IDS = [
  'u',
  'u_1',
  'u_10',
  'u_1 ',
  ' u_1',
  'U_1',
  'u_1:',
  'u_1/',
  'u:1',
  'u\u00001',
  '__proto__',
  'constructor',
  'toString',
  'null',
  '0',
  '-1',
  '*',
  '{u_1}',
  'é',
  'e\u0301',
  'ß',
  'ss',
  'ﬁ',
  'fi',
  'K',
  '\u212a',
  '👩‍👩‍👧',
  '\u{10ffff}',
  '\uffff',
  'a'.repeat(254),
  'a'.repeat(255),
  'é'.repeat(127),
  '漢'.repeat(85),
  '😀'.repeat(63),
]
const OF_EACH_USER = USER_IDS.map((userId, index) => numbered(index, { userId }))

/** Ids at the edges of the alphabet and of the buckets, and ids that differ in one place only. */
const IDS = [
  '----------------',
  '-_00000000000000',
  '00--------------',
  '0_--------------',
  'AAAAAAAAAAAAAAAA',
  'AAAAAAAAAAAAAAAB',
  'AAAAAAAAAAAAAAAa',
  'ABAAAAAAAAAAAAAA',
  'BAAAAAAAAAAAAAAA',
  'aAAAAAAAAAAAAAAA',
  'zz00000000000000',
  'zz99999999999999',
  '________________',
]

export const identityCases: readonly ConformanceCase[] = [
  proves(BYTE_BY_BYTE, 'user ids that look alike belong to different users', async (engine) => {
    await put(engine, ...OF_EACH_USER)
    for (const record of OF_EACH_USER) {
      await isStored(engine, record, 'a user id did not come back as it was')
      same(
        await engine.list(sampleUser(record.userId ?? ''), NOW),
        [record],
        'list returned another user’s session, or missed one',
      )
    }
  }),
  proves(
    BYTE_BY_BYTE,
    'endUser ends the sessions of that user and of nobody who looks alike',
    async (engine) => {
      await put(engine, ...OF_EACH_USER)
      for (const { userId, id } of [...OF_EACH_USER].reverse()) {
        same(
          await engine.endUser(sampleUser(userId ?? ''), 'admin', NOW, null),
          [id],
          'endUser ended another user’s session, or missed one',
        )
      }
    },
  ),
  proves(
    '16 base64url characters; public. The first two are the bucket.',
    'ids at the edges of buckets and alphabet are kept apart',
    async (engine) => {
      const records = IDS.map((id, index) => sample({ id, userId: `u_${index}`, createdAt: NOW + index }))
      await put(engine, ...records)
      same(await engine.read(IDS), records, 'two ids were confused, or one was not found')
      const missed = 'due missed the record of an id at the edge of a bucket'
      await areDue(engine, NOW + 30 * MINUTE, IDS.length, missed)
    },
  ),
  proves(
    '`id`, `userId` and `createdAt` never change.',
    'a replace changes neither the user nor the creation',
    async (engine) => {
      await put(engine, sample())
      const moved: SessionRecord = next(sample(), { userId: 'u_2', createdAt: NOW + MINUTE })
      await engine.replace(moved, 1, NOW).catch(() => null)
      const [after] = await engine.read([sample().id])
      const kept = [after?.userId, after?.createdAt]
      same(kept, ['u_1', NOW], 'replace changed the userId or the createdAt of a session')
      await lists(engine, ['u_1', NOW], [sample().id], 'replace took the session out of its user’s index')
      await lists(engine, ['u_2', NOW], [], 'replace gave the session to another user')
    },
  ),
  proves('null for an anonymous session', 'an anonymous session belongs to no user', async (engine) => {
    const anonymous = sample({ userId: null })
    await put(engine, anonymous)
    for (const userId of ['null', 'undefined', ' ', '\u0000']) {
      await lists(engine, [userId, NOW], [], 'an anonymous session is listed under a user')
      same(
        await engine.endUser(sampleUser(userId), 'admin', NOW, null),
        [],
        'endUser ended an anonymous session',
      )
    }
    await isStored(engine, anonymous, 'an anonymous session was changed')
  }),
]
