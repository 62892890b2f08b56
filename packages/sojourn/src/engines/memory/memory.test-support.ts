import type { SessionRecord } from '../../core/port.ts'
import type { StoreUnderTest } from '../../testing/index.ts'
import { MemoryEngine } from './memory-engine.ts'
import { UserIndex } from './user-index.ts'

export const NOW = 1_700_000_000_000
export const MINUTE = 60_000

/** A record that lives from `NOW` for a minute, with an id of its own per number. */
export function record(number: number, overrides: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: `AA${String(number).padStart(14, '0')}`,
    userId: 'u_1',
    version: 1,
    createdAt: NOW,
    seenAt: NOW,
    expiresAt: NOW + MINUTE,
    absoluteAt: NOW + 60 * MINUTE,
    authenticatedAt: null,
    digest: new Uint8Array(32),
    previous: null,
    retired: [],
    ended: null,
    data: new Uint8Array(100),
    ...overrides,
  }
}

export function engineOf(limits: { maxBytes?: number; maxSessions?: number } = {}): MemoryEngine {
  return new MemoryEngine({ maxBytes: 2 ** 30, maxSessions: 10_000_000, ...limits })
}

/** A store for the conformance suite. Its handles are one engine: the store is shared within a process. */
export async function memoryStore(): Promise<StoreUnderTest> {
  const users = new UserIndex()
  const engine = new MemoryEngine({ maxBytes: 2 ** 30, maxSessions: 100_000 }, users)
  return {
    open: async () => engine,
    loseIndexEntry: async (userId, id) => {
      for (const stored of users.sessionsOf(userId)) if (stored.record.id === id) users.unlist(stored)
    },
  }
}
