import {
  type DueRecord,
  type Engine,
  type Instant,
  LEASE_MS,
  type SessionId,
  type SessionRecord,
} from '../../core/port.ts'
import { asDue, force, recordOf, turn } from '../shareable-store.test-support.ts'
import { type BrokenEngine, broken, inModel } from './broken-engine.test-support.ts'

const isPresent = (record: SessionRecord | null): record is SessionRecord => record !== null

/** Remembers what due has handed out, and until when. */
function withLeases(
  engine: Engine,
  change: (leases: Map<SessionId, Instant>) => Partial<Engine>,
): Partial<Engine> {
  const leases = new Map<SessionId, Instant>()
  return {
    due: async (now, limit) => {
      const found = await engine.due(now, limit)
      for (const { id } of found) leases.set(id, now + LEASE_MS)
      return found
    },
    ...change(leases),
  }
}

export const brokenLease: readonly BrokenEngine[] = [
  inModel(
    broken(
      'due leases nothing',
      ['an expired session that due returned is not due again until its lease is over'],
      (engine) => ({
        due: async (now, limit) => {
          const found = await engine.due(now, limit)
          for (const record of found) await force(engine, record)
          return found
        },
      }),
    ),
  ),
  inModel(
    broken(
      'due leases a turn after it has looked',
      ['T84: records that concurrent callers lease are disjoint and complete'],
      (engine) => {
        const looking = new Map<string, Promise<DueRecord[]>>()
        return {
          due: async (now, limit) => {
            const key = `${now}:${limit}`
            const found = looking.get(key) ?? engine.due(now, limit)
            looking.set(key, found)
            await turn()
            looking.delete(key)
            return found
          },
        }
      },
    ),
  ),
  broken(
    'due leases for a shorter time',
    [
      'an expired session that due returned is not due again until its lease is over',
      'a tombstone that nobody settled is due again when its lease is over',
    ],
    (engine) =>
      withLeases(engine, (leases) => ({
        due: async (now, limit) => {
          const early = [...leases].filter(([, until]) => now >= until - 1 && now < until).map(([id]) => id)
          const found = await engine.due(now, limit)
          for (const { id } of found) leases.set(id, now + LEASE_MS)
          return [...found, ...(await engine.read(early)).filter(isPresent).map(asDue)]
        },
      })),
  ),
  inModel(
    broken(
      'due never returns a record again',
      ['an expired session that due returned is not due again until its lease is over'],
      (engine) => {
        const seen = new Set<SessionId>()
        return {
          due: async (now, limit) => {
            const found = (await engine.due(now, limit)).filter(({ id }) => !seen.has(id))
            for (const { id } of found) seen.add(id)
            return found
          },
        }
      },
    ),
  ),
  broken(
    'due leases against the caller’s clock',
    ['a caller whose clock is behind gets no record that another has leased'],
    (engine) => {
      let latest = 0
      const leased = new Set<SessionId>()
      return {
        due: async (now, limit) => {
          const found = await engine.due(now, limit)
          const again = now < latest ? (await engine.read([...leased])).filter(isPresent) : []
          latest = now
          for (const { id } of found) leased.add(id)
          return [...found, ...again.map(asDue)]
        },
      }
    },
  ),
  broken(
    'due lets an end break a lease',
    ['a leased session that is ended meanwhile stays with the caller that leased it'],
    (engine) =>
      withLeases(engine, (leases) => ({
        end: async (id, reason, at) => {
          const isEnded = await engine.end(id, reason, at)
          const record = await recordOf(engine, id)
          if (leases.has(id) && record !== null) await force(engine, record)
          return isEnded
        },
      })),
  ),
  broken(
    'due holds everything back while one record is leased',
    ['a lease of one record holds back no other'],
    (engine) => {
      let until = 0
      return {
        due: async (now, limit) => {
          if (now < until) return []
          const found = await engine.due(now, limit)
          if (found.length > 0) until = now + LEASE_MS
          return found
        },
      }
    },
  ),
]
