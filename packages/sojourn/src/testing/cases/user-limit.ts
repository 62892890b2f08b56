import {
  type Created,
  type Engine,
  type SessionRecord,
  USER_CEILING,
  type UserLimit,
} from '../../core/port.ts'
import { dueOf, finish, idsOf, isAbsent, isDue, isStored, lists, put, same } from '../claims.ts'
import { type ConformanceCase, proves } from '../conformance-case.ts'
import { MINUTE, NOW, numbered, sampleId, samples } from '../sample.ts'

const COUNTED = 'Sessions that have ended, or are expired at `now`, do not count.'
const OLDEST = '`endOldest`: end the sessions created first, with reason `limit`.'
const CEILING = 'The most live sessions that one user may have, whatever the limit asked for'
const REPLACES = 'it is not counted and not ended here.'
const NOBODY = { outcome: 'done', ended: [] }
const FULL = { outcome: 'full' }

const refuse = (max: number): UserLimit => ({ max, whenFull: 'refuse', replaces: null })
const endOldest = (max: number): UserLimit => ({ max, whenFull: 'endOldest', replaces: null })
const later = (number: number): SessionRecord => numbered(number, { createdAt: NOW + MINUTE })

async function ends(
  engine: Engine,
  [record, limit]: readonly [SessionRecord, UserLimit],
  ended: readonly string[],
): Promise<void> {
  const answer: Created = await engine.create(record, limit, NOW + MINUTE)
  const named = answer.outcome === 'done' ? [...answer.ended].sort() : answer.outcome
  same(named, [...ended].sort(), 'create did not end and name exactly the oldest sessions that were too many')
}

export const userLimitCases: readonly ConformanceCase[] = [
  proves(
    "The user's limit is reached and `whenFull` is `refuse`: nothing was written.",
    'a session beyond the limit is refused, and nothing is written',
    async (engine) => {
      const records = samples(2)
      await put(engine, ...records)
      same(
        await engine.create(later(3), refuse(3), NOW),
        NOBODY,
        'create refused the last session of the limit',
      )
      same(
        await engine.create(later(4), refuse(3), NOW),
        FULL,
        'create did not refuse a session beyond the limit',
      )
      await isAbsent(engine, sampleId(4), 'create stored a session that it had refused')
      await lists(
        engine,
        ['u_1', NOW],
        [...idsOf(records), sampleId(3)],
        'a refused create changed the user’s sessions',
      )
      same(await dueOf(engine, NOW + MINUTE, 10), [], 'a refused create left something due')
    },
  ),
  proves(
    OLDEST,
    'beyond the limit the oldest session ends, with the reason limit, and is due',
    async (engine) => {
      const [oldest, middle] = [numbered(9), numbered(1, { createdAt: NOW + 1 })]
      await put(engine, middle, oldest)
      await ends(engine, [later(5), endOldest(2)], [oldest.id])
      const tombstone = { ...oldest, ended: { at: NOW + MINUTE, reason: 'limit' as const } }
      await isStored(engine, tombstone, 'the session that the limit ended is not a tombstone of that instant')
      await lists(
        engine,
        ['u_1', NOW + MINUTE],
        [middle.id, sampleId(5)],
        'the ended session is still listed',
      )
      await isDue(engine, NOW + MINUTE, [tombstone], 'the session that the limit ended is not due')
    },
  ),
  proves(
    '`ended` names those that it ended.',
    'a lower limit ends as many as are too many, oldest first, ties by id',
    async (engine) => {
      const tied = [4, 2, 8].map((number) => numbered(number))
      await put(engine, ...tied, numbered(1, { createdAt: NOW + 1 }), numbered(7, { createdAt: NOW - 1 }))
      await ends(engine, [later(9), endOldest(3)], [sampleId(7), sampleId(2), sampleId(4)])
      const left = [sampleId(8), sampleId(1), sampleId(9)]
      await lists(engine, ['u_1', NOW + MINUTE], left, 'the youngest sessions are not the ones that are left')
    },
  ),
  proves(
    'The most live sessions of the user after this create',
    'a limit of one leaves only the new session, even where it was created before the others',
    async (engine) => {
      await put(engine, ...samples(3))
      const early = numbered(9, { createdAt: NOW - MINUTE })
      await ends(engine, [early, endOldest(1)], idsOf(samples(3)))
      await lists(engine, ['u_1', NOW + MINUTE], [early.id], 'the new session is not the one that is left')
    },
  ),
  proves(COUNTED, 'ended sessions do not count', async (engine) => {
    await put(engine, ...samples(3))
    await finish(engine, NOW + MINUTE, sampleId(1), sampleId(2))
    same(await engine.create(later(4), refuse(2), NOW + MINUTE), NOBODY, 'an ended session was counted')
    same(await engine.create(later(5), refuse(2), NOW + MINUTE), FULL, 'a live session was not counted')
  }),
  proves(COUNTED, 'a session counts until its deadline and not at it', async (engine) => {
    const [expiring] = samples(1)
    if (expiring === undefined) return
    await put(engine, expiring)
    const { expiresAt } = expiring
    const record = numbered(2, { createdAt: expiresAt, seenAt: expiresAt, expiresAt: expiresAt + MINUTE })
    same(
      await engine.create(record, refuse(1), expiresAt - 1),
      FULL,
      'a session did not count before its deadline',
    )
    same(await engine.create(record, refuse(1), expiresAt), NOBODY, 'a session counted at its deadline')
  }),
  proves(COUNTED, 'a session whose deadline a touch moved counts until the new deadline', async (engine) => {
    await put(engine, ...samples(1))
    same(
      await engine.touch(sampleId(1), NOW + MINUTE, NOW + 60 * MINUTE),
      true,
      'touch found a live session dead',
    )
    const now = NOW + 60 * MINUTE
    const record = numbered(2, { createdAt: now, expiresAt: now + MINUTE })
    same(await engine.create(record, refuse(1), now - 1), FULL, 'a touched session did not count')
    same(await engine.create(record, refuse(1), now), NOBODY, 'a touched session counted at its new deadline')
  }),
  proves(COUNTED, 'endOldest ends no session that is expired already', async (engine) => {
    const expired = numbered(1, { createdAt: NOW - MINUTE, expiresAt: NOW + 1 })
    await put(engine, expired, numbered(2), numbered(3, { createdAt: NOW + 1 }))
    await ends(engine, [later(4), endOldest(2)], [sampleId(2)])
    await isStored(engine, expired, 'create ended an expired session for the limit')
  }),
  proves("holds the user's limit", 'another user’s sessions do not count', async (engine) => {
    await put(engine, ...samples(3, { userId: 'u_2' }))
    same(await engine.create(numbered(9), refuse(1), NOW), NOBODY, 'another user’s sessions were counted')
    await ends(engine, [later(8), endOldest(1)], [sampleId(9)])
    await lists(engine, ['u_2', NOW], idsOf(samples(3)), 'a limit ended another user’s session')
  }),
  proves(
    REPLACES,
    'the session that is about to be replaced is neither counted nor ended',
    async (engine) => {
      await put(engine, ...samples(2))
      const replaces = sampleId(1)
      const refusing: UserLimit = { max: 2, whenFull: 'refuse', replaces }
      same(await engine.create(later(3), refusing, NOW), NOBODY, 'the session to be replaced was counted')
      same(
        await engine.create(later(4), refusing, NOW),
        FULL,
        'more was left out of the count than one session',
      )
      await ends(engine, [later(5), { ...refusing, whenFull: 'endOldest' }], [sampleId(2)])
      const left = [replaces, sampleId(3), sampleId(5)]
      await lists(engine, ['u_1', NOW + MINUTE], left, 'the session to be replaced was ended here')
    },
  ),
  proves(REPLACES, 'naming another user’s session as the replaced one makes no room', async (engine) => {
    await put(engine, ...samples(1), numbered(7, { userId: null }), numbered(8, { userId: 'u_2' }))
    for (const replaces of [sampleId(7), sampleId(8), sampleId(99)]) {
      const answer = await engine.create(later(3), { max: 1, whenFull: 'refuse', replaces }, NOW)
      same(answer, FULL, 'a session that is not the user’s own made room within the limit')
    }
  }),
  proves(
    'With `limit` null the limit is `USER_CEILING`, refused when full.',
    'without a limit a user may have a thousand live sessions and not one more',
    async (engine) => {
      await put(engine, ...samples(USER_CEILING))
      const [one, two] = [later(2_001), later(2_002)]
      same(await engine.create(one, null, NOW + MINUTE), FULL, 'create stored a session beyond the ceiling')
      await finish(engine, NOW + MINUTE, sampleId(500))
      same(
        await engine.create(one, null, NOW + MINUTE),
        NOBODY,
        'create refused a session within the ceiling',
      )
      same(await engine.create(two, null, NOW + MINUTE), FULL, 'create stored a session beyond the ceiling')
      const ids = idsOf(samples(USER_CEILING)).filter((id) => id !== sampleId(500))
      await lists(
        engine,
        ['u_1', NOW + MINUTE],
        [...ids, one.id],
        'list did not return all of a thousand sessions in order',
      )
    },
  ),
  proves(CEILING, 'a limit above the ceiling is held to the ceiling', async (engine) => {
    await put(engine, ...samples(USER_CEILING))
    same(await engine.create(later(2_001), refuse(5_000), NOW), FULL, 'a limit above the ceiling was obeyed')
    await ends(engine, [later(2_002), endOldest(5_000)], [sampleId(1)])
  }),
]
