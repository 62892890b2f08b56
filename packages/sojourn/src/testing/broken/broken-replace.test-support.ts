import type { Engine, SessionRecord } from '../../core/port.ts'
import { asDue, force, recordOf, turn } from '../shareable-store.test-support.ts'
import { type BrokenEngine, broken, inModel } from './broken-engine.test-support.ts'

/** Writes the record over whatever live version is stored. */
async function overwrite(engine: Engine, record: SessionRecord, now: number): Promise<void> {
  const stored = await recordOf(engine, record.id)
  if (stored === null || stored.ended !== null) return
  const version = Math.max(record.version, stored.version + 1)
  await engine.replace({ ...record, version }, stored.version, now)
}

export const brokenReplace: readonly BrokenEngine[] = [
  inModel(
    broken(
      'replace compares the version, and writes a turn later',
      [
        'of two hundred replaces of one version exactly one is done',
        'of concurrent writers that try again none loses an update',
      ],
      (engine) => ({
        replace: async (record, expectedVersion, now) => {
          const stored = await recordOf(engine, record.id)
          if (stored?.version !== expectedVersion) return engine.replace(record, expectedVersion, now)
          await turn()
          await overwrite(engine, record, now)
          return { outcome: 'done' }
        },
      }),
    ),
  ),
  inModel(
    broken(
      'replace ignores the version: the last writer wins',
      [
        'a replace of another version is a conflict that brings the current record',
        'of concurrent writers that try again none loses an update',
      ],
      (engine) => ({
        replace: async (record, expectedVersion, now) => {
          const answer = await engine.replace(record, expectedVersion, now)
          if (answer.outcome !== 'conflict') return answer
          await overwrite(engine, record, now)
          return { outcome: 'done' }
        },
      }),
    ),
  ),
  inModel(
    broken(
      'replace that lost answers done',
      ['a replace of another version is a conflict that brings the current record'],
      (engine) => ({
        replace: async (record, expectedVersion, now) => {
          const answer = await engine.replace(record, expectedVersion, now)
          return answer.outcome === 'conflict' ? { outcome: 'done' } : answer
        },
      }),
    ),
  ),
  inModel(
    broken(
      'replace brings the caller’s record as the current one of a conflict',
      [
        'a replace of another version is a conflict that brings the current record',
        'of two hundred replaces of one version exactly one is done',
      ],
      (engine) => ({
        replace: async (record, expectedVersion, now) => {
          const answer = await engine.replace(record, expectedVersion, now)
          return answer.outcome === 'conflict' ? { outcome: 'conflict', current: record } : answer
        },
      }),
    ),
  ),
  broken(
    'replace brings a current record that is stale',
    ['a replace of another version is a conflict that brings the current record'],
    (engine) => {
      const created = new Map<string, SessionRecord>()
      return {
        create: async (record, limit, now) => {
          created.set(record.id, record)
          return engine.create(record, limit, now)
        },
        replace: async (record, expectedVersion, now) => {
          const answer = await engine.replace(record, expectedVersion, now)
          const current = created.get(record.id) ?? record
          return answer.outcome === 'conflict' ? { outcome: 'conflict', current } : answer
        },
      }
    },
  ),
  inModel(
    broken(
      'replace revives an ended session',
      [
        'a replace after the end is gone whichever version it expects',
        'T51: a replace that arrives after the end is gone and revives nothing',
      ],
      (engine) => ({
        replace: async (record, expectedVersion, now) => {
          const stored = await recordOf(engine, record.id)
          if (stored === null || stored.ended === null) return engine.replace(record, expectedVersion, now)
          await force(engine, record)
          return { outcome: 'done' }
        },
      }),
    ),
  ),
  inModel(
    broken(
      'replace looks whether the session lives, and writes a turn later',
      ['T51: no replace and no touch that races with an end revives the session'],
      (engine) => ({
        replace: async (record, expectedVersion, now) => {
          const stored = await recordOf(engine, record.id)
          if (stored?.version !== expectedVersion || stored.ended !== null || now >= stored.expiresAt) {
            return engine.replace(record, expectedVersion, now)
          }
          await turn()
          await force(engine, record)
          return { outcome: 'done' }
        },
      }),
    ),
  ),
  inModel(
    broken(
      'replace creates an absent session',
      [
        'a replace of an absent id is gone and creates nothing',
        'T51: a replace that arrives after the end is gone and revives nothing',
      ],
      (engine) => ({
        replace: async (record, expectedVersion, now) => {
          const isAbsent = (await recordOf(engine, record.id)) === null
          if (!isAbsent) return engine.replace(record, expectedVersion, now)
          await engine.create(record, null, now)
          return { outcome: 'done' }
        },
      }),
    ),
  ),
  broken(
    'replace puts an absent session into the index',
    ['a replace of an absent id is gone and creates nothing'],
    (engine, users) => ({
      replace: async (record, expectedVersion, now) => {
        const answer = await engine.replace(record, expectedVersion, now)
        const isAbsent = (await recordOf(engine, record.id)) === null
        if (isAbsent) users.add({ record, bytes: 0, leasedUntil: 0, dueAt: 0, position: 0, place: 0 })
        return answer
      },
    }),
  ),
  inModel(
    broken(
      'replace forgets an expiry: it writes an expired session',
      ['a session can be replaced until its deadline and not at it'],
      (engine) => ({
        replace: async (record, expectedVersion, now) => {
          const stored = await recordOf(engine, record.id)
          const live = stored === null ? now : Math.min(now, stored.expiresAt - 1)
          return engine.replace(record, expectedVersion, live)
        },
      }),
    ),
  ),
  broken(
    'replace takes a session for dead before its deadline',
    ['a session can be replaced until its deadline and not at it'],
    (engine) => ({
      replace: (record, expectedVersion, now) => engine.replace(record, expectedVersion, now + 1),
    }),
  ),
  inModel(
    broken(
      'replace loses a touch in between',
      [
        'a replace keeps the later deadline of a touch in between',
        'T51: no replace and no touch that races with an end revives the session',
      ],
      (engine) => ({
        replace: async (record, expectedVersion, now) => {
          const answer = await engine.replace(record, expectedVersion, now)
          const stored = await recordOf(engine, record.id)
          if (answer.outcome === 'done' && stored !== null && stored.seenAt > record.seenAt) {
            await force(engine, record)
          }
          return answer
        },
      }),
    ),
  ),
  broken(
    'replace loses a touch of the same instant',
    ['a replace keeps the deadline of a touch of the same instant'],
    (engine) => ({
      replace: async (record, expectedVersion, now) => {
        const before = await recordOf(engine, record.id)
        const answer = await engine.replace(record, expectedVersion, now)
        if (answer.outcome === 'done' && before?.seenAt === record.seenAt) await force(engine, record)
        return answer
      },
    }),
  ),
  broken(
    'replace keeps the later deadline, whatever it belongs to',
    ['a replace with later activity may shorten the deadline'],
    (engine) => ({
      replace: async (record, expectedVersion, now) => {
        const before = await recordOf(engine, record.id)
        const expiresAt = Math.max(record.expiresAt, before?.expiresAt ?? 0)
        return engine.replace({ ...record, expiresAt }, expectedVersion, now)
      },
    }),
  ),
  broken(
    'replace keeps a deadline that lies beyond the absolute one',
    ['a kept deadline does not outlast an absolute deadline that the replace lowers'],
    (engine) => ({
      replace: async (record, expectedVersion, now) => {
        const before = await recordOf(engine, record.id)
        const answer = await engine.replace(record, expectedVersion, now)
        const stored = await recordOf(engine, record.id)
        if (answer.outcome === 'done' && before && stored && stored.expiresAt < before.expiresAt) {
          await force(engine, { ...stored, expiresAt: before.expiresAt })
        }
        return answer
      },
    }),
  ),
  broken(
    'replace stores any version',
    ['a replace that would not raise the version is not stored as it is'],
    (engine) => ({
      replace: async (record, expectedVersion, now) => {
        if (record.version > expectedVersion) return engine.replace(record, expectedVersion, now)
        await force(engine, record)
        return { outcome: 'done' }
      },
    }),
  ),
  broken(
    'replace gives the session to another user',
    ['a replace changes neither the user nor the creation'],
    (engine) => ({
      replace: async (record, expectedVersion, now) => {
        const stored = await recordOf(engine, record.id)
        const isMoved = stored?.version === expectedVersion && stored.userId !== record.userId
        if (!isMoved) return engine.replace(record, expectedVersion, now)
        await force(engine, record)
        return { outcome: 'done' }
      },
    }),
  ),
  broken(
    'replace stores the data and forgets the other fields',
    ['a replace of the stored version stores the whole new record'],
    (engine) => ({
      replace: async (record, expectedVersion, now) => {
        const stored = await recordOf(engine, record.id)
        if (stored === null) return engine.replace(record, expectedVersion, now)
        const { version, seenAt, expiresAt, data } = record
        return engine.replace(
          { ...stored, ended: null, version, seenAt, expiresAt, data },
          expectedVersion,
          now,
        )
      },
    }),
  ),
  broken(
    'replace makes a session due that is not stored',
    ['a replace of an absent id is gone and creates nothing'],
    (engine) => {
      const ghosts: SessionRecord[] = []
      return {
        replace: async (record, expectedVersion, now) => {
          const answer = await engine.replace(record, expectedVersion, now)
          if ((await recordOf(engine, record.id)) === null) ghosts.push(record)
          return answer
        },
        due: async (now, limit) => [...ghosts.splice(0).map(asDue), ...(await engine.due(now, limit))],
      }
    },
  ),
]
