import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lmdb } from '../engines/lmdb/index.ts'
import { memory } from '../engines/memory/index.ts'
import { prepareRedis } from '../engines/redis/storage.test-support.ts'
import { over } from '../testing/shareable-store.test-support.ts'
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
export const ENGINES = [
  { name: 'memory', prepare: prepareMemory },
  { name: 'lmdb', prepare: prepareLmdb },
  { name: 'redis', prepare: prepareRedis },
] as const satisfies readonly EngineUnderTest[]

async function prepareMemory(): Promise<Storage> {
  const engine = memory()
  // Closing a handle leaves the engine open for the others.
  return { open: async () => over(engine, { close: async () => undefined }), dispose: () => engine.close() }
}

async function prepareLmdb(): Promise<Storage> {
  const directory = await mkdtemp(join(tmpdir(), 'sojourn-core-'))
  return {
    open: () => lmdb({ path: join(directory, 'store'), durability: 'commit' }),
    dispose: () => rm(directory, { recursive: true, force: true }),
  }
}
