import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conformance, runCase, type StoreUnderTest } from '../../testing/index.ts'
import { invalidations, redis } from '../redis/index.ts'
import { Keys } from '../redis/keys.ts'
import { memberOf } from '../redis/redis.test-support.ts'
import { nearCache } from './near-cache.ts'

let server: RedisServer
let client: Redis
let stores = 0

beforeAll(async () => {
  server = await startRedis()
  client = new Redis({ host: server.host, port: server.port })
})

afterAll(async () => {
  client.disconnect()
  await server.stop()
})

/** A store of its own for each case; each handle has a cache of its own, which serves before it is handed out. */
async function store(due: boolean): Promise<StoreUnderTest> {
  stores += 1
  const prefix = `case-${stores}`
  const keys = new Keys(prefix)
  return {
    open: async () => {
      const heard = invalidations({ client, prefix })
      const engine = await nearCache(redis({ client, prefix, due }), { invalidations: heard })
      await heard.confirm()
      expect(engine.status.isLive).toBe(true)
      return engine
    },
    loseIndexEntry: async (userId, id) => {
      await client.zrem(keys.index(id.slice(0, 2), userId).key, memberOf(id))
    },
  }
}

describe.each([false, true])('redis with a near cache, due: %s', (due) => {
  for (const each of conformance) {
    test(each.name, async ({ annotate }) => {
      const report = await runCase(each, { store: () => store(due) })
      if (report.outcome === 'failed') throw report.error
      if (report.outcome === 'excluded') await annotate(report.reason, 'excluded')
    })
  }
})
