import type { Instant, SessionId, SessionRecord } from '../../core/port.ts'
import { recordOf } from '../shareable-store.test-support.ts'
import { type BrokenEngine, broken, inModel } from './broken-engine.test-support.ts'

const isPresent = (record: SessionRecord | null): record is SessionRecord => record !== null

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
              ...live.filter(({ id, expiresAt }) => now < expiresAt && found.every((f) => f.id !== id)),
            ]
          },
        }
      },
    ),
  ),
  inModel(
    broken(
      'due forgets a session whose deadline was moved',
      [
        'a session that a replace gave more time is due at its new deadline',
        'a session that a late touch brought back from its deadline is due at the new one',
      ],
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
          return found.filter(({ id, ended }) => ended !== null || (noted.get(id) ?? 0) <= now)
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
          if (last !== undefined) await engine.settle(last.id, null)
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
        return [
          ...found.filter(({ ended }) => ended !== null),
          ...found.filter(({ ended }) => ended === null),
        ]
      },
    }),
  ),
  broken(
    'due returns a touched session in the place of its old deadline',
    ['a touched session takes its place by its new deadline'],
    (engine) => {
      const noted = new Map<SessionId, Instant>()
      const placeOf = ({ id, ended }: SessionRecord): number => ended?.at ?? noted.get(id) ?? 0
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
    ['a session is due when it expires, as it is stored, and not before'],
    (engine) => ({
      due: (now, limit) => engine.due(now + 1, limit),
    }),
  ),
  broken(
    'due returns a session after its deadline',
    ['a session is due when it expires, as it is stored, and not before'],
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
      ['a session is due when it expires, as it is stored, and not before'],
      (engine) => ({
        due: async (now, limit) => (await engine.due(now, limit)).filter(({ ended }) => ended !== null),
      }),
    ),
  ),
  broken(
    'due returns records without their data',
    ['a session is due when it expires, as it is stored, and not before'],
    (engine) => ({
      due: async (now, limit) =>
        (await engine.due(now, limit)).map((record) => ({ ...record, data: new Uint8Array() })),
    }),
  ),
]
