import session from 'express-session'
import memorystore from 'memorystore'
import type { Contestant } from './contestant.ts'
import { ExpressStore } from './express-store.ts'

/** What express-session uses when it is given nothing. */
export function expressMemory(): Contestant {
  return new ExpressStore(new session.MemoryStore())
}

export function memorystoreLru(): Contestant {
  const MemoryStore = memorystore(session)
  return new ExpressStore(new MemoryStore({}))
}
