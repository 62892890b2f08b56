import { type Instant, LEASE_MS, NEVER } from '../../core/port.ts'
import { dueOf, expired, finish, idsOf, isStored, lists, put, same } from '../claims.ts'
import { type ConformanceCase, provesDue } from '../conformance-case.ts'
import { HOUR, MINUTE, NOW, next, numbered, sample, sampleId, samples } from '../sample.ts'

const KEPT = 'Whether `due` hands out what has ended or expired.'
const AWAITS = 'that await settling at `now`; of each bucket the earliest first.'
const ENDS =
  'What has expired and has not ended is ended in the same atomic step: at its deadline, with reason `absolute` where that is its `absoluteAt`, else `idle`.'
const GOES_ON = 'One whose `absoluteAt` is `NEVER` is returned as it is, and goes on.'
const TOLD = 'Whether this call ended it, because its time was over; the one that is told so tells others.'
const ALL = 'Fewer than `limit` means that no more are due.'
const LIVE = 'A live record is never returned: a deadline that was moved meanwhile is noted for later.'
const first = numbered(1)

export const dueCases: readonly ConformanceCase[] = [
  provesDue(
    AWAITS,
    'a session is due when it expires, with all that it held, and not before',
    async (engine) => {
      await put(engine, first)
      same(await dueOf(engine, first.expiresAt - 1, 10), [], 'a live session is due')
      same(await dueOf(engine, first.expiresAt, 10), [expired(first)], 'an expired session is not due')
    },
  ),
  provesDue(KEPT, 'anonymous sessions are due like any other', async (engine) => {
    const anonymous = sample({ userId: null })
    await put(engine, anonymous)
    same(
      await dueOf(engine, anonymous.expiresAt, 10),
      [expired(anonymous)],
      'an expired anonymous session is not due',
    )
  }),
  provesDue(AWAITS, 'ended and expired sessions are due in one order, the earliest first', async (engine) => {
    const deadlines = [50, 10, 40, 20].map((minute) => NOW + minute * MINUTE)
    await put(
      engine,
      ...deadlines.map((expiresAt, index) => numbered(index, { expiresAt })),
      numbered(7),
      numbered(8),
    )
    await finish(engine, NOW + 15 * MINUTE, sampleId(7))
    await finish(engine, NOW + 5 * MINUTE, sampleId(8))
    const expected = [8, 1, 7, 3, 2, 0].map((number) => sampleId(number))
    const due = await dueOf(engine, NOW + HOUR, 10)
    same(idsOf(due), expected, 'due did not return the earliest first, or returned too few')
  }),
  provesDue(AWAITS, 'a touched session takes its place by its new deadline', async (engine) => {
    const moved = numbered(1, { expiresAt: NOW + MINUTE })
    await put(engine, moved, numbered(2, { expiresAt: NOW + 2 * MINUTE }))
    same(await engine.touch(moved.id, NOW, NOW + 3 * MINUTE), true, 'touch found a live session dead')
    const due = await dueOf(engine, NOW + HOUR, 10)
    same(
      idsOf(due),
      [sampleId(2), moved.id],
      'due returned a touched session in the place of its old deadline',
    )
  }),
  provesDue(
    'At most `limit` records',
    'due returns no more than its limit, the earliest of all',
    async (engine) => {
      await put(
        engine,
        ...samples(5).map((record, index) => ({ ...record, expiresAt: NOW + 1 + index * MINUTE })),
      )
      const [early, rest] = [await dueOf(engine, NOW + HOUR, 2), await dueOf(engine, NOW + HOUR, 2)]
      same(
        idsOf(early),
        [sampleId(1), sampleId(2)],
        'due did not return the earliest records up to its limit',
      )
      same(idsOf(rest), [sampleId(3), sampleId(4)], 'due did not go on where its limit had cut it')
    },
  ),
  provesDue(
    'of each bucket the earliest first.',
    'of what is due in several buckets no call returns more than its limit, each bucket in its order',
    async (engine) => {
      const buckets = ['Ab', 'Zz', '0_', '--']
      const records = samples(22).map((record, index) => ({
        ...record,
        id: sampleId(index, buckets[index % buckets.length]),
        userId: null,
        expiresAt: NOW + (index + 1) * 1_000,
      }))
      await put(engine, ...records)
      const ids: string[] = []
      for (const expected of [7, 7, 7, 1, 0]) {
        const page = idsOf(await dueOf(engine, NOW + HOUR, 7))
        same(page.length, expected, 'due returned more than its limit, or fewer while more were due')
        ids.push(...page)
      }
      for (const bucket of buckets) {
        const isOf = (id: string) => id.startsWith(bucket)
        const wrong = 'due did not return the earliest of a bucket first, or lost a record'
        same(ids.filter(isOf), idsOf(records).filter(isOf), wrong)
      }
    },
  ),
  provesDue(ALL, 'due returns as many as its limit while more are due', async (engine) => {
    await put(engine, ...samples(250))
    const sizes: number[] = []
    const seen = new Set<string>()
    for (let page = 0; page < 4; page++) {
      const due = await dueOf(engine, NOW + HOUR, 100)
      sizes.push(due.length)
      for (const { id } of due) seen.add(id)
    }
    same(sizes, [100, 100, 50, 0], 'due returned fewer than its limit while more were due')
    same(seen.size, 250, 'due lost a record, or returned one twice')
  }),
  provesDue(ALL, 'live sessions before it in the order hide no record that is due', async (engine) => {
    await put(
      engine,
      ...samples(60, { expiresAt: NOW + MINUTE }),
      numbered(99, { expiresAt: NOW + 2 * MINUTE }),
    )
    for (const { id } of samples(60)) {
      same(await engine.touch(id, NOW + 30_000, NOW + HOUR), true, 'touch found a live session dead')
    }
    const due = await dueOf(engine, NOW + 2 * MINUTE, 5)
    same(idsOf(due), [sampleId(99)], 'due returned a live record, or missed one behind live records')
  }),
  provesDue(LIVE, 'a touched session is not due at its old deadline but at its new one', async (engine) => {
    await put(engine, first)
    const moved = { ...first, seenAt: NOW + MINUTE, expiresAt: NOW + HOUR }
    same(await engine.touch(first.id, moved.seenAt, moved.expiresAt), true, 'touch found a live session dead')
    for (const now of [first.expiresAt, first.expiresAt + 1, NOW + HOUR - 1]) {
      same(await dueOf(engine, now, 10), [], 'due returned a live record')
    }
    same(
      await dueOf(engine, NOW + HOUR, 10),
      [expired(moved)],
      'a touched session is not due at its new deadline',
    )
  }),
  provesDue(LIVE, 'a session that a replace gave more time is due at its new deadline', async (engine) => {
    await put(engine, first)
    const longer = next(first, { seenAt: NOW + MINUTE, expiresAt: NOW + HOUR })
    same(
      await engine.replace(longer, 1, NOW + MINUTE),
      { outcome: 'done' },
      'replace refused the stored version',
    )
    same(await dueOf(engine, NOW + HOUR - 1, 10), [], 'due returned a live record')
    same(
      await dueOf(engine, NOW + HOUR, 10),
      [expired(longer)],
      'a replaced session is not due at its new deadline',
    )
  }),
  provesDue(ENDS, 'a late touch does not bring back what due has ended', async (engine) => {
    await put(engine, first)
    same(idsOf(await dueOf(engine, first.expiresAt, 10)), [first.id], 'an expired session is not due')
    const seenAt = first.expiresAt - 1
    same(await engine.touch(first.id, seenAt, NOW + 2 * HOUR), false, 'touch revived what due had ended')
    await isStored(engine, expired(first), 'due did not leave a tombstone of what had expired')
  }),
  provesDue(
    ENDS,
    'due ends what has expired by the idle time or the absolute one, and nothing else',
    async (engine) => {
      const idle = numbered(1)
      const absolute = numbered(2, { expiresAt: NOW + HOUR, absoluteAt: NOW + HOUR })
      const [live, loggedOut] = [numbered(3, { expiresAt: NOW + 2 * HOUR }), numbered(4)]
      await put(engine, idle, absolute, live, loggedOut)
      await finish(engine, NOW, loggedOut.id)
      const tombstone = { ...loggedOut, ended: { at: NOW, reason: 'logout' as const } }
      const wrong = 'due did not return what has ended and expired, each with its end'
      same(await dueOf(engine, NOW + HOUR, 10), [tombstone, expired(idle), expired(absolute)], wrong)
      for (const each of [tombstone, expired(idle), expired(absolute), live]) {
        await isStored(engine, each, 'due did not store the end that it returned, or stored another one')
      }
      same(await engine.end(idle.id, 'idle', NOW + HOUR), false, 'end answered true for what due had ended')
      await lists(engine, ['u_1', NOW], [live.id], 'due left what it ended in its user’s index')
    },
  ),
  provesDue(TOLD, 'only the call of due that ended a session is told so', async (engine) => {
    await put(engine, numbered(1), numbered(2), numbered(3, { absoluteAt: NEVER }))
    await finish(engine, NOW, sampleId(2))
    const told = async (now: Instant) => (await engine.due(now, 10)).map(({ id, endedNow }) => [id, endedNow])
    const [one, two, three] = [sampleId(1), sampleId(2), sampleId(3)]
    const firstTime = [
      [two, false],
      [one, true],
      [three, false],
    ]
    same(await told(NOW + HOUR), firstTime, 'due told the wrong call, or none, that it ended a session')
    const again = (await told(NOW + HOUR + LEASE_MS)).map(([, endedNow]) => endedNow)
    same(again, [false, false, false], 'due told a second call that it ended a session')
  }),
  provesDue(GOES_ON, 'a record without an end is due at its deadline and lives on', async (engine) => {
    const endless = numbered(1, { absoluteAt: NEVER })
    await put(engine, endless)
    same(await dueOf(engine, endless.expiresAt, 10), [endless], 'due ended a record that has no end')
    await isStored(engine, endless, 'due ended a record that has no end')
    const later = next(endless, { seenAt: NOW + 1, expiresAt: NOW + 5 * HOUR })
    same(await engine.replace(later, 1, NOW), { outcome: 'done' }, 'a record without an end was dead')
    same(await dueOf(engine, NOW + 4 * HOUR, 10), [], 'a record is due before its new deadline')
    same(await dueOf(engine, NOW + 5 * HOUR, 10), [later], 'a record is not due at its new deadline')
  }),
  provesDue(
    'records that await settling',
    'nothing is due in an empty store, nor with a limit of none',
    async (engine) => {
      same(await dueOf(engine, NOW + HOUR, 10), [], 'something is due in an empty store')
      await put(engine, first)
      same(await dueOf(engine, NOW + HOUR, 0), [], 'due returned more than its limit of none')
      same(
        await dueOf(engine, NOW + HOUR, 10),
        [expired(first)],
        'a call with a limit of none took a record away',
      )
    },
  ),
]
