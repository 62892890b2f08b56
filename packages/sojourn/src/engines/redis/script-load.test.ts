import { Redis } from 'ioredis'
import { createCluster } from 'redis'
import { type RedisCluster, startCluster } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NOW, sample, sampleId } from '../../testing/sample.ts'
import { clientOf } from './driver.ts'
import { BUCKETS } from './keys.ts'
import { redis } from './redis.ts'
import { slotOf } from './slots.ts'

/** Far more than an answer takes, far less than the hanging server will. */
const SOON_MS = 5_000

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster({ primaries: 3, replicas: 0, config: { 'cluster-node-timeout': 60_000 } })
}, 60_000)
afterAll(() => cluster.stop())

async function ioredis() {
  const driver = new Redis.Cluster([...cluster.nodes])
  await new Promise((resolve) => driver.once('ready', resolve))
  return { driver, close: () => driver.disconnect() }
}

async function nodeRedis() {
  const driver = createCluster({ rootNodes: cluster.nodes.map((socket) => ({ socket })) })
  driver.on('error', () => undefined)
  await driver.connect()
  return { driver, close: () => driver.destroy() }
}

describe.each([
  ['ioredis', ioredis],
  ['node-redis', nodeRedis],
] as const)('over %s', (prefix, open) => {
  test(
    'a script that one primary lost is loaded there although another primary hangs',
    async () => {
      const { driver, close } = await open()
      const engine = await redis({ client: driver, prefix })
      const record = sample({ id: sampleId(1, BUCKETS[0]) })
      await engine.create(record, null, NOW)
      const owner = await cluster.ownerOf(slotOf(BUCKETS[0] ?? ''))
      const [other] = cluster.servers.filter((server) => server !== owner)
      await clientOf(driver).sendEverywhere(['SCRIPT', 'FLUSH'])
      await other?.pause()
      // The twin that waits for all of them is still waiting when the answer is there.
      let isTwinDone = false
      const twin = clientOf(driver).sendEverywhere(['PING'])
      const noted = twin.then(() => {
        isTwinDone = true
      })
      try {
        const answer = engine.touch(record.id, NOW, NOW + 60_000)
        await expect(answer).resolves.toBe(true)
        expect(isTwinDone).toBe(false)
      } finally {
        await other?.resume()
      }
      await noted
      await engine.close()
      close()
    },
    SOON_MS,
  )
})
