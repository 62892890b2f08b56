import type { StoreUnderTest } from '../../testing/index.ts'
import { MemoryEngine } from './memory-engine.ts'
import { UserIndex } from './user-index.ts'

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
