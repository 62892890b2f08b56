import { type RedisCluster, type RedisServer, startCluster, until } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../core/port.ts'
import { numbered, sampleId } from '../../testing/sample.ts'
import type { RedisClient } from '../redis/client.ts'
import type { DriverName, Login, Place } from '../redis/clients.test-support.ts'
import { BUCKETS } from '../redis/keys.ts'
import { slotOf } from '../redis/slots.ts'
import { grant } from './login.test-support.ts'
import { RedisWorld, type WorldOptions } from './redis-world.test-support.ts'

const LIMIT_MS = 30_000
const START_MS = 60_000
const THIRD = 5_462

let number = 0
/** A session in a bucket that nobody has used. */
const fresh = (bucket: string): SessionRecord => {
  number += 1
  return numbered(1, { id: sampleId(number, bucket), userId: null })
}
/** The last bucket with a slot of this third of them: a beat goes to the first. */
const bucketOf = (third: number): string =>
  BUCKETS.filter((bucket) => Math.floor(slotOf(bucket) / THIRD) === third).at(-1) ?? ''

/** A primary that has no slot, and of which no client has heard. */
async function isolated(server: RedisServer, cluster: RedisCluster): Promise<RedisServer> {
  await server.cli('CLUSTER', 'RESET', 'SOFT')
  const [first] = cluster.servers
  if (first === undefined) throw new Error('There is no server.')
  const bus = await first.cli('CONFIG', 'GET', 'cluster-port')
  const { host, port } = cluster.addressOf(first)
  await server.cli('CLUSTER', 'MEET', host, port, Array.isArray(bus) ? Number(bus[1]) : 0)
  await cluster.acquainted()
  await cluster.settled()
  return server
}

describe('a near cache on Cluster', () => {
  let cluster: RedisCluster
  let spare: RedisServer
  let login: Login
  beforeAll(async () => {
    // The fourth replica becomes a primary of its own.
    cluster = await startCluster({ primaries: 3, replicas: 4 })
    const last = cluster.servers.at(-1)
    if (last === undefined) throw new Error('There is no fourth replica.')
    spare = await isolated(last, cluster)
    login = await grant(cluster.servers, { cluster: true })
  }, START_MS)
  afterAll(() => cluster.stop())

  const open = (name: DriverName, options: WorldOptions = {}) => {
    const place: Place = { kind: 'cluster', nodes: cluster.nodes.slice(0, 3) }
    return RedisWorld.open(name, place, { login, ...options })
  }

  test.each(['ioredis', 'node-redis', 'iovalkey'] as const)(
    'T60: over %s hears of every primary',
    async (name) => {
      await using world = await open(name)
      const records = [0, 1, 2].map((third) => fresh(bucketOf(third)))
      await world.warm(...records)
      for (const record of records) await world.endIsSeen(record)
    },
  )

  /** Moves a slot to the spare primary and back, and rejects when an end of a session there is not seen. */
  const hearsWhereSlotsGo = async (world: RedisWorld, halfway: () => Promise<void>) => {
    const bucket = bucketOf(0)
    const [first, second] = [fresh(bucket), fresh(bucket)]
    await world.warm(first)
    const move = await cluster.moveSlot(slotOf(bucket), spare)
    try {
      await move.begin()
      await halfway()
      while ((await move.migrate()) > 0);
      await move.finish()
      await world.endIsSeen(first)
      await world.warm(second)
      await world.endIsSeen(second)
    } finally {
      await cluster.settled()
      await (await cluster.moveSlot(slotOf(bucket), move.from)).run()
      await cluster.settled()
    }
  }

  test.each(['ioredis', 'node-redis'] as const)(
    'T60: over %s serves nothing while a slot moves, and hears of it where it went',
    async (name) => {
      await using world = await open(name)
      await hearsWhereSlotsGo(world, async () => {
        await until('nothing is served', async () => !world.engine.status.isLive || null, LIMIT_MS)
      })
    },
    START_MS,
  )

  test(
    'a twin that does not look again where slots are is found out',
    async () => {
      await using world = await open('ioredis', { seeing: staring })
      const played = hearsWhereSlotsGo(world, async () => undefined)
      await expect(played).rejects.toThrow('was not seen')
    },
    START_MS,
  )

  test.each(['ioredis', 'node-redis'] as const)(
    'T60: over %s listens to the new primary after a fail-over',
    async (name) => {
      await using world = await open(name)
      const bucket = bucketOf(1)
      await world.warm(fresh(bucket))
      const old = await cluster.ownerOf(slotOf(bucket))
      await old.kill()
      await cluster.nextOwner(slotOf(bucket), old)
      const record = fresh(bucket)
      await world.warm(record)
      expect(world.engine.status.drops).toBeGreaterThan(0)
      await world.endIsSeen(record)
      await old.restart()
      await grant([old], { cluster: true })
      await cluster.settled()
    },
    START_MS,
  )
})

/** A client whose look at a server always shows what the first look showed. */
function staring(client: RedisClient): RedisClient {
  return {
    isCluster: client.isCluster,
    sendAll: (commands) => client.sendAll(commands),
    sendEverywhere: (args) => client.sendEverywhere(args),
    connect: async (key) => {
      const connection = await client.connect(key)
      const seen = await connection.send(['CLUSTER', 'NODES'])
      return { isOpen: true, send: async () => seen, close: () => connection.close() }
    },
    primaryOf: (key) => client.primaryOf(key),
    refresh: (key) => client.refresh(key),
    close: () => client.close(),
  }
}
