import { type RedisServer, type SentinelGroup, startRedis, startSentinel, until } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../core/port.ts'
import { NOW, numbered, sample, sampleId } from '../../testing/sample.ts'
import type { RedisClient } from '../redis/client.ts'
import type { Place } from '../redis/clients.test-support.ts'
import { BUCKETS } from '../redis/keys.ts'
import { slotOf } from '../redis/slots.ts'
import { RedisWorld } from './redis-world.test-support.ts'

const LIMIT_MS = 30_000

describe('a near cache on Sentinel', () => {
  let group: SentinelGroup
  beforeAll(async () => {
    group = await startSentinel()
  }, 60_000)
  afterAll(() => group.stop())

  test.each(['ioredis', 'node-redis'] as const)(
    'T60: over %s listens to the new primary after a fail-over',
    async (name) => {
      const sentinels = group.sentinels.map(({ host, port }) => ({ host, port }))
      const place: Place = { kind: 'sentinel', name: group.name, sentinels }
      await using world = await RedisWorld.open(name, place)
      await world.warm(sample({ id: sampleId(1, name === 'ioredis' ? 'Aa' : 'Bb') }))
      const old = await group.primary()
      await old.kill()
      await group.nextPrimary(old)
      await world.live()
      const record = numbered(name.length, { userId: null })
      await world.warm(record)
      await world.theirs.end(record.id, 'logout', NOW)
      await world.invalidations.confirm()
      expect((await world.read(record.id))?.ended).not.toBeNull()
      await old.restart()
      await group.settled()
    },
    60_000,
  )
})

describe('a near cache on Cluster', () => {
  let servers: readonly RedisServer[]
  beforeAll(async () => {
    servers = await startPrimaries()
  }, 60_000)
  afterAll(async () => {
    for (const server of servers) await server.stop()
  })

  /** Three sessions, one on each primary. */
  const spread = (first: number) => {
    const buckets = [0, 1, 2].map((third) => bucketBetween(third * 5_461, (third + 1) * 5_461))
    return buckets.map((bucket, index) =>
      numbered(first, { id: sampleId(first + index, bucket), userId: null }),
    )
  }
  const place = (): Place => ({ kind: 'cluster', nodes: servers.map(({ host, port }) => ({ host, port })) })

  test.each(['ioredis', 'node-redis', 'iovalkey'] as const)(
    'T60: over %s hears of every primary',
    async (name) => {
      await using world = await RedisWorld.open(name, place())
      const records = spread(name.length * 10)
      await world.warm(...records)
      for (const record of records) await isSeen(world, record)
    },
  )

  /** Moves a slot to the primary that had none, and rejects when an end of a session there is not seen. */
  const hearsWhereSlotsGo = async (world: RedisWorld, number: number, halfway: () => Promise<void>) => {
    const [from] = servers
    const to = servers.at(-1)
    if (from === undefined || to === undefined) throw new Error('There are four primaries.')
    const bucket = bucketBetween(0, 5_461)
    const [first, second] = [0, 1].map((index) => {
      return numbered(1, { id: sampleId(number + index, bucket), userId: null })
    })
    if (first === undefined || second === undefined) throw new Error('There are two sessions.')
    await world.warm(first)
    const move = await SlotMove.begin(slotOf(bucket), from, to)
    await halfway()
    await move.finish()
    try {
      await isSeen(world, first)
      await world.warm(second)
      await isSeen(world, second)
    } finally {
      await (await SlotMove.begin(slotOf(bucket), to, from)).finish()
    }
  }

  test.each(['ioredis', 'node-redis'] as const)(
    'T60: over %s serves nothing while a slot moves, and hears of it where it went',
    async (name) => {
      await using world = await RedisWorld.open(name, place())
      await hearsWhereSlotsGo(world, name.length * 100, async () => {
        await until('nothing is served', async () => !world.engine.status.isLive || null, LIMIT_MS)
      })
    },
    60_000,
  )

  test('a twin that does not look where slots are is found out', async () => {
    await using world = await RedisWorld.open('ioredis', place(), { seeing: (client) => staring(client) })
    await expect(hearsWhereSlotsGo(world, 7_000, async () => undefined)).rejects.toThrow('not seen')
  }, 60_000)
})

/** Rejects when a session is served that ended elsewhere before, and whose message has come. */
async function isSeen(world: RedisWorld, { id }: SessionRecord): Promise<void> {
  await world.theirs.end(id, 'logout', NOW)
  await until('all was told', () => world.invalidations.confirm().then(() => true), LIMIT_MS)
  if ((await world.read(id))?.ended === null) throw new Error('The end of a session was not seen.')
}

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

/** The last one there is: a beat goes to the first. */
function bucketBetween(first: number, end: number): string {
  const bucket = BUCKETS.filter((each) => slotOf(each) >= first && slotOf(each) < end).at(-1)
  if (bucket === undefined) throw new Error('No bucket there.')
  return bucket
}

/** Three primaries with all slots, and one that has none yet. */
async function startPrimaries(): Promise<readonly RedisServer[]> {
  const config = {
    'cluster-enabled': 'yes',
    'cluster-node-timeout': 1_000,
    'cluster-allow-replica-migration': 'no',
  }
  const servers = await Promise.all(Array.from({ length: 4 }, () => startRedis({ config })))
  const share = Math.ceil(16_384 / 3)
  for (const [index, server] of servers.entries()) {
    const last = Math.min((index + 1) * share, 16_384) - 1
    if (index < 3) await server.cli('CLUSTER', 'ADDSLOTSRANGE', index * share, last)
    for (const other of servers) await server.cli('CLUSTER', 'MEET', other.host, other.port)
  }
  const isUp = async () => {
    const states = await Promise.all(servers.map((server) => server.cli('CLUSTER', 'INFO')))
    return states.every((state) => /state:ok[\s\S]*known_nodes:4/.test(String(state))) || null
  }
  await until('the cluster is up', isUp, LIMIT_MS)
  return servers
}

/** A slot on its way from one primary to another. */
class SlotMove {
  readonly #slot: number
  readonly #from: RedisServer
  readonly #to: RedisServer

  constructor(slot: number, from: RedisServer, to: RedisServer) {
    this.#slot = slot
    this.#from = from
    this.#to = to
  }

  static async begin(slot: number, from: RedisServer, to: RedisServer): Promise<SlotMove> {
    await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(await from.cli('CLUSTER', 'MYID')))
    await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(await to.cli('CLUSTER', 'MYID')))
    return new SlotMove(slot, from, to)
  }

  async finish(): Promise<void> {
    const keys = await this.#from.cli('CLUSTER', 'GETKEYSINSLOT', this.#slot, 1_000)
    const { host, port } = this.#to
    if (Array.isArray(keys) && keys.length > 0) {
      await this.#from.cli('MIGRATE', host, port, '', 0, 5_000, 'KEYS', ...keys.map(String))
    }
    const owner = String(await this.#to.cli('CLUSTER', 'MYID'))
    await this.#to.cli('CLUSTER', 'SETSLOT', this.#slot, 'NODE', owner)
    await this.#from.cli('CLUSTER', 'SETSLOT', this.#slot, 'NODE', owner)
  }
}
