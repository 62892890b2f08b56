import { CLOCK_SKEW_MS, type Engine, type EngineTraits, TOMBSTONE_MS } from '../../core/port.ts'
import { dueOf, finish, isStored, put, same } from '../claims.ts'
import { type ConformanceCase, proves } from '../conformance-case.ts'
import { DAY, HOUR, MINUTE, NOW, next, numbered, sample, sampleUser } from '../sample.ts'

const when = ({ keepsDue }: EngineTraits): boolean => !keepsDue
const first = numbered(1)

/** A case for engines whose dead records leave by themselves. */
function leaves(promise: string, name: string, run: (engine: Engine) => Promise<void>): ConformanceCase {
  return { ...proves(promise, name, run), when }
}

/** Live when it was created, and past its deadline now by half of what clocks may differ, by a real clock. */
function expiredNow() {
  const deadline = Date.now() - CLOCK_SKEW_MS / 2
  const createdAt = deadline - HOUR
  return sample({ createdAt, seenAt: createdAt, expiresAt: deadline, absoluteAt: deadline + DAY })
}

export const leavingCases: readonly ConformanceCase[] = [
  leaves(
    'Always empty in an engine that does not keep what is due.',
    'nothing is ever due, whatever expired, ended or was settled',
    async (engine) => {
      await put(engine, first, numbered(2), numbered(3), numbered(4), numbered(5, { userId: null }))
      await finish(engine, NOW, first.id, numbered(2).id)
      await engine.settle([first.id], NOW + MINUTE)
      await engine.create(numbered(6), { max: 2, whenFull: 'endOldest', replaces: null }, NOW)
      await engine.endUser(sampleUser('u_1'), 'admin', NOW, null)
      for (const now of [NOW, NOW + MINUTE, first.expiresAt, NOW + 500 * DAY]) {
        same(await dueOf(engine, now, 10), [], 'something is due in an engine that does not keep it')
      }
    },
  ),
  leaves(
    'Only what is dead may leave by one, and late enough (`keepsDue`).',
    'a session whose deadline has just passed by the wall clock is there: a touch in time was under way',
    async (engine) => {
      const late = expiredNow()
      await put(engine, late)
      await isStored(engine, late, 'an expired session left before clocks agree that it has expired')
      const [seenAt, expiresAt] = [late.expiresAt - 1, late.expiresAt + HOUR]
      same(await engine.touch(late.id, seenAt, expiresAt), true, 'touch found a session dead that was live')
      const moved = { ...late, seenAt, expiresAt }
      await isStored(engine, moved, 'a touch did not move the deadline of a session that was live then')
    },
  ),
  leaves(
    'How much later than that, or than its deadline, a record leaves by itself, because clocks differ.',
    'a replace with a deadline that has just passed by the wall clock leaves the record there',
    async (engine) => {
      const late = expiredNow()
      await put(engine, { ...late, expiresAt: late.expiresAt - 1 })
      const update = next(late)
      const done = { outcome: 'done' }
      same(await engine.replace(update, 1, late.expiresAt - 2), done, 'replace refused the stored version')
      await isStored(engine, update, 'a replaced session left before clocks agree that it has expired')
    },
  ),
  leaves(
    'at the earliest `CLOCK_SKEW_MS` after their deadline or `TOMBSTONE_MS`.',
    'T51: a tombstone of ten minutes by the wall clock is there, and refuses what still races with its end',
    async (engine) => {
      const at = Date.now() - TOMBSTONE_MS - CLOCK_SKEW_MS / 2
      const record = sample({
        createdAt: at - HOUR,
        seenAt: at - HOUR,
        expiresAt: at + DAY,
        absoluteAt: at + DAY,
      })
      await put(engine, record)
      await finish(engine, at, record.id)
      const tombstone = { ...record, ended: { at, reason: 'logout' as const } }
      await isStored(engine, tombstone, 'a tombstone left before its time')
      const gone = { outcome: 'gone' }
      same(await engine.replace(next(record), 1, at), gone, 'replace revived an ended session')
      same(await engine.touch(record.id, at, at + HOUR), false, 'touch revived an ended session')
    },
  ),
  leaves(
    'How long an ended session leaves a trace at least',
    'the tombstones of endUser and of the limit stay as long',
    async (engine) => {
      const at = Date.now() - TOMBSTONE_MS - CLOCK_SKEW_MS / 2
      const times = { createdAt: at - HOUR, seenAt: at - HOUR, expiresAt: at + DAY, absoluteAt: at + DAY }
      const records = [1, 2].map((number) => numbered(number, { ...times, createdAt: at - HOUR + number }))
      await put(engine, ...records)
      const third = numbered(3, { ...times, createdAt: at })
      await engine.create(third, { max: 2, whenFull: 'endOldest', replaces: null }, at)
      await engine.endUser(sampleUser('u_1'), 'admin', at, third.id)
      const ends = (await engine.read(records.map(({ id }) => id))).map((record) => record?.ended ?? null)
      const expected = [
        { at, reason: 'limit' },
        { at, reason: 'admin' },
      ]
      same(ends, expected, 'a tombstone left before its time')
    },
  ),
]
