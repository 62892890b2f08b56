import {
  type Created,
  type Engine,
  type SessionRecord,
  USER_CEILING,
  type UserLimit,
} from '../../core/port.ts'
import { finish, idsOf, isAbsent, isStored, lists, put, same } from '../claims.ts'
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
