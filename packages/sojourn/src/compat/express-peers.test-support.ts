import { createClient } from 'redis'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { onTestFinished } from 'vitest'
import { freshPrefix } from '../engines/redis/redis.test-support.ts'
import { type ExpressStore, RedisStore, session } from './express-module.test-support.ts'

/** Of this process, started when the first test asks for it. It ends with the process. */
let server: Promise<RedisServer> | null = null

/** connect-redis over a real server; its client closes with the test. */
async function connectRedis(): Promise<ExpressStore> {
  server ??= startRedis()
  const { host, port } = await server
  const client = createClient({ socket: { host, port } })
  await client.connect()
  onTestFinished(() => client.destroy())
  return new RedisStore({ client, prefix: `${freshPrefix()}:` })
}

/** Stores that users come from. */
export const PEERS = [
  { name: 'connect-redis', open: connectRedis },
  { name: 'the MemoryStore of express-session', open: async () => new session.MemoryStore() },
] as const
