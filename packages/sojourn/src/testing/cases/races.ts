import type { Engine, Replaced, SessionRecord, UserLimit } from '../../core/port.ts'
import { LEASE_MS } from '../../core/port.ts'
import { areDue, countOf, dueOf, finish, holds, idsOf, isStored, put, same } from '../claims.ts'
import { type ConformanceCase, proves, provesDue } from '../conformance-case.ts'
import {
  HOUR,
  MINUTE,
  NOW,
  next,
  numbered,
  sample,
  sampleBytes,
  sampleId,
  samples,
  sampleUser,
} from '../sample.ts'

const AT_ONCE = 200
const LOGINS = 1_000
const first = sample()
const rivals = Array.from({ length: AT_ONCE }, (_, index) => next(first, { data: sampleBytes(40, index) }))

/** Adds one to a counter in the data, again and again until no other writer was in between. */
async function increment(engine: Engine): Promise<void> {
  for (let attempt = 0; attempt < AT_ONCE; attempt++) {
    const [current] = await engine.read([first.id])
    holds(current !== undefined && current !== null, 'a session that is live read as absent')
    if (current === undefined || current === null) return
    const data = Uint8Array.of((current.data[0] ?? 0) + 1)
    const update = { ...current, version: current.version + 1, data }
    const answer = await engine.replace(update, current.version, NOW)
    holds(answer.outcome !== 'gone', 'replace answered gone for a live session')
    if (answer.outcome === 'done') return
  }
  holds(false, 'replace is in conflict again and again with the version that read has just returned')
}

async function createAll(engine: Engine, limit: UserLimit): Promise<string[]> {
  const records = samples(LOGINS, { createdAt: NOW })
  const outcomes = await Promise.all(records.map((record) => engine.create(record, limit, NOW + MINUTE)))
  same(countOf(outcomes, 'exists'), 0, 'create answered exists for a new id')
  same(
    (await engine.list(sampleUser('u_1'), NOW + MINUTE)).length,
    limit.max,
    'concurrent creates left more or fewer live sessions than the limit',
  )
  const stored = await engine.read(idsOf(records))
  for (const [index, outcome] of outcomes.entries()) {
    const isStoredNow = stored[index] !== null
    same(isStoredNow, outcome.outcome === 'done', 'what create answered and what is stored differ')
  }
  return outcomes.flatMap((each) => (each.outcome === 'done' ? each.ended : []))
}

/** Of writers that raced with the end of a session: what was acknowledged is in the tombstone, and no more. */
function isConsistent(record: SessionRecord, replaced: Replaced, touched: boolean, after: unknown): void {
  const update = replaced.outcome === 'done' ? next(record) : record
  const deadline = touched ? { seenAt: NOW + 1, expiresAt: NOW + HOUR } : {}
  const expected = { ...update, ...deadline, ended: { at: NOW + 1, reason: 'revoked' } }
  same(after, expected, 'after a race with its end, the tombstone is not what was acknowledged')
}

export const raceCases: readonly ConformanceCase[] = [
  proves('Compare-and-swap', 'of two hundred replaces of one version exactly one is done', async (engine) => {
    await put(engine, first)
    const outcomes = await Promise.all(rivals.map((record) => engine.replace(record, 1, NOW)))
    same(countOf(outcomes, 'done'), 1, 'not exactly one of the concurrent replaces of a version was done')
    const winner = rivals[outcomes.findIndex(({ outcome }) => outcome === 'done')] ?? first
    const conflict = { outcome: 'conflict', current: winner }
    for (const outcome of outcomes.filter((each) => each.outcome !== 'done')) {
      same(outcome, conflict, 'a replace that lost did not get a conflict with the record of the winner')
    }
    await isStored(engine, winner, 'another record is stored than that of the replace that was done')
  }),
  proves('Compare-and-swap', 'of concurrent writers that try again none loses an update', async (engine) => {
    await put(engine, sample({ data: Uint8Array.of(0) }))
    await Promise.all(Array.from({ length: 20 }, () => increment(engine)))
    const [record] = await engine.read([first.id])
    same(record?.data[0], 20, 'an update that was acknowledged is lost')
    same(record?.version, 21, 'the version does not count the updates that were acknowledged')
  }),
  proves(
    '`refuse`: store nothing.',
    'T53: of a thousand creates within a limit of three, three are stored',
    async (engine) => {
      same(
        await createAll(engine, { max: 3, whenFull: 'refuse', replaces: null }),
        [],
        'a create that refuses when full ended a session',
      )
      same(await dueOf(engine, NOW + MINUTE, 10), [], 'a create that refuses when full left something due')
    },
  ),
  proves(
    'all in one atomic step.',
    'T53: a thousand creates that end the oldest leave three, and end each other once',
    async (engine) => {
      const ended = await createAll(engine, { max: 3, whenFull: 'endOldest', replaces: null })
      same(ended.length, LOGINS - 3, 'the creates did not end as many sessions as were too many')
      same(new Set(ended).size, ended.length, 'two creates ended the same session')
      const tombstones = await engine.read(ended)
      for (const record of tombstones) {
        same(
          record?.ended,
          { at: NOW + MINUTE, reason: 'limit' },
          'a session that create names as ended is not',
        )
      }
      await areDue(engine, NOW + MINUTE, LOGINS - 3, 'the ended sessions are not all due')
    },
  ),
  proves(
    'A record of this id is stored',
    'of two hundred creates of one id exactly one is done',
    async (engine) => {
      const records = Array.from({ length: AT_ONCE }, (_, index) =>
        sample({ data: sampleBytes(40, index), digest: sampleBytes(32, index) }),
      )
      const outcomes = await Promise.all(records.map((record) => engine.create(record, null, NOW)))
      same(countOf(outcomes, 'done'), 1, 'not exactly one of the concurrent creates of an id was done')
      same(countOf(outcomes, 'exists'), AT_ONCE - 1, 'a create that lost did not answer exists')
      const winner = records[outcomes.findIndex(({ outcome }) => outcome === 'done')] ?? first
      await isStored(engine, winner, 'another record is stored than that of the create that was done')
      same(
        await engine.list(sampleUser('u_1'), NOW),
        [winner],
        'concurrent creates of one id left more than one in the index',
      )
    },
  ),
  proves(
    'True only for the one call that ended it',
    'of a hundred ends exactly one is true',
    async (engine) => {
      await put(engine, first)
      const ends = Array.from({ length: 100 }, (_, index) => engine.end(first.id, 'logout', NOW + index))
      const answers = await Promise.all(ends)
      same(answers.filter(Boolean).length, 1, 'not exactly one of the concurrent ends of a session was true')
      const [record] = await engine.read([first.id])
      same(
        record?.ended?.at,
        NOW + answers.indexOf(true),
        'the end that is stored is not the one that was true',
      )
    },
  ),
  proves(
    'it never lives again',
    'T51: no replace and no touch that races with an end revives the session',
    async (engine) => {
      const records = samples(60, { createdAt: NOW, seenAt: NOW })
      await put(engine, ...records)
      const races = records.map((record, index) => {
        const early = index % 2 === 0 ? engine.end(record.id, 'revoked', NOW + 1) : null
        const replaced = engine.replace(next(record), 1, NOW + 1)
        const touched = engine.touch(record.id, NOW + 1, NOW + HOUR)
        return Promise.all([replaced, touched, early ?? engine.end(record.id, 'revoked', NOW + 1)])
      })
      for (const [index, [replaced, touched, ended]] of (await Promise.all(races)).entries()) {
        const record = records[index] ?? first
        same(ended, true, 'end answered false for a session that only it had ended')
        isConsistent(record, replaced, touched, (await engine.read([record.id]))[0])
      }
      same(await engine.list(sampleUser('u_1'), NOW + 1), [], 'a session that has ended is listed')
    },
  ),
  proves(
    'in one atomic step',
    'a list beside endUser shows all of the user’s sessions or none',
    async (engine) => {
      const records = samples(20)
      await put(engine, ...records)
      let isOver = false
      const ended = engine.endUser(sampleUser('u_1'), 'admin', NOW + MINUTE, null).finally(() => {
        isOver = true
      })
      const lists = [engine.list(sampleUser('u_1'), NOW + MINUTE)]
      for (let turn = 0; turn < AT_ONCE && !isOver; turn++) {
        await new Promise((resolve) => setImmediate(resolve))
        lists.push(engine.list(sampleUser('u_1'), NOW + MINUTE))
      }
      same([...(await ended)].sort(), idsOf(records), 'endUser did not end every session of the user')
      for (const list of await Promise.all(lists)) {
        holds([0, records.length].includes(list.length), 'endUser ended some sessions before the others')
      }
    },
  ),
  proves(
    'returns the ids that this call ended',
    'of concurrent calls of endUser and end each session is ended by exactly one',
    async (engine) => {
      const records = samples(30)
      await put(engine, ...records)
      const users = Array.from({ length: 5 }, () =>
        engine.endUser(sampleUser('u_1'), 'admin', NOW + MINUTE, null),
      )
      const ends = records.map(async ({ id }) => ((await engine.end(id, 'logout', NOW + MINUTE)) ? [id] : []))
      const ended = (await Promise.all([...users, ...ends])).flat().sort()
      same(ended, idsOf(records), 'a session was ended by two calls, or by none')
    },
  ),
  proves(
    'Ends every live or expired session of the user',
    'T52: no create, replace or touch that races with endUser is half done',
    async (engine) => {
      const records = samples(20)
      const late = samples(40, { createdAt: NOW + MINUTE }).slice(20)
      await put(engine, ...records)
      const creates = Promise.all(late.map((record) => engine.create(record, null, NOW + MINUTE)))
      const replaces = Promise.all(records.map((record) => engine.replace(next(record), 1, NOW + MINUTE)))
      const ended = new Set(await engine.endUser(sampleUser('u_1'), 'admin', NOW + MINUTE, null))
      same(countOf(await creates, 'done'), late.length, 'create refused a new record')
      const outcomes = await replaces
      for (const [index, record] of records.entries()) {
        holds(ended.has(record.id), 'endUser missed a session that had been created before')
        const update = outcomes[index]?.outcome === 'done' ? next(record) : record
        const tombstone = { ...update, ended: { at: NOW + MINUTE, reason: 'admin' as const } }
        await isStored(engine, tombstone, 'a replace escaped endUser, or one that was acknowledged is lost')
      }
      const left = idsOf(late).filter((id) => !ended.has(id))
      const listed = idsOf(await engine.list(sampleUser('u_1'), NOW + MINUTE))
      same(listed, left, 'a session created beside endUser is neither ended by it nor live')
    },
  ),
  provesDue(
    'no call gets it again',
    'T84: records that concurrent callers lease are disjoint and complete',
    async (engine) => {
      await put(
        engine,
        ...samples(100),
        ...samples(50, { userId: null }).map((r, i) => ({ ...r, id: sampleId(500 + i) })),
      )
      await finish(engine, NOW + 1, ...idsOf(samples(20)))
      const leases = await Promise.all(Array.from({ length: 30 }, () => engine.due(NOW + HOUR, 10)))
      const ids = idsOf(leases.flat())
      same(new Set(ids).size, ids.length, 'two concurrent callers leased the same record')
      const rest = idsOf(await dueOf(engine, NOW + HOUR, 1_000))
      same(ids.length + rest.length, 150, 'concurrent callers lost a record that is due')
      same(
        (await dueOf(engine, NOW + HOUR + LEASE_MS, 1_000)).length,
        150,
        'a leased record is not due again',
      )
    },
  ),
  proves(
    'moves `seenAt` or `expiresAt` backwards',
    'of concurrent touches the latest stays',
    async (engine) => {
      await put(engine, first, numbered(2))
      const order = Array.from({ length: 100 }, (_, index) => (index * 37) % 100)
      const touches = order.map((step) => engine.touch(first.id, NOW + step, NOW + HOUR + step))
      same((await Promise.all(touches)).every(Boolean), true, 'touch found a live session dead')
      const latest = { ...first, seenAt: NOW + 99, expiresAt: NOW + HOUR + 99 }
      await isStored(engine, latest, 'of concurrent touches the latest deadline did not stay')
      await isStored(engine, numbered(2), 'a touch changed another session')
    },
  ),
]
