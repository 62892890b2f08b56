import { dueOf, finish, idsOf, isStored, lists, put, same } from '../claims.ts'
import { type ConformanceCase, proves, provesDue } from '../conformance-case.ts'
import { MINUTE, NOW, next, numbered, sample, sampleId, sampleUser } from '../sample.ts'

const ENDS = 'Ends every live or expired session of the user but `except`'
const IDS = 'returns the ids that this call ended.'
const [first, second, third] = [numbered(1), numbered(2), numbered(3)]
const at = NOW + MINUTE

export const endUserCases: readonly ConformanceCase[] = [
  proves(ENDS, 'endUser ends all of a user’s sessions but the excepted one', async (engine) => {
    await put(engine, first, second, third)
    const ended = await engine.endUser(sampleUser('u_1'), 'revoked', at, second.id)
    same([...ended].sort(), [first.id, third.id], 'endUser did not return the ids of the sessions to end')
    for (const record of [first, third]) {
      const tombstone = { ...record, ended: { at, reason: 'revoked' as const } }
      await isStored(engine, tombstone, 'endUser did not make a whole tombstone of each session')
    }
    await isStored(engine, second, 'endUser changed the excepted session')
    await lists(engine, ['u_1', at], [second.id], 'list does not show the excepted session alone')
  }),
  proves(
    'with that exception',
    'the excepted session lives on: it is touched, replaced and ended',
    async (engine) => {
      await put(engine, first, second)
      await engine.endUser(sampleUser('u_1'), 'revoked', at, first.id)
      same(await engine.touch(first.id, at, first.expiresAt), true, 'touch found the excepted session dead')
      const update = next(first, { seenAt: at })
      same(
        await engine.replace(update, 1, at),
        { outcome: 'done' },
        'replace found the excepted session gone',
      )
      await isStored(engine, update, 'the excepted session reads as ended by the cut-off')
      same(await engine.end(first.id, 'logout', at), true, 'end found the excepted session ended before')
    },
  ),
  proves(
    ENDS,
    'endUser without an exception ends all, and so does one that is not the user’s',
    async (engine) => {
      for (const [index, except] of [null, sampleId(77), sampleId(88)].entries()) {
        const [one, two] = [numbered(index * 10 + 1), numbered(index * 10 + 2)]
        const other = sample({ id: sampleId(88), userId: 'u_2' })
        if (index === 2) await put(engine, other)
        await put(engine, one, two)
        const ended = await engine.endUser(sampleUser('u_1'), 'admin', at, except)
        same([...ended].sort(), [one.id, two.id], 'endUser did not end all of the user’s sessions')
        if (index === 2) await isStored(engine, other, 'endUser changed another user’s session')
      }
    },
  ),
  proves(ENDS, 'endUser ends an expired session that nobody has ended', async (engine) => {
    await put(engine, first)
    const late = first.expiresAt + MINUTE
    same(
      await engine.endUser(sampleUser('u_1'), 'erased', late, null),
      [first.id],
      'endUser passed over an expired session',
    )
    const tombstone = { ...first, ended: { at: late, reason: 'erased' as const } }
    await isStored(engine, tombstone, 'endUser did not end an expired session')
  }),
  proves(
    IDS,
    'endUser returns no session that had ended before, and leaves its end as it was',
    async (engine) => {
      await put(engine, first, second)
      await finish(engine, NOW, first.id)
      same(
        await engine.endUser(sampleUser('u_1'), 'admin', at, null),
        [second.id],
        'endUser returned a session ended before',
      )
      same(
        await engine.endUser(sampleUser('u_1'), 'admin', at + 1, null),
        [],
        'endUser ended the same sessions twice',
      )
      const tombstone = { ...first, ended: { at: NOW, reason: 'logout' as const } }
      await isStored(engine, tombstone, 'endUser changed a session that had ended before')
    },
  ),
  proves(ENDS, 'endUser ends no other user’s session and no anonymous one', async (engine) => {
    const others = [sample({ id: sampleId(5, 'zz'), userId: 'u_2' }), numbered(6, { userId: null })]
    await put(engine, first, ...others)
    same(
      await engine.endUser(sampleUser('u_1'), 'admin', at, null),
      [first.id],
      'endUser did not end the user’s session alone',
    )
    for (const other of others) await isStored(engine, other, 'endUser changed another user’s session')
    const left = idsOf(await engine.list(sampleUser('u_2', 'zz'), at))
    same(left, [sampleId(5, 'zz')], 'endUser changed another user’s index')
  }),
  proves(
    IDS,
    'endUser of an unknown user ends nothing, and a later session of that user lives',
    async (engine) => {
      same(
        await engine.endUser(sampleUser('u_1'), 'admin', at, null),
        [],
        'endUser ended a session of a user who has none',
      )
      const later = { ...first, createdAt: at, seenAt: at }
      await put(engine, later)
      await isStored(engine, later, 'a session created at the cut-off reads as ended by it')
      await lists(engine, ['u_1', at], [later.id], 'a session created at the cut-off is not listed')
    },
  ),
  provesDue('is due at `at`', 'every session that endUser ended is due at that instant', async (engine) => {
    await put(engine, first, second)
    await engine.endUser(sampleUser('u_1'), 'admin', at, null)
    same(await dueOf(engine, at - 1, 10), [], 'a session that endUser ended is due before its end')
    const due = await dueOf(engine, at, 10)
    same(due.map(({ id }) => id).sort(), [first.id, second.id], 'endUser left a session that is not due')
  }),
  proves(ENDS, 'endUser ends a thousand sessions in one call', async (engine) => {
    const records = Array.from({ length: 1_000 }, (_, index) => numbered(index))
    await put(engine, ...records)
    const ended = await engine.endUser(sampleUser('u_1'), 'admin', at, sampleId(500))
    same(ended.length, 999, 'endUser did not return every session that it had to end')
    await lists(engine, ['u_1', at], [sampleId(500)], 'endUser left live sessions beside the excepted one')
  }),
]
