import {
  type DueRecord,
  type Ended,
  type Instant,
  NEVER,
  type SessionId,
  type SessionRecord,
} from '../../core/port.ts'
import { asDue, type Change, force, recordOf } from '../shareable-store.test-support.ts'
import { type BrokenEngine, broken, inModel } from './broken-engine.test-support.ts'

const isPresent = (record: SessionRecord | null): record is SessionRecord => record !== null

/** Tells another end of what it has ended just now. */
const endingOtherwise =
  (change: (ended: Ended, now: Instant) => Ended): Change =>
  (engine) => ({
    due: async (now, limit) =>
      (await engine.due(now, limit)).map((record) => ({
        ...record,
        ended: record.ended && record.endedNow ? change(record.ended, now) : record.ended,
      })),
  })

export const brokenDue: readonly BrokenEngine[] = [
  inModel(
    broken(
      'due returns a touched session at its old deadline',
      [
        'live sessions before it in the order hide no record that is due',
        'a touched session is not due at its old deadline but at its new one',
      ],
      (engine) => {
        const noted = new Map<SessionId, Instant>()
        return {
          create: async (record, limit, now) => {
            noted.set(record.id, record.expiresAt)
            return engine.create(record, limit, now)
          },
          due: async (now, limit) => {
            const found = await engine.due(now, limit)
            const passed = [...noted].filter(([, at]) => at <= now).map(([id]) => id)
            for (const id of passed) noted.delete(id)
            const live = (await engine.read(passed)).filter(isPresent).filter((each) => each.ended === null)
            return [
              ...found,
              ...live
                .filter(({ id, expiresAt }) => now < expiresAt && found.every((f) => f.id !== id))
                .map(asDue),
            ]
          },
        }
      },
    ),
  ),
  inModel(
    broken(
      'due forgets a session whose deadline was moved',
      ['a session that a replace gave more time is due at its new deadline'],
      (engine) => {
        const noted = new Map<SessionId, Instant>()
        const lost = new Set<SessionId>()
        return {
          create: async (record, limit, now) => {
            noted.set(record.id, record.expiresAt)
            return engine.create(record, limit, now)
          },
          due: async (now, limit) => {
            for (const [id, at] of noted) {
              const record = await recordOf(engine, id)
              if (at <= now && record !== null && record.ended === null && now < record.expiresAt)
                lost.add(id)
            }
            return (await engine.due(now, limit)).filter(({ id }) => !lost.has(id))
          },
        }
      },
    ),
  ),
  broken(
    'due looks for a session at its first deadline for ever',
    ['a replace with later activity may shorten the deadline'],
    (engine) => {
      const noted = new Map<SessionId, Instant>()
      return {
        create: async (record, limit, now) => {
          noted.set(record.id, record.expiresAt)
          return engine.create(record, limit, now)
        },
        due: async (now, limit) => {
          const found = await engine.due(now, limit)
          return found.filter(({ id, endedNow }) => !endedNow || (noted.get(id) ?? 0) <= now)
        },
      }
    },
  ),
  inModel(
    broken(
      'due loses a record when there are several',
      ['due returns as many as its limit while more are due'],
      (engine) => ({
        due: async (now, limit) => {
          const found = await engine.due(now, limit)
          const last = found.length > 1 ? found.pop() : undefined
          if (last !== undefined) await engine.end(last.id, 'idle', now)
          if (last !== undefined) await engine.settle([last.id], null)
          return found
        },
      }),
    ),
  ),
  broken(
    'due returns one record less than its limit',
    [
      'nothing is due in an empty store, nor with a limit of none',
      'due returns no more than its limit, the earliest of all',
    ],
    (engine) => ({
      due: (now, limit) => engine.due(now, Math.max(1, limit - 1)),
    }),
  ),
  broken(
    'due takes from each bucket its share of the limit, rounded up',
    ['of what is due in several buckets no call returns more than its limit, each bucket in its order'],
    (engine) => ({
      due: (now, limit) => engine.due(now, limit % 4 === 0 ? limit : limit + 4 - (limit % 4)),
    }),
  ),
  broken(
    'due ignores its limit',
    ['nothing is due in an empty store, nor with a limit of none'],
    (engine) => ({ due: (now) => engine.due(now, 10_000) }),
  ),
  broken(
    'due returns nothing for a limit, and takes it away',
    ['nothing is due in an empty store, nor with a limit of none'],
    (engine) => ({
      due: async (now, limit) => {
        const found = await engine.due(now, Math.max(10, limit))
        return limit === 0 ? [] : found
      },
    }),
  ),
  broken(
    'due returns the latest first',
    ['ended and expired sessions are due in one order, the earliest first'],
    (engine) => ({
      due: async (now, limit) => (await engine.due(now, limit)).reverse(),
    }),
  ),
  broken(
    'due returns the ended before the expired',
    ['ended and expired sessions are due in one order, the earliest first'],
    (engine) => ({
      due: async (now, limit) => {
        const found = await engine.due(now, limit)
        return [...found.filter(({ endedNow }) => !endedNow), ...found.filter(({ endedNow }) => endedNow)]
      },
    }),
  ),
  broken(
    'due returns a touched session in the place of its old deadline',
    ['a touched session takes its place by its new deadline'],
    (engine) => {
      const noted = new Map<SessionId, Instant>()
      const placeOf = ({ id, ended, endedNow }: DueRecord): number =>
        (endedNow ? null : ended?.at) ?? noted.get(id) ?? 0
      return {
        create: async (record, limit, now) => {
          noted.set(record.id, record.expiresAt)
          return engine.create(record, limit, now)
        },
        due: async (now, limit) => (await engine.due(now, limit)).sort((a, b) => placeOf(a) - placeOf(b)),
      }
    },
  ),
  broken(
    'due looks at as many records as its limit, live ones too',
    ['live sessions before it in the order hide no record that is due'],
    (engine) => {
      const noted = new Map<SessionId, Instant>()
      return {
        create: async (record, limit, now) => {
          noted.set(record.id, record.expiresAt)
          return engine.create(record, limit, now)
        },
        due: async (now, limit) => {
          const looked = [...noted].filter(([, at]) => at <= now).slice(0, limit)
          const live = (await engine.read(looked.map(([id]) => id))).filter(
            (each) => each !== null && each.ended === null && now < each.expiresAt,
          )
          return engine.due(now, limit - live.length)
        },
      }
    },
  ),
  broken(
    'due returns a session before its deadline',
    ['a session is due when it expires, with all that it held, and not before'],
    (engine) => ({
      due: (now, limit) => engine.due(now + 1, limit),
    }),
  ),
  broken(
    'due returns a session after its deadline',
    ['a session is due when it expires, with all that it held, and not before'],
    (engine) => ({
      due: (now, limit) => engine.due(now - 1, limit),
    }),
  ),
  broken('due passes over anonymous sessions', ['anonymous sessions are due like any other'], (engine) => ({
    due: async (now, limit) => (await engine.due(now, limit)).filter(({ userId }) => userId !== null),
  })),
  inModel(
    broken(
      'due passes over expired sessions that nobody has ended',
      ['a session is due when it expires, with all that it held, and not before'],
      (engine) => ({
        due: async (now, limit) => (await engine.due(now, limit)).filter(({ endedNow }) => !endedNow),
      }),
    ),
  ),
  broken(
    'due returns records without their data',
    ['a session is due when it expires, with all that it held, and not before'],
    (engine) => ({
      due: async (now, limit) =>
        (await engine.due(now, limit)).map((record) => ({ ...record, data: new Uint8Array() })),
    }),
  ),
  inModel(
    broken(
      'due ends nothing that has expired',
      [
        'a late touch does not bring back what due has ended',
        'due ends what has expired by the idle time or the absolute one, and nothing else',
      ],
      (engine) => ({
        due: async (now, limit) => {
          const found = await engine.due(now, limit)
          for (const { endedNow, ...record } of found) {
            if (endedNow) await force(engine, { ...record, ended: null })
          }
          return found.map((record) => (record.endedNow ? asDue({ ...record, ended: null }) : record))
        },
      }),
    ),
  ),
  broken(
    'due ends by the idle time what the absolute one ended',
    ['due ends what has expired by the idle time or the absolute one, and nothing else'],
    endingOtherwise((ended) => ({ ...ended, reason: 'idle' })),
  ),
  broken(
    'due ends at the instant of the call what ended at its deadline',
    ['a session is due when it expires, with all that it held, and not before'],
    endingOtherwise((ended, now) => ({ ...ended, at: now + 1 })),
  ),
  broken(
    'due leaves what it ended in its user’s index',
    ['due ends what has expired by the idle time or the absolute one, and nothing else'],
    (engine) => {
      const ended: SessionRecord[] = []
      return {
        due: async (now, limit) => {
          const found = await engine.due(now, limit)
          ended.push(...found.filter(({ endedNow }) => endedNow))
          return found
        },
        list: async (user, now) => [...(await engine.list(user, now)), ...ended],
      }
    },
  ),
  broken(
    'due tells nobody that it ended a session',
    ['only the call of due that ended a session is told so'],
    (engine) => ({ due: async (now, limit) => (await engine.due(now, limit)).map(asDue) }),
  ),
  broken(
    'due tells every call that it ended a session',
    ['only the call of due that ended a session is told so'],
    (engine) => ({
      due: async (now, limit) =>
        (await engine.due(now, limit)).map((record) => ({ ...record, endedNow: record.ended !== null })),
    }),
  ),
  broken(
    'due ends a record that has no end',
    ['a record without an end is due at its deadline and lives on'],
    (engine) => ({
      due: async (now, limit) => {
        const found = await engine.due(now, limit)
        for (const { id, absoluteAt } of found) if (absoluteAt === NEVER) await engine.end(id, 'idle', now)
        return found
      },
    }),
  ),
]
