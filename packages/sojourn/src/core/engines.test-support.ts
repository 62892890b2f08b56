import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lmdb } from '../engines/lmdb/index.ts'
import { memory } from '../engines/memory/index.ts'
import type { Engine } from './port.ts'

/** One store's worth of storage, which several stores can share, as several processes would. */
export interface Storage {
  readonly open: () => Promise<Engine>
  readonly dispose: () => Promise<void>
}

export interface EngineUnderTest {
  readonly name: string
  readonly prepare: () => Promise<Storage>
}

/** The engines over which the rules of a store must hold alike. */
export const ENGINES: readonly EngineUnderTest[] = [
  { name: 'memory', prepare: prepareMemory },
  { name: 'lmdb', prepare: prepareLmdb },
]

export async function prepareMemory(): Promise<Storage> {
  const engine = memory()
  return { open: async () => lastingHandle(engine), dispose: () => engine.close() }
}

async function prepareLmdb(): Promise<Storage> {
  const directory = await mkdtemp(join(tmpdir(), 'sojourn-core-'))
  return {
    open: () => lmdb({ path: join(directory, 'store'), durability: 'commit' }),
    dispose: () => rm(directory, { recursive: true, force: true }),
  }
}

/** Closing it leaves the engine open for the others. */
function lastingHandle(engine: Engine): Engine {
  return {
    traits: engine.traits,
    read: (ids) => engine.read(ids),
    create: (record, limit, now) => engine.create(record, limit, now),
    replace: (record, expectedVersion, now) => engine.replace(record, expectedVersion, now),
    touch: (id, seenAt, expiresAt) => engine.touch(id, seenAt, expiresAt),
    end: (id, reason, at) => engine.end(id, reason, at),
    list: (userId, now) => engine.list(userId, now),
    endUser: (userId, reason, at, except) => engine.endUser(userId, reason, at, except),
    due: (now, limit) => engine.due(now, limit),
    settle: (id, keepUntil) => engine.settle(id, keepUntil),
    close: async () => undefined,
  }
}
