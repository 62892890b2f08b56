import { finish, lists, put, same } from '../claims.ts'
import { type ConformanceCase, proves } from '../conformance-case.ts'
import { MINUTE, NOW, next, numbered, sample, sampleId, sampleUser } from '../sample.ts'

const LISTS = "The user's records that are live at `now`, the oldest `createdAt` first, ties by id."

export const listCases: readonly ConformanceCase[] = [
  proves(
    LISTS,
    'list returns the oldest session first, ties by id, whatever the order of creation',
    async (engine) => {
      const tied = [5, 3, 9].map((number) => numbered(number))
      const [youngest, oldest] = [numbered(1, { createdAt: NOW + 1 }), numbered(8, { createdAt: NOW - 1 })]
      for (const record of [youngest, ...tied, oldest]) await put(engine, record)
      const expected = [8, 3, 5, 9, 1].map((number) => sampleId(number))
      await lists(engine, ['u_1', NOW], expected, 'list is not in the order of createdAt, then of the id')
    },
  ),
  proves(LISTS, 'the order of ids is the order of their characters', async (engine) => {
    const ids = [
      'Ab-------------z',
      'Ab0000000000000A',
      'AbA000000000000_',
      'Ab_0000000000000',
      'Aba000000000000-',
    ]
    await put(engine, ...[...ids].reverse().map((id) => sample({ id })))
    await lists(engine, ['u_1', NOW], ids, 'ties are not in the order of the ids’ characters')
  }),
  proves(
    LISTS,
    'list returns whole records, those that were replaced in their new version',
    async (engine) => {
      const [first, second] = [numbered(1), numbered(2)]
      await put(engine, first, second)
      same(
        await engine.replace(next(first), 1, NOW),
        { outcome: 'done' },
        'replace refused the stored version',
      )
      same(
        await engine.list(sampleUser('u_1'), NOW),
        [next(first), second],
        'list did not return the records as they are stored',
      )
    },
  ),
  proves(LISTS, 'a session is listed until its deadline and not at it', async (engine) => {
    const brief = numbered(1, { expiresAt: NOW + MINUTE })
    await put(engine, brief, numbered(2))
    await lists(engine, ['u_1', NOW + MINUTE - 1], [brief.id, sampleId(2)], 'a live session is not listed')
    await lists(engine, ['u_1', NOW + MINUTE], [sampleId(2)], 'an expired session is listed')
  }),
  proves(LISTS, 'ended sessions are not listed, at no instant', async (engine) => {
    await put(engine, numbered(1), numbered(2))
    await finish(engine, NOW + MINUTE, sampleId(1))
    for (const now of [NOW, NOW + MINUTE, NOW + 2 * MINUTE]) {
      await lists(engine, ['u_1', now], [sampleId(2)], 'an ended session is listed')
    }
  }),
  proves(LISTS, 'a user sees nobody else’s sessions, and an unknown user none', async (engine) => {
    const other = sample({ id: sampleId(2, 'zz'), userId: 'u_2' })
    await put(engine, numbered(1), other, numbered(3, { userId: null }))
    same(
      await engine.list(sampleUser('u_1'), NOW),
      [numbered(1)],
      'list returned another user’s session, or missed one',
    )
    same(
      await engine.list(sampleUser('u_2', 'zz'), NOW),
      [other],
      'list returned another user’s session, or missed one',
    )
    same(await engine.list(sampleUser('u_3'), NOW), [], 'list returned a session to a user who has none')
  }),
]
