import { SessionError } from '../../core/errors.ts'
import type { Engine, SessionId, SessionRecord } from '../../core/port.ts'
import { loseFrom, over, shareableStore, turn } from '../shareable-store.test-support.ts'
import { type BrokenEngine, broken, brokenHandle } from './broken-engine.test-support.ts'

/** Broken in what a store knows when it is opened again: `change` is told of the opened handle, from the second on. */
function forgetful(
  name: string,
  caughtBy: readonly string[],
  reopen: (engine: Engine) => Promise<Partial<Engine>>,
): BrokenEngine {
  const store = async () => {
    const inner = await shareableStore()
    let opened = 0
    return {
      ...inner,
      open: async () => {
        const engine = await inner.open()
        opened += 1
        return opened === 1 ? engine : over(engine, await reopen(engine))
      },
    }
  }
  return { ...broken(name, caughtBy, () => ({})), store }
}

const OVERWRITTEN =
  'what a handle has read and another one has overwritten is read anew, at once or within staleMs'

export const brokenHandles: readonly BrokenEngine[] = [
  brokenHandle(
    'a handle works on after close',
    ['after close every method rejects with STORE_CLOSED'],
    () => ({ close: async () => undefined }),
  ),
  brokenHandle('a handle keeps what it has read', [OVERWRITTEN], (engine) => {
    const kept = new Map<SessionId, SessionRecord | null>()
    return {
      read: async (ids) => {
        const read = await engine.read(ids)
        return read.map((record) => {
          if (record !== null && !kept.has(record.id)) kept.set(record.id, structuredClone(record))
          return record && structuredClone(kept.get(record.id) ?? record)
        })
      },
    }
  }),
  brokenHandle(
    'a closed handle throws where it should reject',
    ['after close every method rejects with STORE_CLOSED'],
    (engine) => {
      let isClosed = false
      return {
        read: (ids) => {
          if (isClosed) throw new SessionError('STORE_CLOSED')
          return engine.read(ids)
        },
        close: async () => {
          isClosed = true
        },
      }
    },
  ),
  brokenHandle(
    'close does not wait for a create that was begun',
    ['close waits for the writes that were begun before it'],
    (engine) => ({
      create: async (record, limit, now) => {
        const answer = await engine.create(record, limit, now)
        await turn()
        await turn()
        return answer
      },
    }),
  ),
  brokenHandle(
    'the traits are in words of the engine’s own',
    ['the traits are declared with the words of the port'],
    (engine) => ({
      traits: { ...engine.traits, name: '' },
    }),
  ),
  brokenHandle(
    'each handle keeps what it has read',
    ['what one handle was told is done, another handle sees at once'],
    (engine) => {
      const cache = new Map<SessionId, SessionRecord>()
      return {
        read: async (ids) => {
          const records = await engine.read(ids)
          return records.map((record) => {
            if (record === null) return null
            const cached = cache.get(record.id) ?? record
            cache.set(record.id, cached)
            return cached
          })
        },
      }
    },
  ),
  brokenHandle(
    'each handle counts versions for itself',
    ['of replaces of one version through two handles exactly one is done'],
    (engine) => {
      const written = new Map<SessionId, number>()
      return {
        replace: async (record, expectedVersion, now) => {
          const answer = await engine.replace(record, expectedVersion, now)
          const isFirst = !written.has(record.id)
          written.set(record.id, record.version)
          return isFirst && answer.outcome === 'conflict' ? { outcome: 'done' } : answer
        },
      }
    },
  ),
  brokenHandle(
    'each handle counts a user’s sessions for itself',
    ['creates through two handles hold the limit together'],
    (engine) => {
      let created = 0
      return {
        create: async (record, limit, now) => {
          if (limit === null) return engine.create(record, limit, now)
          if (created >= limit.max) return { outcome: 'full' }
          created += 1
          return engine.create(record, null, now)
        },
      }
    },
  ),
  brokenHandle(
    'each handle ends a session once',
    ['what two handles lease, end and settle is disjoint'],
    (engine) => {
      const ended = new Set<SessionId>()
      return {
        end: async (id, reason, at) => {
          const isFirst = !ended.has(id)
          ended.add(id)
          return (await engine.end(id, reason, at)) || isFirst
        },
      }
    },
  ),
  {
    ...broken(
      'closing one handle closes all',
      ['a handle that is closed leaves the others open'],
      () => ({}),
    ),
    store: async () => {
      const inner = await shareableStore()
      const engine = await inner.open()
      return { ...inner, open: async () => over(engine, {}) }
    },
  },
]

export const brokenSurvival: readonly BrokenEngine[] = [
  forgetful(
    'a store that is opened again has lost the touches',
    ['sessions, tombstones and the user’s index are there after the store is opened again'],
    async (engine) => ({
      read: async (ids) =>
        (await engine.read(ids)).map((record) => record && { ...record, seenAt: record.createdAt }),
    }),
  ),
  forgetful(
    'a store that is opened again has lost the user’s index',
    ['sessions, tombstones and the user’s index are there after the store is opened again'],
    async () => ({
      list: async () => [],
    }),
  ),
  forgetful(
    'a store that is opened again counts from nothing',
    ['the user’s limit still holds after the store is opened again'],
    async (engine) => ({
      create: (record, _limit, now) => engine.create(record, null, now),
    }),
  ),
  forgetful(
    'a store that is opened again has lost what is due',
    [
      'what is due, and until when it is leased, is known after the store is opened again',
      'what was settled is still settled after the store is opened again',
    ],
    async () => ({ due: async () => [] }),
  ),
  forgetful(
    'a store that is opened again has forgotten to settle',
    ['what is due, and until when it is leased, is known after the store is opened again'],
    async (engine) => ({
      settle: (ids) => engine.settle(ids, null),
      due: async () => [],
    }),
  ),
  {
    ...broken(
      'a store that is opened again has lost the cut-offs',
      ['the cut-off is there after the store is opened again'],
      () => ({}),
    ),
    store: async () => {
      const inner = await shareableStore((engine, users) => ({
        endUser: async (user, reason, at) => {
          const ids = users.sessionsOf(user.userId).map(({ record }) => record.id)
          await Promise.all(ids.map((id) => engine.end(id, reason, at)))
          for (const id of ids) loseFrom(users, user.userId, id)
          return ids
        },
      }))
      return inner
    },
  },
]
