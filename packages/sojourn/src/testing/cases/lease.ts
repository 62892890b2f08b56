import { LEASE_MS, NEVER } from '../../core/port.ts'
import { dueOf, expired, finish, idsOf, put, same } from '../claims.ts'
import { type ConformanceCase, provesDue } from '../conformance-case.ts'
import { HOUR, NOW, numbered, sampleId, samples, sampleUser } from '../sample.ts'

const LEASED = 'Each is leased: no call gets it again before `now + LEASE_MS`.'
const first = numbered(1)
const now = NOW + HOUR

export const leaseCases: readonly ConformanceCase[] = [
  provesDue(
    'How long `due` keeps a record for the caller that got it before another caller may get it.',
    'an expired session that due returned is not due again until its lease is over',
    async (engine) => {
      await put(engine, first)
      same(await dueOf(engine, now, 10), [expired(first)], 'an expired session is not due')
      for (const later of [now, now + 1, now + LEASE_MS - 1]) {
        same(await dueOf(engine, later, 10), [], 'due returned a record that another call had leased')
      }
      same(
        await dueOf(engine, now + LEASE_MS, 10),
        [expired(first)],
        'a record is not due again when its lease is over',
      )
      same(await dueOf(engine, now + 2 * LEASE_MS - 1, 10), [], 'due did not lease a record the second time')
    },
  ),
  provesDue(LEASED, 'a tombstone that nobody settled is due again when its lease is over', async (engine) => {
    await put(engine, first)
    await finish(engine, NOW, first.id)
    same(idsOf(await dueOf(engine, now, 10)), [first.id], 'an ended session is not due')
    same(
      await dueOf(engine, now + LEASE_MS - 1, 10),
      [],
      'due returned a record that another call had leased',
    )
    same(
      idsOf(await dueOf(engine, now + LEASE_MS, 10)),
      [first.id],
      'a tombstone that nobody settled was lost: it is not due again when its lease is over',
    )
  }),
  provesDue(
    LEASED,
    'a caller whose clock is behind gets no record that another has leased',
    async (engine) => {
      await put(engine, first)
      same(await dueOf(engine, now, 10), [expired(first)], 'an expired session is not due')
      same(await dueOf(engine, now - 1, 10), [], 'due returned a record that another call had leased')
    },
  ),
  provesDue(
    LEASED,
    'a leased session that is ended meanwhile stays with the caller that leased it',
    async (engine) => {
      const [one, other] = [numbered(1, { absoluteAt: NEVER }), numbered(2, { absoluteAt: NEVER })]
      await put(engine, one, other)
      same(idsOf(await dueOf(engine, now, 10)).length, 2, 'an expired session is not due')
      same(await engine.end(one.id, 'idle', now), true, 'end answered false for an expired session')
      const left = await engine.endUser(sampleUser('u_1'), 'idle', now, null)
      same(left, [other.id], 'endUser passed over an expired session')
      same(await dueOf(engine, now + LEASE_MS - 1, 10), [], 'the end of a leased session broke the lease')
      const due = idsOf(await dueOf(engine, now + LEASE_MS, 10))
      same([...due].sort(), [one.id, other.id], 'a session that ended under a lease is not due after it')
    },
  ),
  provesDue(LEASED, 'a lease of one record holds back no other', async (engine) => {
    await put(engine, ...samples(3))
    same(idsOf(await dueOf(engine, now, 1)), [sampleId(1)], 'due did not return the earliest record')
    same(idsOf(await dueOf(engine, now, 1)), [sampleId(2)], 'the lease of one record held back another')
    same(idsOf(await dueOf(engine, now, 10)), [sampleId(3)], 'the lease of one record held back another')
  }),
]
