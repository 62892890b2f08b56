import { sampleUser } from '../testing/sample.ts'
import { force, recordOf } from '../testing/shareable-store.test-support.ts'
import type { Twin } from './arena.test-support.ts'
import type { Engine, SessionId, SessionRecord } from './port.ts'

/** Writes over whatever live version is stored. */
async function overwrite(raw: Engine, record: SessionRecord, now: number): Promise<void> {
  const stored = await recordOf(raw, record.id)
  if (stored === null || stored.ended !== null) return
  await raw.replace({ ...record, version: stored.version + 1 }, stored.version, now)
}

/** Lets others go first. */
async function pause(stepped: Engine, id: SessionId): Promise<void> {
  await stepped.read([id])
}

/** The classic faults of session stores, each as an engine that has it. */
export const TWINS: readonly { readonly name: string; readonly twin: Twin }[] = [
  {
    name: 'writes blindly: the last writer wins',
    twin: (raw, stepped) => ({
      replace: async (record, expectedVersion, now) => {
        const answer = await stepped.replace(record, expectedVersion, now)
        if (answer.outcome !== 'conflict') return answer
        await overwrite(raw, record, now)
        return { outcome: 'done' }
      },
    }),
  },
  {
    name: 'compares the version, and writes a step later',
    twin: (raw, stepped) => ({
      replace: async (record, expectedVersion, now) => {
        const stored = await recordOf(raw, record.id)
        if (stored?.version !== expectedVersion) return stepped.replace(record, expectedVersion, now)
        await pause(stepped, record.id)
        await overwrite(raw, record, now)
        return { outcome: 'done' }
      },
    }),
  },
  {
    name: 'acknowledges a write that lost',
    twin: (_raw, stepped) => ({
      replace: async (record, expectedVersion, now) => {
        const answer = await stepped.replace(record, expectedVersion, now)
        return answer.outcome === 'conflict' ? { outcome: 'done' } : answer
      },
    }),
  },
  {
    name: 'looks whether the session lives, and writes a step later: an end is undone',
    twin: (raw, stepped) => ({
      replace: async (record, expectedVersion, now) => {
        const stored = await recordOf(raw, record.id)
        const isLive = stored !== null && stored.ended === null && now < stored.expiresAt
        if (!isLive || stored.version !== expectedVersion) {
          return stepped.replace(record, expectedVersion, now)
        }
        await pause(stepped, record.id)
        const current = await recordOf(raw, record.id)
        if (current?.version !== expectedVersion) return stepped.replace(record, expectedVersion, now)
        await force(raw, record)
        return { outcome: 'done' }
      },
    }),
  },
  {
    name: 'touches an ended session back to life',
    twin: (raw, stepped) => ({
      touch: async (id, seenAt, expiresAt) => {
        const isLive = await stepped.touch(id, seenAt, expiresAt)
        const stored = await recordOf(raw, id)
        if (isLive || stored === null || stored.ended === null || stored.data.byteLength === 0) return isLive
        await force(raw, { ...stored, ended: null })
        return true
      },
    }),
  },
  {
    name: 'writes the data that it read along with a touch',
    twin: (raw, stepped) => ({
      touch: async (id, seenAt, expiresAt) => {
        const stored = await recordOf(raw, id)
        const isLive = await stepped.touch(id, seenAt, expiresAt)
        if (isLive && stored !== null) await overwrite(raw, { ...stored, seenAt, expiresAt }, seenAt)
        return isLive
      },
    }),
  },
  {
    name: 'says of every end that this call did it',
    twin: (_raw, stepped) => ({
      end: async (id, reason, at) => {
        await stepped.end(id, reason, at)
        return true
      },
    }),
  },
  {
    name: 'ends without saying so',
    twin: (_raw, stepped) => ({
      end: async (id, reason, at) => {
        await stepped.end(id, reason, at)
        return false
      },
    }),
  },
  {
    name: 'counts a user’s sessions, and stores a step later',
    twin: (_raw, stepped) => ({
      create: async (record, limit, now) => {
        if (record.userId === null || limit === null) return stepped.create(record, limit, now)
        const live = (await stepped.list(sampleUser(record.userId), now)).filter(
          ({ id }) => id !== limit.replaces,
        )
        const surplus = Math.max(0, live.length + 1 - limit.max)
        if (surplus > 0 && limit.whenFull === 'refuse') return { outcome: 'full' }
        const oldest = live.slice(0, surplus).map(({ id }) => id)
        const ended: SessionId[] = []
        for (const id of oldest) if (await stepped.end(id, 'limit', now)) ended.push(id)
        await stepped.create(record, null, now)
        return { outcome: 'done', ended }
      },
    }),
  },
  {
    name: 'keeps an index of its own, from which endUser takes nothing',
    twin: (() => {
      const index = new Map<SessionId, string>()
      return (raw, stepped) => ({
        create: async (record, limit, now) => {
          const created = await stepped.create(record, limit, now)
          if (record.userId !== null && created.outcome === 'done') index.set(record.id, record.userId)
          return created
        },
        end: async (id, reason, at) => {
          index.delete(id)
          return stepped.end(id, reason, at)
        },
        list: async (user) => {
          const ids = [...index].filter(([, owner]) => owner === user.userId).map(([id]) => id)
          const records = await raw.read(ids)
          return records.flatMap((record) => (record === null ? [] : [{ ...record, ended: null }]))
        },
      })
    })(),
  },
  {
    name: 'loses the index entry of a session that was written twice',
    twin: (_raw, stepped) => ({
      list: async (user, now) => {
        return (await stepped.list(user, now)).filter(({ version }) => version < 3)
      },
    }),
  },
  {
    name: 'spares the newest session in endUser',
    twin: (raw, stepped) => ({
      endUser: async (user, reason, at, except) => {
        const newest = (await raw.list(user, at)).at(-1)
        return stepped.endUser(user, reason, at, except ?? newest?.id ?? null)
      },
    }),
  },
  {
    name: 'lists first what endUser then ends one by one',
    twin: (_raw, stepped) => ({
      endUser: async (user, reason, at, except) => {
        const records = (await stepped.list(user, at)).filter(({ id }) => id !== except)
        for (const { id } of records) await stepped.end(id, reason, at)
        return records.map(({ id }) => id)
      },
    }),
  },
  {
    name: 'hides tombstones: a late change is lost at the log-in',
    twin: (_raw, stepped) => ({
      read: async (ids) => {
        const records = await stepped.read(ids)
        return records.map((record) => (record?.ended ? null : record))
      },
    }),
  },
]
