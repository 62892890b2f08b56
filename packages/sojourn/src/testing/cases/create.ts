import type { Engine, UserLimit } from '../../core/port.ts'
import { dueOf, finish, isStored, lists, put, same } from '../claims.ts'
import { type ConformanceCase, proves } from '../conformance-case.ts'
import { MINUTE, NOW, numbered, sample, sampleBytes, sampleUser } from '../sample.ts'

const EXISTS = 'A record of this id is stored, live or ended: nothing was written.'
const DONE = { outcome: 'done', ended: [] }
const endOldest = (max: number): UserLimit => ({ max, whenFull: 'endOldest', replaces: null })
const [first, second] = [numbered(1), numbered(2)]
/** Another record under the id of `first`. */
const again = {
  ...first,
  userId: 'u_2',
  data: new Uint8Array([1]),
  digest: sampleBytes(32, 9),
  createdAt: NOW + 1,
}

async function refusesAgain(engine: Engine, stored: typeof first): Promise<void> {
  const answer = await engine.create(again, endOldest(1), NOW + 2)
  same(answer, { outcome: 'exists' }, 'create did not answer exists for an id that is stored')
  await isStored(engine, stored, 'create wrote over a stored record')
  await lists(engine, ['u_2', NOW + 2], [], 'create indexed a record that it did not store')
}

export const createCases: readonly ConformanceCase[] = [
  proves(
    'Stores a new record, indexes it under its user',
    'a created session is found by its id and listed under its user',
    async (engine) => {
      same(await engine.create(first, null, NOW), DONE, 'create did not answer done for a new id')
      await isStored(engine, first, 'a created record is not stored as it was given')
      same(
        await engine.list(sampleUser('u_1'), NOW),
        [first],
        'a created session is not listed under its user',
      )
    },
  ),
  proves(EXISTS, 'a create of the id of a live session answers exists and writes nothing', async (engine) => {
    await put(engine, first)
    await refusesAgain(engine, first)
    await lists(engine, ['u_1', NOW], [first.id], 'a refused create changed the index')
  }),
  proves(EXISTS, 'a create of the id of a tombstone answers exists and revives nothing', async (engine) => {
    await put(engine, first)
    await finish(engine, NOW, first.id)
    await refusesAgain(engine, { ...first, ended: { at: NOW, reason: 'logout' } })
  }),
  proves(EXISTS, 'a create of the id of an expired session answers exists', async (engine) => {
    await put(engine, first)
    same(
      await engine.create({ ...again, createdAt: first.expiresAt }, null, first.expiresAt + MINUTE),
      { outcome: 'exists' },
      'create did not answer exists for an expired session that nobody has ended',
    )
    await isStored(engine, first, 'create wrote over an expired session')
  }),
  proves(EXISTS, 'a create of the id of a settled tombstone answers exists', async (engine) => {
    await put(engine, first)
    await finish(engine, NOW, first.id)
    await engine.settle([first.id], NOW + 10 * MINUTE)
    await refusesAgain(engine, {
      ...first,
      ended: { at: NOW, reason: 'logout' },
      data: new Uint8Array(),
    })
  }),
  proves(EXISTS, 'a create of a stored id ends no session to make room', async (engine) => {
    await put(engine, first, second)
    const answer = await engine.create({ ...again, userId: 'u_1' }, endOldest(1), NOW + 2)
    same(answer, { outcome: 'exists' }, 'create did not answer exists for an id that is stored')
    await lists(engine, ['u_1', NOW], [first.id, second.id], 'a create that wrote nothing ended a session')
  }),
  proves(
    'Without a user the limit is ignored.',
    'anonymous sessions are not held to a limit',
    async (engine) => {
      for (let number = 1; number <= 3; number++) {
        const anonymous = numbered(number, { userId: null })
        const limit: UserLimit = { max: 1, whenFull: number === 2 ? 'endOldest' : 'refuse', replaces: null }
        same(
          await engine.create(anonymous, limit, NOW),
          DONE,
          'a limit was applied to a session without a user',
        )
        await isStored(engine, anonymous, 'an anonymous session is not stored')
      }
      await isStored(engine, numbered(1, { userId: null }), 'a limit ended an anonymous session for another')
    },
  ),
  proves('absent from then on', 'a forgotten id may be created again as a new session', async (engine) => {
    await put(engine, first)
    await finish(engine, NOW, first.id)
    await engine.settle([first.id], null)
    same(await engine.create(again, null, NOW + 1), DONE, 'create refused an id that was forgotten')
    await isStored(engine, again, 'the new session of a forgotten id is not stored as it was given')
    await lists(engine, ['u_1', NOW + 1], [], 'the new session is listed under the user of the forgotten one')
    await lists(engine, ['u_2', NOW + 1], [again.id], 'the new session is not listed under its user')
    same(await dueOf(engine, NOW + MINUTE, 10), [], 'the new session is due for the end of the forgotten one')
  }),
  proves(
    "The record lives also when its `createdAt` lies before the user's cut-off: the cut-off gives way.",
    'a session created before the user’s cut-off, but stored after it, lives',
    async (engine) => {
      await put(engine, numbered(1, { createdAt: NOW - MINUTE, seenAt: NOW - MINUTE }))
      same(
        await engine.endUser(sampleUser('u_1'), 'admin', NOW, null),
        [first.id],
        'endUser missed a live session',
      )
      const late = sample({ id: second.id, createdAt: NOW - 1 })
      same(await engine.create(late, null, NOW + 1), DONE, 'create refused a session from before the cut-off')
      await isStored(engine, late, 'a session that was stored after the cut-off reads as ended by it')
      await lists(engine, ['u_1', NOW + 1], [late.id], 'a session stored after the cut-off is not listed')
      same(await engine.touch(late.id, NOW + 2, NOW + MINUTE), true, 'touch found it dead')
      const update = { ...late, version: 2, seenAt: NOW + 3 }
      same(await engine.replace(update, 1, NOW + 3), { outcome: 'done' }, 'replace found it gone')
    },
  ),
]
