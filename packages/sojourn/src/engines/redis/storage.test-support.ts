import { type RedisServer, startRedis } from 'sojourn-servers'
import type { Engine } from '../../core/port.ts'
import { type OpenClient, openClient } from './clients.test-support.ts'
import { freshPrefix } from './redis.test-support.ts'
import { redis } from './redis.ts'

/** Of this process, started when the first test asks for it. It ends with the process. */
let server: Promise<RedisServer> | null = null

/** An empty storage for the tests of stores; each handle is a process's own, with a client of its own. */
export async function prepareRedis(): Promise<{
  readonly open: () => Promise<Engine>
  readonly dispose: () => Promise<void>
}> {
  server ??= startRedis()
  const { host, port } = await server
  const prefix = freshPrefix()
  const clients: OpenClient[] = []
  return {
    open: async () => {
      // As many processes as there are clients: the drivers in turn.
      const name = clients.length % 2 === 0 ? 'ioredis' : 'node-redis'
      const client = await openClient(name, { kind: 'server', at: { host, port } })
      clients.push(client)
      return redis({ client: client.driver, prefix, due: true })
    },
    dispose: async () => {
      for (const client of clients) client.close()
    },
  }
}
