import type { SessionId, SessionRecord } from '../../core/port.ts'
import { asDue, force, recordOf, turn } from '../shareable-store.test-support.ts'
import { type BrokenEngine, broken, inModel } from './broken-engine.test-support.ts'

export const brokenEnd: readonly BrokenEngine[] = [
  inModel(
    broken(
      'end answers true twice',
      ['a second end is false and changes neither the reason nor the instant'],
      (engine) => ({
        end: async (id, reason, at) =>
          (await engine.end(id, reason, at)) || (await recordOf(engine, id)) !== null,
      }),
    ),
  ),
  inModel(
    broken(
      'end looks whether the session has ended, and ends it a turn later',
      ['of a hundred ends exactly one is true'],
      (engine) => ({
        end: async (id, reason, at) => {
          const stored = await recordOf(engine, id)
          await turn()
          await engine.end(id, reason, at)
          return stored !== null && stored.ended === null
        },
      }),
    ),
  ),
  broken(
    'end takes a session for expired that was used meanwhile',
    [
      'a session that was used meanwhile is not ended as idle, and lives on',
      'a session that was used meanwhile is not ended as absolute, and lives on',
    ],
    (engine) => ({
      end: async (id, reason, at) => {
        const isExpiry = reason === 'idle' || reason === 'absolute'
        const isEnded = await engine.end(id, isExpiry ? 'admin' : reason, at)
        const stored = await recordOf(engine, id)
        if (isEnded && stored !== null) await force(engine, { ...stored, ended: { at, reason } })
        return isEnded
      },
    }),
  ),
  broken(
    'end answers true for an absent session',
    ['an end of an absent id is false and leaves no tombstone'],
    (engine) => ({
      end: async (id, reason, at) =>
        (await engine.end(id, reason, at)) || (await recordOf(engine, id)) === null,
    }),
  ),
  inModel(
    broken(
      'end writes a later reason over the first',
      [
        'of a hundred ends exactly one is true',
        'a second end is false and changes neither the reason nor the instant',
      ],
      (engine) => ({
        end: async (id, reason, at) => {
          const isEnded = await engine.end(id, reason, at)
          const stored = await recordOf(engine, id)
          if (!isEnded && stored !== null) await force(engine, { ...stored, ended: { at, reason } })
          return isEnded
        },
      }),
    ),
  ),
  inModel(
    broken(
      'end drops the data',
      ['an ended session is a tombstone with every field and its data'],
      (engine) => ({
        end: async (id, reason, at) => {
          const isEnded = await engine.end(id, reason, at)
          const stored = await recordOf(engine, id)
          if (isEnded && stored !== null) await force(engine, { ...stored, data: new Uint8Array() })
          return isEnded
        },
      }),
    ),
  ),
  broken(
    'end drops the secrets',
    ['an ended session is a tombstone with every field and its data'],
    (engine) => ({
      end: async (id, reason, at) => {
        const isEnded = await engine.end(id, reason, at)
        const stored = await recordOf(engine, id)
        if (isEnded && stored !== null) await force(engine, { ...stored, previous: null, retired: [] })
        return isEnded
      },
    }),
  ),
  inModel(
    broken(
      'end forgets the record',
      ['an ended session is a tombstone with every field and its data'],
      (engine) => ({
        end: async (id, reason, at) => {
          const isEnded = await engine.end(id, reason, at)
          await engine.settle([id], null)
          return isEnded
        },
      }),
    ),
  ),
  inModel(
    broken(
      'end leaves the session in its user’s index',
      ['an ended session leaves its user’s index, and no other session does'],
      (engine) => {
        const ended = new Set<SessionId>()
        return {
          end: async (id, reason, at) => {
            ended.add(id)
            return engine.end(id, reason, at)
          },
          list: async (user, now) => {
            const tombstones = (await engine.read([...ended])).filter((each) => each?.userId === user.userId)
            return [...tombstones.filter((each) => each !== null), ...(await engine.list(user, now))]
          },
        }
      },
    ),
  ),
  broken(
    'end takes every session of the user out of the index',
    [
      'an ended session leaves its user’s index, and no other session does',
      'ended sessions are not listed, at no instant',
    ],
    (engine, users) => ({
      end: async (id, reason, at) => {
        const isEnded = await engine.end(id, reason, at)
        const stored = await recordOf(engine, id)
        for (const each of users.sessionsOf(stored?.userId ?? '')) users.unlist(each)
        return isEnded
      },
    }),
  ),
  inModel(
    broken('end refuses an expired session', ['an expired session can be ended, once'], (engine) => ({
      end: async (id, reason, at) => {
        const stored = await recordOf(engine, id)
        return stored !== null && at >= stored.expiresAt ? false : engine.end(id, reason, at)
      },
    })),
  ),
  broken(
    'end is due at once, whatever its instant',
    [
      'T84: records that concurrent callers lease are disjoint and complete',
      'an ended session is due at the instant of its end, and not before',
    ],
    (engine) => {
      const early: SessionId[] = []
      return {
        end: async (id, reason, at) => {
          const isEnded = await engine.end(id, reason, at)
          if (isEnded) early.push(id)
          return isEnded
        },
        due: async (now, limit) => {
          const found = await engine.due(now, limit)
          const ids = early.splice(0).filter((id) => found.every((each) => each.id !== id))
          return [...found, ...(await engine.read(ids)).filter((each) => each !== null).map(asDue)]
        },
      }
    },
  ),
  inModel(
    broken(
      'end leaves nothing due',
      ['an ended session is due at the instant of its end, and not before'],
      (engine) => ({
        due: async (now, limit) => (await engine.due(now, limit)).filter(({ endedNow }) => endedNow),
      }),
    ),
  ),
  broken(
    'end leaves a tombstone for an id that was never stored',
    ['an end of an absent id is false and leaves no tombstone'],
    (engine) => ({
      end: async (id, reason, at) => {
        const isEnded = await engine.end(id, reason, at)
        if ((await recordOf(engine, id)) !== null) return isEnded
        const none = { userId: null, version: 1, authenticatedAt: null, previous: null, retired: [] }
        const times = { createdAt: at, seenAt: at, expiresAt: at, absoluteAt: at }
        const bytes = { digest: new Uint8Array(32), data: new Uint8Array() }
        await force(engine, { id, ...none, ...times, ...bytes, ended: { at, reason } })
        return isEnded
      },
    }),
  ),
  broken(
    'end knows no reason but logout',
    ['an ended session is a tombstone with every field and its data'],
    (engine) => ({
      end: (id, _reason, at) => engine.end(id, 'logout', at),
    }),
  ),
  broken(
    'end passes over anonymous sessions',
    ['an end of an anonymous session is one like any other'],
    (engine) => ({
      end: async (id, reason, at) => {
        const stored = await recordOf(engine, id)
        return stored?.userId === null ? false : engine.end(id, reason, at)
      },
    }),
  ),
]

export const brokenList: readonly BrokenEngine[] = [
  inModel(
    broken(
      'list returns another user’s sessions',
      ['a user sees nobody else’s sessions, and an unknown user none'],
      (engine) => {
        const all = new Map<SessionId, SessionRecord>()
        return {
          create: async (record, limit, now) => {
            all.set(record.id, record)
            return engine.create(record, limit, now)
          },
          list: async (user, now) => {
            const others = await engine.read(
              [...all].filter(([, each]) => each.userId !== user.userId).map(([id]) => id),
            )
            return [...(await engine.list(user, now)), ...others.filter((each) => each !== null).slice(0, 1)]
          },
        }
      },
    ),
  ),
  inModel(
    broken(
      'list returns expired sessions',
      ['a session is listed until its deadline and not at it'],
      (engine) => ({
        list: (user) => engine.list(user, 0),
      }),
    ),
  ),
  broken(
    'list drops a session just before its deadline',
    ['a session is listed until its deadline and not at it'],
    (engine) => ({
      list: (user, now) => engine.list(user, now + 1),
    }),
  ),
  inModel(
    broken(
      'list returns the youngest session first',
      ['list returns the oldest session first, ties by id, whatever the order of creation'],
      (engine) => ({
        list: async (user, now) => (await engine.list(user, now)).reverse(),
      }),
    ),
  ),
  broken(
    'list is in the order of the ids alone',
    ['list returns the oldest session first, ties by id, whatever the order of creation'],
    (engine) => ({
      list: async (user, now) => (await engine.list(user, now)).sort((a, b) => (a.id < b.id ? -1 : 1)),
    }),
  ),
  broken(
    'list sorts ids as a dictionary does',
    ['the order of ids is the order of their characters'],
    (engine) => ({
      list: async (user, now) => {
        const records = await engine.list(user, now)
        return records.sort((a, b) => a.createdAt - b.createdAt || a.id.localeCompare(b.id))
      },
    }),
  ),
  broken(
    'list returns a hundred sessions at most',
    ['without a limit a user may have a thousand live sessions and not one more'],
    (engine) => ({
      list: async (user, now) => (await engine.list(user, now)).slice(0, 100),
    }),
  ),
  broken(
    'list returns records without their data',
    ['a user sees nobody else’s sessions, and an unknown user none'],
    (engine) => ({
      list: async (user, now) =>
        (await engine.list(user, now)).map((record) => ({ ...record, data: new Uint8Array() })),
    }),
  ),
  broken(
    'list ignores a deadline that was moved',
    ['a replace keeps the later deadline of a touch in between'],
    (engine) => {
      const deadlines = new Map<SessionId, number>()
      return {
        create: async (record, limit, now) => {
          deadlines.set(record.id, record.expiresAt)
          return engine.create(record, limit, now)
        },
        list: async (user, now) =>
          (await engine.list(user, now)).filter(({ id }) => now < (deadlines.get(id) ?? 0)),
      }
    },
  ),
  broken(
    'list returns the version that was created',
    ['list returns whole records, those that were replaced in their new version'],
    (engine) => {
      const created = new Map<SessionId, SessionRecord>()
      return {
        create: async (record, limit, now) => {
          created.set(record.id, record)
          return engine.create(record, limit, now)
        },
        list: async (user, now) =>
          (await engine.list(user, now)).map((record) => created.get(record.id) ?? record),
      }
    },
  ),
]
