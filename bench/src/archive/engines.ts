import { Redis } from 'ioredis'
import { createClient } from 'redis'
import type { Engine } from 'sojourn'
import { lmdb } from 'sojourn/lmdb'
import { memory } from 'sojourn/memory'
import { redis } from 'sojourn/redis'

/** Where engines keep what they keep. */
export interface Places {
  /** A folder that is there already. */
  readonly folder: string
  readonly redisUrl: string
  /** What sets this store apart from others on that server. */
  readonly prefix: string
}

export interface OpenEngine {
  readonly engine: Engine
  /** Of what the engine itself leaves open. */
  readonly release: () => Promise<void>
}

interface EngineEntry {
  readonly title: string
  readonly open: (places: Places) => Promise<OpenEngine>
}

const MEMORY = { maxSessions: 10_000_000, maxBytes: 2 ** 34 }

export const ENGINES = {
  memory: { title: 'memory', open: async () => own(memory(MEMORY)) },
  lmdb: { title: 'LMDB, fsync', open: async ({ folder }) => own(await lmdb({ path: `${folder}/store` })) },
  'lmdb-commit': {
    title: 'LMDB, commit',
    open: async ({ folder }) => own(await lmdb({ path: `${folder}/store`, durability: 'commit' })),
  },
  'redis-ioredis': { title: 'Redis, ioredis', open: onIoredis },
  'redis-node-redis': { title: 'Redis, node-redis', open: onNodeRedis },
} as const satisfies Record<string, EngineEntry>

export type EngineName = keyof typeof ENGINES
export const ENGINE_NAMES = ['memory', 'lmdb', 'lmdb-commit', 'redis-ioredis', 'redis-node-redis'] as const

export function isEngine(name: string): name is EngineName {
  return Object.hasOwn(ENGINES, name)
}

function own(engine: Engine): OpenEngine {
  return { engine, release: async () => undefined }
}

async function onIoredis({ redisUrl, prefix }: Places): Promise<OpenEngine> {
  const client = new Redis(redisUrl)
  return { engine: await redis({ client, prefix, due: true }), release: async () => client.disconnect() }
}

async function onNodeRedis({ redisUrl, prefix }: Places): Promise<OpenEngine> {
  const client = createClient({ url: redisUrl })
  client.on('error', (error: unknown) => console.error(error))
  await client.connect()
  return { engine: await redis({ client, prefix, due: true }), release: async () => client.destroy() }
}
