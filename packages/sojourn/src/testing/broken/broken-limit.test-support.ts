import type { Engine, SessionId, SessionRecord } from '../../core/port.ts'
import { sampleUser } from '../sample.ts'
import { recordOf, turn } from '../shareable-store.test-support.ts'
import { type BrokenEngine, broken, inModel } from './broken-engine.test-support.ts'

const idsOf = (records: readonly SessionRecord[]): SessionId[] => records.map(({ id }) => id)

/** Counts, and stores a turn later without counting again. */
async function createRacily(
  engine: Engine,
  record: SessionRecord,
  [max, now]: readonly [number, number],
): Promise<{ outcome: 'done'; ended: SessionId[] } | { outcome: 'exists' | 'full' }> {
  const live = await engine.list(sampleUser(record.userId ?? ''), now)
  await turn()
  if (live.length >= max) return { outcome: 'full' }
  const answer = await engine.create(record, null, now)
  return answer.outcome === 'done' ? { outcome: 'done', ended: [] } : answer
}

export const brokenLimit: readonly BrokenEngine[] = [
  inModel(
    broken(
      'create counts the user’s sessions, and stores a turn later',
      ['T53: of a thousand creates within a limit of three, three are stored'],
      (engine) => ({
        create: async (record, limit, now) => {
          if (limit?.whenFull !== 'refuse' || limit.replaces !== null)
            return engine.create(record, limit, now)
          return createRacily(engine, record, [limit.max, now])
        },
      }),
    ),
  ),
  inModel(
    broken(
      'create ends the oldest sessions, and stores a turn later',
      ['T53: a thousand creates that end the oldest leave three, and end each other once'],
      (engine) => ({
        create: async (record, limit, now) => {
          if (limit?.whenFull !== 'endOldest' || record.userId === null)
            return engine.create(record, limit, now)
          if ((await recordOf(engine, record.id)) !== null) return { outcome: 'exists' }
          const live = (await engine.list(sampleUser(record.userId), now)).filter(
            ({ id }) => id !== limit.replaces,
          )
          await turn()
          const ended = idsOf(live).slice(0, Math.max(0, live.length + 1 - limit.max))
          for (const id of ended) await engine.end(id, 'limit', now)
          const answer = await engine.create(record, null, now)
          return answer.outcome === 'done' ? { outcome: 'done', ended } : answer
        },
      }),
    ),
  ),
  inModel(
    broken(
      'create ignores the limit',
      ['a session beyond the limit is refused, and nothing is written'],
      (engine) => ({
        create: (record, _limit, now) => engine.create(record, null, now),
      }),
    ),
  ),
  broken(
    'create without a limit has no ceiling',
    ['without a limit a user may have a thousand live sessions and not one more'],
    (engine) => ({
      create: (record, limit, now) => engine.create(record, limit, limit === null ? 2 ** 47 : now),
    }),
  ),
  broken(
    'create obeys a limit above the ceiling',
    ['a limit above the ceiling is held to the ceiling'],
    (engine) => ({
      create: async (record, limit, now) => {
        const isAbove = limit !== null && limit.max > 1_000
        return engine.create(record, isAbove ? null : limit, isAbove ? 2 ** 47 : now)
      },
    }),
  ),
  inModel(
    broken(
      'create counts expired sessions',
      ['a session counts until its deadline and not at it'],
      (engine) => ({
        create: (record, limit, now) => engine.create(record, limit, limit?.whenFull === 'refuse' ? 0 : now),
      }),
    ),
  ),
  broken(
    'create ends expired sessions for the limit',
    [
      'a session counts until its deadline and not at it',
      'endOldest ends no session that is expired already',
    ],
    (engine) => ({
      create: (record, limit, now) => engine.create(record, limit, limit === null ? now : now - 3_600_000),
    }),
  ),
  inModel(
    broken('create counts ended sessions', ['ended sessions do not count'], (engine) => {
      const ended: SessionId[] = []
      return {
        end: async (id, reason, at) => {
          ended.push(id)
          return engine.end(id, reason, at)
        },
        create: async (record, limit, now) => {
          if (limit?.whenFull !== 'refuse') return engine.create(record, limit, now)
          const tombstones = (await engine.read(ended)).filter((each) => each?.userId === record.userId)
          const max = Math.max(0, limit.max - tombstones.length)
          return max === 0 ? { outcome: 'full' } : engine.create(record, { ...limit, max }, now)
        },
      }
    }),
  ),
  broken(
    'create stops counting a session at its first deadline',
    ['a session whose deadline a touch moved counts until the new deadline'],
    (engine) => {
      const deadlines = new Map<SessionId, number>()
      return {
        create: async (record, limit, now) => {
          const live = record.userId === null ? [] : await engine.list(sampleUser(record.userId), now)
          const passed = live.filter(({ id }) => (deadlines.get(id) ?? now) < now).length
          deadlines.set(record.id, record.expiresAt)
          return engine.create(record, limit && { ...limit, max: limit.max + passed }, now)
        },
      }
    },
  ),
  broken(
    'create counts a session at its deadline',
    ['a session counts until its deadline and not at it'],
    (engine) => ({
      create: (record, limit, now) => engine.create(record, limit, now - 1),
    }),
  ),
  broken(
    'create does not count a session just before its deadline',
    ['a session counts until its deadline and not at it'],
    (engine) => ({
      create: (record, limit, now) => engine.create(record, limit, now + 1),
    }),
  ),
  broken(
    'create counts every session as the user’s',
    ['anonymous sessions are not held to a limit', 'another user’s sessions do not count'],
    (engine) => {
      const all = new Set<SessionId>()
      return {
        create: async (record, limit, now) => {
          const others = [...all].length - (await engine.list(sampleUser(record.userId ?? ''), now)).length
          all.add(record.id)
          const max = Math.max(1, (limit?.max ?? 1_000) - others)
          if (limit?.whenFull === 'refuse' && others >= limit.max) return { outcome: 'full' }
          return engine.create(record, limit && { ...limit, max }, now)
        },
      }
    },
  ),
  inModel(
    broken(
      'create counts the session that is about to be replaced',
      ['the session that is about to be replaced is neither counted nor ended'],
      (engine) => ({
        create: (record, limit, now) => engine.create(record, limit && { ...limit, replaces: null }, now),
      }),
    ),
  ),
  broken(
    'create makes room for whatever it is told to replace',
    ['naming another user’s session as the replaced one makes no room'],
    (engine) => ({
      create: (record, limit, now) =>
        engine.create(
          record,
          limit && { ...limit, max: limit.max + (limit.replaces === null ? 0 : 1), replaces: null },
          now,
        ),
    }),
  ),
  broken(
    'create applies a limit to anonymous sessions',
    ['anonymous sessions are not held to a limit'],
    (engine) => {
      let anonymous = 0
      return {
        create: async (record, limit, now) => {
          if (record.userId === null && limit !== null && anonymous >= limit.max) return { outcome: 'full' }
          if (record.userId === null) anonymous += 1
          return engine.create(record, limit, now)
        },
      }
    },
  ),
  inModel(
    broken(
      'create ends the newest sessions for the limit',
      ['beyond the limit the oldest session ends, with the reason limit, and is due'],
      (engine) => ({
        create: async (record, limit, now) => {
          if (limit?.whenFull !== 'endOldest' || record.userId === null)
            return engine.create(record, limit, now)
          if ((await recordOf(engine, record.id)) !== null) return { outcome: 'exists' }
          const live = (await engine.list(sampleUser(record.userId), now)).filter(
            ({ id }) => id !== limit.replaces,
          )
          const ended = idsOf(live)
            .reverse()
            .slice(0, Math.max(0, live.length + 1 - limit.max))
          await Promise.all(ended.map((id) => engine.end(id, 'limit', now)))
          const answer = await engine.create(record, null, now)
          return answer.outcome === 'done' ? { outcome: 'done', ended } : answer
        },
      }),
    ),
  ),
  broken(
    'create ends itself when it is the oldest',
    ['a limit of one leaves only the new session, even where it was created before the others'],
    (engine) => ({
      create: async (record, limit, now) => {
        const live = record.userId === null ? [] : await engine.list(sampleUser(record.userId), now)
        const answer = await engine.create(record, limit, now)
        const isOldest = live.length > 0 && live.every(({ createdAt }) => record.createdAt < createdAt)
        if (answer.outcome === 'done' && limit?.whenFull === 'endOldest' && isOldest) {
          await engine.end(record.id, 'limit', now)
        }
        return answer
      },
    }),
  ),
  broken(
    'create ends one session at most',
    [
      'a limit of one leaves only the new session, even where it was created before the others',
      'a lower limit ends as many as are too many, oldest first, ties by id',
    ],
    (engine) => ({
      create: async (record, limit, now) => {
        const live = record.userId === null ? [] : await engine.list(sampleUser(record.userId), now)
        const max = Math.max(limit?.max ?? 0, live.length)
        return engine.create(
          record,
          limit && { ...limit, max: limit.whenFull === 'endOldest' ? max : limit.max },
          now,
        )
      },
    }),
  ),
  broken(
    'create does not name the sessions that it ended',
    ['a limit of one leaves only the new session, even where it was created before the others'],
    (engine) => ({
      create: async (record, limit, now) => {
        const answer = await engine.create(record, limit, now)
        return answer.outcome === 'done' ? { outcome: 'done', ended: [] } : answer
      },
    }),
  ),
  broken(
    'create forgets the sessions that the limit ended',
    [
      'T53: a thousand creates that end the oldest leave three, and end each other once',
      'beyond the limit the oldest session ends, with the reason limit, and is due',
    ],
    (engine) => ({
      create: async (record, limit, now) => {
        const answer = await engine.create(record, limit, now)
        if (answer.outcome === 'done') await engine.settle(answer.ended, null)
        return answer
      },
    }),
  ),
]
