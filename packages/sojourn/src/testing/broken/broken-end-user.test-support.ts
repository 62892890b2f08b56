import type { EndReason, Engine, Instant, SessionId } from '../../core/port.ts'
import type { UserIndex } from '../../engines/memory/user-index.ts'
import { type Change, force, recordOf, turn } from '../shareable-store.test-support.ts'
import { type BrokenEngine, broken, inModel } from './broken-engine.test-support.ts'

/** Ends what the index holds, and sets no cut-off. */
async function endListed(
  [engine, users]: readonly [Engine, UserIndex],
  userId: string,
  [reason, at]: readonly [EndReason, Instant],
  except: SessionId | null,
): Promise<SessionId[]> {
  const ids = users.sessionsOf(userId).map(({ record }) => record.id)
  const asked = ids.filter((id) => id !== except)
  await Promise.all(asked.map((id) => engine.end(id, reason, at)))
  return asked
}

interface Cut {
  readonly at: Instant
  readonly reason: EndReason
  readonly except: SessionId | null
}

/** An engine whose cut-offs, seen by `read`, follow another rule than the port's. */
const cutOffs =
  (rule: (before: Cut | undefined, cut: Cut) => Cut | undefined, isInclusive = false): Change =>
  (engine, users) => {
    const cuts = new Map<string, Cut>()
    return {
      endUser: async (user, reason, at, except) => {
        const cut = rule(cuts.get(user.userId), { at, reason, except })
        if (cut !== undefined) cuts.set(user.userId, cut)
        return endListed([engine, users], user.userId, [reason, at], except)
      },
      read: async (ids) =>
        (await engine.read(ids)).map((record) => {
          const cut = cuts.get(record?.userId ?? '')
          if (record === null || cut === undefined || record.ended !== null || record.id === cut.except)
            return record
          const isCut = record.createdAt < cut.at || (isInclusive && record.createdAt === cut.at)
          return isCut ? { ...record, ended: { at: cut.at, reason: cut.reason } } : record
        }),
    }
  }

const later = (before: Cut | undefined, cut: Cut): Cut =>
  before !== undefined && before.at >= cut.at ? before : cut

export const brokenEndUser: readonly BrokenEngine[] = [
  inModel(
    broken(
      'endUser ends the sessions one by one, a turn apart',
      ['a list beside endUser shows all of the user’s sessions or none'],
      (engine) => ({
        endUser: async (user, reason, at, except) => {
          const ended: SessionId[] = []
          for (const { id } of await engine.list(user, at)) {
            await turn()
            if (id !== except && (await engine.end(id, reason, at))) ended.push(id)
          }
          return [...ended, ...(await engine.endUser(user, reason, at, except))]
        },
      }),
    ),
  ),
  inModel(
    broken(
      'endUser returns what it found a turn before',
      ['of concurrent calls of endUser and end each session is ended by exactly one'],
      (engine) => ({
        endUser: async (user, reason, at, except) => {
          const found = (await engine.list(user, at)).map(({ id }) => id).filter((id) => id !== except)
          await turn()
          const ended = await engine.endUser(user, reason, at, except)
          return [...new Set([...found, ...ended])]
        },
      }),
    ),
  ),
  inModel(
    broken(
      'endUser passes over the newest session',
      ['endUser without an exception ends all, and so does one that is not the user’s'],
      (engine) => ({
        endUser: async (user, reason, at, except) => {
          const newest = (await engine.list(user, at)).at(-1)?.id ?? null
          return engine.endUser(user, reason, at, except ?? newest)
        },
      }),
    ),
  ),
  inModel(
    broken(
      'endUser passes over expired sessions',
      ['endUser ends an expired session that nobody has ended'],
      (engine, users) => ({
        endUser: async (user, reason, at, except) => {
          for (const stored of users.sessionsOf(user.userId))
            if (at >= stored.record.expiresAt) users.unlist(stored)
          return engine.endUser(user, reason, at, except)
        },
      }),
    ),
  ),
  inModel(
    broken(
      'endUser ends the excepted session',
      ['the excepted session lives on: it is touched, replaced and ended'],
      (engine) => ({
        endUser: (user, reason, at) => engine.endUser(user, reason, at, null),
      }),
    ),
  ),
  broken(
    'endUser ends a session of another user that it is told to except',
    ['endUser without an exception ends all, and so does one that is not the user’s'],
    (engine) => ({
      endUser: async (user, reason, at, except) => {
        const stored = except === null ? null : await recordOf(engine, except)
        if (stored !== null && stored.userId !== user.userId) await engine.end(stored.id, reason, at)
        return engine.endUser(user, reason, at, except)
      },
    }),
  ),
  broken(
    'endUser ends nothing when it knows the exception not',
    ['endUser without an exception ends all, and so does one that is not the user’s'],
    (engine) => ({
      endUser: async (user, reason, at, except) => {
        const isUnknown = except !== null && (await recordOf(engine, except)) === null
        return isUnknown ? [] : engine.endUser(user, reason, at, except)
      },
    }),
  ),
  inModel(
    broken(
      'endUser returns sessions that had ended before',
      ['endUser without an exception ends all, and so does one that is not the user’s'],
      (engine) => {
        const ended = new Map<string, SessionId[]>()
        return {
          endUser: async (user, reason, at, except) => {
            const ids = [
              ...(ended.get(user.userId) ?? []),
              ...(await engine.endUser(user, reason, at, except)),
            ]
            ended.set(user.userId, ids)
            return ids
          },
          end: async (id, reason, at) => {
            const userId = (await recordOf(engine, id))?.userId ?? ''
            ended.set(userId, [...(ended.get(userId) ?? []), id])
            return engine.end(id, reason, at)
          },
        }
      },
    ),
  ),
  broken(
    'endUser gives an earlier end its own reason',
    ['endUser returns no session that had ended before, and leaves its end as it was'],
    (engine) => {
      const tombstones = new Set<SessionId>()
      return {
        end: async (id, reason, at) => {
          tombstones.add(id)
          return engine.end(id, reason, at)
        },
        endUser: async (user, reason, at, except) => {
          for (const record of await engine.read([...tombstones])) {
            if (record !== null && record.userId === user.userId)
              await force(engine, { ...record, ended: { at, reason } })
          }
          return engine.endUser(user, reason, at, except)
        },
      }
    },
  ),
  broken(
    'endUser returns nothing',
    ['endUser ends all of a user’s sessions but the excepted one'],
    (engine) => ({
      endUser: async (user, reason, at, except) => {
        await engine.endUser(user, reason, at, except)
        return []
      },
    }),
  ),
  broken(
    'endUser ends a hundred sessions at most',
    ['endUser ends a thousand sessions in one call'],
    (engine) => ({
      endUser: async (user, reason, at, except) => {
        const ids = (await engine.list(user, at)).map(({ id }) => id).filter((id) => id !== except)
        if (ids.length <= 100) return engine.endUser(user, reason, at, except)
        await Promise.all(ids.slice(0, 100).map((id) => engine.end(id, reason, at)))
        return ids.slice(0, 100)
      },
    }),
  ),
  broken(
    'endUser forgets the sessions instead of leaving tombstones',
    [
      'endUser ends an expired session that nobody has ended',
      'every session that endUser ended is due at that instant',
      'T52: no create, replace or touch that races with endUser is half done',
    ],
    (engine) => ({
      endUser: async (user, reason, at, except) => {
        const ended = await engine.endUser(user, reason, at, except)
        await engine.settle(ended, null)
        return ended
      },
    }),
  ),
  broken(
    'endUser ends the sessions at another instant',
    ['endUser ends an expired session that nobody has ended'],
    (engine) => ({
      endUser: (user, reason, at, except) => engine.endUser(user, reason, at - 1, except),
    }),
  ),
  broken(
    'endUser takes the excepted session out of the index',
    [
      'endUser ends a thousand sessions in one call',
      'endUser ends all of a user’s sessions but the excepted one',
    ],
    (engine, users) => ({
      endUser: async (user, reason, at, except) => {
        const ended = await engine.endUser(user, reason, at, except)
        for (const stored of users.sessionsOf(user.userId)) users.unlist(stored)
        return ended
      },
    }),
  ),
  broken(
    'endUser ends anonymous sessions',
    ['endUser ends no other user’s session and no anonymous one'],
    (engine) => {
      const anonymous = new Set<SessionId>()
      return {
        create: async (record, limit, now) => {
          if (record.userId === null) anonymous.add(record.id)
          return engine.create(record, limit, now)
        },
        endUser: async (user, reason, at, except) => {
          const ended: SessionId[] = []
          for (const id of anonymous) if (await engine.end(id, reason, at)) ended.push(id)
          return [...ended, ...(await engine.endUser(user, reason, at, except))]
        },
      }
    },
  ),
]

export const brokenCutOff: readonly BrokenEngine[] = [
  broken(
    'the cut-off is ignored',
    ['the cut-off is set for a user whose index is empty'],
    cutOffs(() => undefined),
  ),
  broken(
    'the cut-off ignores its exception',
    ['the cut-off leaves the excepted session alive, even where the index had lost it'],
    cutOffs((before, cut) => later(before, { ...cut, except: null })),
  ),
  broken(
    'the cut-off takes in its own instant',
    [
      'the cut-off ends no session that was created at its instant',
      'endUser of an unknown user ends nothing, and a later session of that user lives',
    ],
    cutOffs(later, true),
  ),
  broken(
    'the first cut-off of a user stays for ever',
    ['a later cut-off replaces an earlier one with its exception'],
    cutOffs((before, cut) => before ?? cut),
  ),
  broken(
    'the last cut-off to arrive stays, however early',
    ['an earlier cut-off that arrives late replaces no later one'],
    cutOffs((_before, cut) => cut),
  ),
  broken(
    'a later cut-off keeps the exception of an earlier one',
    ['a later cut-off replaces an earlier one with its exception'],
    cutOffs((before, cut) => ({ ...later(before, cut), except: before?.except ?? cut.except })),
  ),
  broken(
    'a session created before the cut-off is dead on arrival',
    [
      'a session created before the user’s cut-off, but stored after it, lives',
      'T52: the cut-off ends a session that the index had lost',
    ],
    cutOffs(later),
  ),
  broken(
    'the cut-off gives way for read only',
    ['a session created before the user’s cut-off, but stored after it, lives'],
    (engine) => {
      const cuts = new Map<string, Instant>()
      return {
        endUser: async (user, reason, at, except) => {
          cuts.set(user.userId, at)
          return engine.endUser(user, reason, at, except)
        },
        touch: async (id, seenAt, expiresAt) => {
          const stored = await recordOf(engine, id)
          const isCut = stored !== null && stored.createdAt < (cuts.get(stored.userId ?? '') ?? 0)
          return isCut ? false : engine.touch(id, seenAt, expiresAt)
        },
      }
    },
  ),
  broken(
    'the cut-off is forgotten after a day',
    ['the cut-off is kept as long as a session may live'],
    (engine, users) => {
      const cuts = new Map<string, Cut>()
      return {
        endUser: async (user, reason, at, except) => {
          for (const [user, cut] of cuts) if (cut.at < at - 86_000_000) cuts.delete(user)
          cuts.set(user.userId, { at, reason, except })
          return endListed([engine, users], user.userId, [reason, at], except)
        },
        read: async (ids) =>
          (await engine.read(ids)).map((record) => {
            const cut = cuts.get(record?.userId ?? '')
            if (record === null || cut === undefined || record.ended !== null) return record
            return record.createdAt < cut.at && record.id !== cut.except
              ? { ...record, ended: { at: cut.at, reason: cut.reason } }
              : record
          }),
      }
    },
  ),
  broken(
    'the cut-off is set only for a user whose index is not empty',
    ['the cut-off is set for a user whose index is empty'],
    (engine, users) => ({
      endUser: async (user, reason, at, except) =>
        users.sessionsOf(user.userId).length === 0 ? [] : engine.endUser(user, reason, at, except),
    }),
  ),
  broken(
    'the cut-off ends everybody’s sessions',
    ['the cut-off of one user ends nobody else’s session'],
    (engine, users) => {
      const everybody = new Set<string>()
      return {
        create: async (record, limit, now) => {
          if (record.userId !== null) everybody.add(record.userId)
          return engine.create(record, limit, now)
        },
        endUser: async (user, reason, at, except) => {
          for (const other of everybody) users.cut(other, { at, reason, except })
          return engine.endUser(user, reason, at, except)
        },
      }
    },
  ),
]
