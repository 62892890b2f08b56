import { Cluster, Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { createClient } from 'redis'
import { type RedisCluster, type RedisServer, startCluster, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NOW, next, numbered, sampleId, sampleUser } from '../../testing/sample.ts'
import type { OpenClient } from './clients.test-support.ts'
import { freshPrefix } from './redis.test-support.ts'
import { redis } from './redis.ts'

let server: RedisServer
let cluster: RedisCluster
beforeAll(async () => {
  server = await startRedis()
  cluster = await startCluster()
}, 60_000)
afterAll(async () => {
  await cluster.stop()
  await server.stop()
})

function ioredis(options: object): OpenClient {
  const driver = new Redis({ host: server.host, port: server.port, ...options })
  return { driver, close: () => driver.disconnect() }
}

function iovalkey(options: object): OpenClient {
  const driver = new Valkey({ host: server.host, port: server.port, ...options })
  return { driver, close: () => driver.disconnect() }
}

function ioredisCluster(options: object): OpenClient {
  const driver = new Cluster(
    cluster.servers.map(({ host, port }) => ({ host, port })),
    options,
  )
  return { driver, close: () => driver.disconnect() }
}

async function nodeRedis(options: object): Promise<OpenClient> {
  const driver = createClient({ socket: { host: server.host, port: server.port }, ...options })
  await driver.connect()
  return { driver, close: () => driver.destroy() }
}

/** RESP's type bytes: what an application wants bulk strings, numbers and lists to be. */
const OTHER_TYPES = { typeMapping: { 36: String, 58: String, 42: Set } }

describe('whatever the application has its client set to, sessions are right:', () => {
  test.each<readonly [string, () => OpenClient | Promise<OpenClient>]>([
    ['ioredis, which pipelines by itself', () => ioredis({ enableAutoPipelining: true })],
    ['iovalkey, which pipelines by itself', () => iovalkey({ enableAutoPipelining: true })],
    ['ioredis on a cluster, which pipelines by itself', () => ioredisCluster({ enableAutoPipelining: true })],
    ['ioredis with numbers as text', () => ioredis({ stringNumbers: true })],
    ['ioredis with RESP 3', () => ioredis({ protocol: 3 })],
    ['node-redis with RESP 2', () => nodeRedis({ RESP: 2 })],
    ['node-redis with RESP 3', () => nodeRedis({ RESP: 3 })],
    ['node-redis with types of its own', () => nodeRedis({ commandOptions: OTHER_TYPES })],
  ])('%s', async (_, open) => {
    const { driver, close } = await open()
    try {
      await server.cli('SCRIPT', 'FLUSH')
      const engine = await redis({ client: driver, prefix: freshPrefix(), due: true })
      expect(await engine.create(numbered(1), null, NOW)).toEqual({ outcome: 'done', ended: [] })
      const both = [
        engine.create(numbered(2), null, NOW),
        engine.touch(sampleId(1), NOW + 1, NOW + 9),
      ] as const
      expect(await Promise.all(both)).toEqual([{ outcome: 'done', ended: [] }, true])
      expect(await engine.replace(next(numbered(1)), 1, NOW)).toEqual({ outcome: 'done' })
      expect(await engine.replace(next(numbered(1)), 1, NOW)).toMatchObject({ outcome: 'conflict' })
      const [record, none] = await engine.read([sampleId(1), sampleId(3)])
      expect([record?.version, record?.digest, none]).toEqual([2, Buffer.from(numbered(1).digest), null])
      expect(await engine.list(sampleUser(), NOW)).toHaveLength(2)
      expect(await engine.end(sampleId(1), 'logout', NOW)).toBe(true)
      expect(await engine.endUser(sampleUser(), 'admin', NOW, null)).toEqual([sampleId(2)])
      expect(await engine.due(NOW, 10)).toHaveLength(2)
    } finally {
      close()
    }
  })
})
