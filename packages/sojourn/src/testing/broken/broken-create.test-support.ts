import type { SessionId } from '../../core/port.ts'
import { sampleUser } from '../sample.ts'
import { force, loseFrom, recordOf, turn } from '../shareable-store.test-support.ts'
import { type BrokenEngine, broken, inModel } from './broken-engine.test-support.ts'

export const brokenCreate: readonly BrokenEngine[] = [
  inModel(
    broken(
      'create writes over a tombstone',
      [
        'a create of the id of a tombstone answers exists and revives nothing',
        'a create of the id of a settled tombstone answers exists',
      ],
      (engine) => ({
        create: async (record, limit, now) => {
          const stored = await recordOf(engine, record.id)
          if (stored === null || stored.ended === null) return engine.create(record, limit, now)
          await force(engine, record)
          return { outcome: 'done', ended: [] }
        },
      }),
    ),
  ),
  inModel(
    broken(
      'create writes over a live or expired session',
      ['a create of the id of an expired session answers exists'],
      (engine) => ({
        create: async (record, limit, now) => {
          const stored = await recordOf(engine, record.id)
          if (stored !== null && stored.ended === null) await engine.end(record.id, 'admin', now)
          if (stored !== null && stored.ended === null) await engine.settle([record.id], null)
          return engine.create(record, limit, now)
        },
      }),
    ),
  ),
  broken(
    'create writes over an expired session',
    ['a create of the id of an expired session answers exists'],
    (engine) => ({
      create: async (record, limit, now) => {
        const stored = await recordOf(engine, record.id)
        if (stored === null || now < stored.expiresAt) return engine.create(record, limit, now)
        await force(engine, record)
        return { outcome: 'done', ended: [] }
      },
    }),
  ),
  broken(
    'create makes room before it looks whether the id is stored',
    ['a create of a stored id ends no session to make room'],
    (engine) => ({
      create: async (record, limit, now) => {
        const stored = await recordOf(engine, record.id)
        if (stored === null || limit?.whenFull !== 'endOldest') return engine.create(record, limit, now)
        for (const { id } of await engine.list(sampleUser(record.userId ?? ''), now))
          await engine.end(id, 'limit', now)
        return { outcome: 'exists' }
      },
    }),
  ),
  broken(
    'create indexes a record that it refuses',
    ['a create of the id of a live session answers exists and writes nothing'],
    (engine, users) => ({
      create: async (record, limit, now) => {
        const answer = await engine.create(record, limit, now)
        if (answer.outcome !== 'done')
          users.add({ record, bytes: 0, leasedUntil: 0, dueAt: 0, position: 0, place: 0 })
        return answer
      },
    }),
  ),
  inModel(
    broken(
      'create stores a record that it refuses',
      [
        'naming another user’s session as the replaced one makes no room',
        'a session beyond the limit is refused, and nothing is written',
      ],
      (engine) => ({
        create: async (record, limit, now) => {
          const answer = await engine.create(record, limit, now)
          if (answer.outcome === 'full') await engine.create(record, null, now)
          return answer
        },
      }),
    ),
  ),
  inModel(
    broken(
      'create lets the index drift: it forgets every third session',
      ['list returns the oldest session first, ties by id, whatever the order of creation'],
      (engine, users) => {
        let count = 0
        return {
          create: async (record, limit, now) => {
            const answer = await engine.create(record, limit, now)
            count += 1
            if (answer.outcome === 'done' && count % 3 === 0) loseFrom(users, record.userId, record.id)
            return answer
          },
        }
      },
    ),
  ),
  broken(
    'create indexes nothing',
    ['a created session is found by its id and listed under its user'],
    (engine, users) => ({
      create: async (record, limit, now) => {
        const answer = await engine.create(record, limit, now)
        if (answer.outcome === 'done') loseFrom(users, record.userId, record.id)
        return answer
      },
    }),
  ),
  broken(
    'create never takes a forgotten id again',
    ['a forgotten id may be created again as a new session'],
    (engine) => {
      const known = new Set<SessionId>()
      return {
        create: async (record, limit, now) => {
          if (known.has(record.id)) return { outcome: 'exists' }
          const answer = await engine.create(record, limit, now)
          if (answer.outcome === 'done') known.add(record.id)
          return answer
        },
      }
    },
  ),
  inModel(
    broken(
      'create compares the id, and stores a turn later',
      ['of two hundred creates of one id exactly one is done'],
      (engine) => ({
        create: async (record, limit, now) => {
          const isNew = (await recordOf(engine, record.id)) === null
          await turn()
          if (isNew && limit === null) await force(engine, record)
          return isNew && limit === null ? { outcome: 'done', ended: [] } : engine.create(record, limit, now)
        },
      }),
    ),
  ),
]
