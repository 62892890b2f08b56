import type { Engine, Instant, SessionId, SessionRecord } from '../../core/port.ts'
import { asDue, force, recordOf } from '../shareable-store.test-support.ts'
import { type BrokenEngine, broken, inModel } from './broken-engine.test-support.ts'

/** Settles several records as it settles one. */
const one =
  (settle: (id: SessionId, keepUntil: Instant | null) => Promise<void>): Engine['settle'] =>
  async (ids, keepUntil) => {
    for (const id of ids) await settle(id, keepUntil)
  }

export const brokenSettle: readonly BrokenEngine[] = [
  inModel(
    broken(
      'settle forgets a live session',
      [
        'no method ends a session on the way',
        'settle leaves an expired session that nobody has ended as it is',
        'settle leaves a live session as it is',
      ],
      (engine) => ({
        settle: one(async (id, keepUntil) => {
          if (keepUntil === null) await engine.end(id, 'admin', 0)
          return engine.settle([id], keepUntil)
        }),
      }),
    ),
  ),
  broken(
    'settle forgets an expired session that nobody has ended',
    ['settle leaves an expired session that nobody has ended as it is'],
    (engine) => {
      let latest = 0
      return {
        due: async (now, limit) => {
          latest = now
          return engine.due(now, limit)
        },
        settle: one(async (id, keepUntil) => {
          const record = await recordOf(engine, id)
          if (record !== null && latest >= record.expiresAt) await engine.end(id, 'idle', latest)
          return engine.settle([id], keepUntil)
        }),
      }
    },
  ),
  broken(
    'settle drops the data of a live session',
    ['settle leaves an expired session that nobody has ended as it is'],
    (engine) => ({
      settle: one(async (id, keepUntil) => {
        const record = await recordOf(engine, id)
        const isLive = record !== null && record.ended === null && keepUntil !== null
        if (isLive) await force(engine, { ...record, data: new Uint8Array() })
        return engine.settle([id], keepUntil)
      }),
    }),
  ),
  inModel(
    broken(
      'settle keeps the data of a tombstone',
      ['a tombstone that is kept loses its data and nothing else'],
      (engine) => {
        const kept = new Map<SessionId, Uint8Array>()
        const withData = <Record extends SessionRecord>(record: Record): Record => ({
          ...record,
          data: kept.get(record.id) ?? record.data,
        })
        return {
          settle: one(async (id, keepUntil) => {
            const record = await recordOf(engine, id)
            if (record?.ended && !kept.has(id)) kept.set(id, record.data)
            return engine.settle([id], keepUntil)
          }),
          read: async (ids) => (await engine.read(ids)).map((record) => record && withData(record)),
          due: async (now, limit) => (await engine.due(now, limit)).map(withData),
        }
      },
    ),
  ),
  inModel(
    broken(
      'settle forgets a tombstone that is to be kept',
      ['a tombstone that is kept loses its data and nothing else'],
      (engine) => ({
        settle: one((id) => engine.settle([id], null)),
      }),
    ),
  ),
  inModel(
    broken(
      'settle keeps a tombstone that is to be forgotten',
      ['a session that was settled for good is absent and never due again'],
      (engine) => ({
        settle: one((id, keepUntil) => engine.settle([id], keepUntil ?? 2 ** 47)),
      }),
    ),
  ),
  broken(
    'settle drops the secrets of a tombstone that is kept',
    ['a tombstone that is kept loses its data and nothing else'],
    (engine) => ({
      settle: one(async (id, keepUntil) => {
        await engine.settle([id], keepUntil)
        const record = await recordOf(engine, id)
        if (record === null || keepUntil === null || record.ended === null) return
        await force(engine, { ...record, previous: null, retired: [] })
        await engine.settle([id], keepUntil)
      }),
    }),
  ),
  inModel(
    broken(
      'settle never makes a kept tombstone due again',
      ['a tombstone may be kept a second time, until another instant'],
      (engine) => ({
        settle: one((id, keepUntil) => engine.settle([id], keepUntil && 2 ** 47)),
      }),
    ),
  ),
  broken(
    'settle makes a kept tombstone due before its instant',
    [
      'a tombstone may be kept a second time, until another instant',
      'a tombstone that is kept is due again at that instant and not before',
    ],
    (engine) => ({
      settle: one((id, keepUntil) => engine.settle([id], keepUntil && keepUntil - 1)),
    }),
  ),
  broken(
    'settle keeps a tombstone until the first instant it was told',
    ['a tombstone may be kept a second time, until another instant'],
    (engine) => {
      const kept = new Map<SessionId, Instant>()
      return {
        settle: one(async (id, keepUntil) => {
          const until = kept.get(id) ?? keepUntil
          if (keepUntil !== null) kept.set(id, until ?? keepUntil)
          return engine.settle([id], keepUntil === null ? null : until)
        }),
      }
    },
  ),
  broken(
    'settle leaves a forgotten session due',
    ['a session that was settled for good is absent and never due again'],
    (engine) => {
      const forgotten: SessionRecord[] = []
      return {
        settle: one(async (id, keepUntil) => {
          const record = await recordOf(engine, id)
          if (record !== null && record.ended !== null && keepUntil === null) forgotten.push(record)
          return engine.settle([id], keepUntil)
        }),
        due: async (now, limit) => [...forgotten.splice(0).map(asDue), ...(await engine.due(now, limit))],
      }
    },
  ),
  broken(
    'settle settles only what due has handed out',
    ['a tombstone may be settled without having been due'],
    (engine) => {
      const leased = new Set<SessionId>()
      return {
        due: async (now, limit) => {
          const found = await engine.due(now, limit)
          for (const { id } of found) leased.add(id)
          return found
        },
        settle: one(async (id, keepUntil) => (leased.has(id) ? engine.settle([id], keepUntil) : undefined)),
      }
    },
  ),
  broken(
    'settle makes a tombstone of an absent id',
    ['settle of an absent id leaves nothing behind'],
    (engine) => ({
      settle: one(async (id, keepUntil) => {
        if ((await recordOf(engine, id)) !== null || keepUntil === null) return engine.settle([id], keepUntil)
        const none = { userId: null, version: 1, authenticatedAt: null, previous: null, retired: [] }
        const times = { createdAt: 0, seenAt: 0, expiresAt: 1, absoluteAt: 1 }
        const bytes = { digest: new Uint8Array(32), data: new Uint8Array() }
        await force(engine, { id, ...none, ...times, ...bytes, ended: { at: keepUntil, reason: 'admin' } })
      }),
    }),
  ),
  broken(
    'settle leaves the session in its user’s index',
    ['a session that was settled for good is absent and never due again'],
    (engine) => {
      const forgotten = new Map<string, SessionRecord>()
      return {
        settle: one(async (id, keepUntil) => {
          const record = await recordOf(engine, id)
          if (record?.ended && keepUntil === null) forgotten.set(record.userId ?? '', record)
          return engine.settle([id], keepUntil)
        }),
        list: async (user, now) => {
          const ghost = forgotten.get(user.userId)
          return [...(ghost === undefined ? [] : [ghost]), ...(await engine.list(user, now))]
        },
      }
    },
  ),
  broken(
    'settle settles the first of several records alone',
    ['of several records those that have ended are settled, whatever the others are'],
    (engine) => ({ settle: (ids, keepUntil) => engine.settle(ids.slice(0, 1), keepUntil) }),
  ),
  broken(
    'settle stops at the first record that is absent or lives',
    ['of several records those that have ended are settled, whatever the others are'],
    (engine) => ({
      settle: async (ids, keepUntil) => {
        for (const id of ids) {
          if (!(await recordOf(engine, id))?.ended) return
          await engine.settle([id], keepUntil)
        }
      },
    }),
  ),
  broken(
    'settle takes all records for records of one bucket',
    ['of several records those that have ended are settled, whatever the others are'],
    (engine) => ({
      settle: (ids, keepUntil) => {
        const bucket = ids.find((id) => id.length === 16)?.slice(0, 2)
        return engine.settle(
          ids.filter((id) => id.slice(0, 2) === bucket),
          keepUntil,
        )
      },
    }),
  ),
]
