import { type Address, type RedisServer, startProxy, startRedis, until } from 'sojourn-servers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NOW, numbered, sample } from '../../testing/sample.ts'
import { openClient, type Place } from '../redis/clients.test-support.ts'
import { clientOf } from '../redis/driver.ts'
import { aclRule, redis } from '../redis/index.ts'
import { subscriberOf } from '../redis/invalidations-driver.ts'
import { RedisInvalidations } from '../redis/invalidations-redis.ts'
import { nearCache } from './near-cache.ts'
import { type Hearing, RedisWorld } from './redis-world.test-support.ts'
import { deaf, lying } from './told.test-support.ts'

const { id } = sample()
/** Room for a machine under load between two looks at it. */
const LIMIT_MS = 10_000
const STALE_MS = 500

let server: RedisServer

beforeEach(async () => {
  server = await startRedis()
})

afterEach(async () => {
  await server.stop()
})

/** Ends sessions elsewhere, and rejects when one that ended is served after its message has come. */
async function endsAreSeen(world: RedisWorld, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, number) => numbered(number, { userId: null }))
  await world.warm(...records)
  for (const record of records) await world.endIsSeen(record)
}

/** Rejects when the session is still served from memory when the server has forgotten it. */
async function isForgotten(world: RedisWorld): Promise<void> {
  const isGone = async () => (await world.read(id)) === null || null
  await until('the session is gone', isGone, 4 * STALE_MS)
}

/** How long after the server was stopped the last record came from memory. */
async function servedAfterStop(world: RedisWorld): Promise<number> {
  server.pause()
  const stoppedAt = performance.now()
  let servedAt = stoppedAt
  while (performance.now() - stoppedAt < 3 * STALE_MS) {
    const { hits, isLive } = world.engine.status
    // A read of the stopped server would wait for it: this one is left to wait.
    world.engine.read([id]).catch(() => undefined)
    if (world.engine.status.hits > hits && isLive) servedAt = performance.now()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return servedAt - stoppedAt
}

const at = ({ host, port }: Address): Place => ({ kind: 'server', at: { host, port } })
const noChanges: Hearing = (inner) => deaf(inner, { changed: () => undefined })
const noLoss: Hearing = (inner) => deaf(inner, { lost: () => undefined })

describe.each(['ioredis', 'iovalkey', 'node-redis'] as const)('a near cache over %s', (name) => {
  const open = (hearing?: Hearing) =>
    RedisWorld.open(name, at(server), { staleMs: STALE_MS, ...(hearing && { hearing }) })

  test('T60: serves nothing that ended before the read began, once the message has come', async () => {
    await using world = await open()
    await endsAreSeen(world, 100)
    expect(world.engine.status.hits).toBeGreaterThanOrEqual(100)
  })

  test('a twin that hears of no change is found out', async () => {
    await using world = await open(noChanges)
    await expect(endsAreSeen(world, 1)).rejects.toThrow('was not seen')
  })

  test('T60: drops everything when its connection is lost, and serves again on a new one', async () => {
    await using world = await open()
    await world.warm(sample())
    await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
    const hasDropped = async () => world.engine.status.drops === 1 || null
    await until('everything is dropped', hasDropped, LIMIT_MS)
    await world.theirs.end(id, 'logout', NOW)
    expect((await world.read(id))?.ended).not.toBeNull()
    await world.warm(numbered(2))
  })

  test('T60: drops everything on FLUSHALL', async () => {
    await using world = await open()
    await world.warm(sample())
    await server.cli('FLUSHALL')
    await isForgotten(world)
  })

  test('a twin that does not mind a loss is found out', async () => {
    await using world = await open(noLoss)
    await world.warm(sample())
    await server.cli('FLUSHALL')
    await expect(isForgotten(world)).rejects.toThrow('Not within')
  })

  test('T60: serves nothing beyond the bound when the server is stopped', async () => {
    await using world = await open()
    await world.warm(sample())
    expect(await servedAfterStop(world)).toBeLessThanOrEqual(STALE_MS)
    server.resume()
    await world.live()
  })

  test('a twin that takes an open connection for a live one is found out', async () => {
    await using world = await open(lying)
    await world.warm(sample())
    expect(await servedAfterStop(world)).toBeGreaterThan(2 * STALE_MS)
    server.resume()
  })

  test('T60: tells only what a restarted server still has', async () => {
    await using world = await open()
    await world.warm(sample())
    await server.kill()
    await server.restart()
    await world.live()
    expect(await world.read(id)).toBeNull()
    await world.warm(numbered(2))
  })

  test('T87: works with the rights of the rule, and without them is no cache and says why', async () => {
    for (const nearCache of [true, false]) {
      const username = `near-${nearCache}`
      await server.cli(...aclRule({ user: username, nearCache }).split(' '), '>secret')
      const login = { username, password: 'secret' }
      await using world = await RedisWorld.open(name, at(server), { login })
      if (nearCache) await world.warm(sample())
      else await until('it says why', async () => world.engine.status.failure, LIMIT_MS)
      expect(world.engine.status.isLive).toBe(nearCache)
      if (!nearCache) expect(world.engine.status.failure?.message).toMatch(/NOPERM|permission/i)
    }
  })
})

describe('the connection that listens', () => {
  test('T60: serves nothing while replies are lost on the way', async () => {
    const proxy = await startProxy({ to: server })
    await using world = await RedisWorld.open('ioredis', at(proxy), { staleMs: STALE_MS })
    await world.warm(sample())
    proxy.dropReplies(true)
    const isSilent = async () => !world.engine.status.isLive || null
    await until('it serves nothing', isSilent, LIMIT_MS)
    proxy.dropReplies(false)
    await world.live()
    await proxy.stop()
  })

  test('T60: proves nothing when it is to another server than the engine writes to', async () => {
    const other = await startRedis()
    const [ours, elsewhere] = [
      await openClient('ioredis', at(server)),
      await openClient('ioredis', at(other)),
    ]
    const heard = new RedisInvalidations({
      client: clientOf(ours.driver),
      prefix: 'sojourn',
      subscriber: (key) => subscriberOf(elsewhere.driver, key),
    })
    const engine = await nearCache(redis({ client: ours.driver }), { invalidations: heard, staleMs: 100 })
    const hasGivenUp = async () => engine.status.failure
    const failure = await until('it gives up', hasGivenUp, LIMIT_MS)
    expect([failure?.message, engine.status.isLive]).toEqual([expect.stringContaining('silent'), false])
    await engine.close()
    ours.close()
    elsewhere.close()
    await other.stop()
  })

  test('T60: hears of a change within the bound, and tells how long it takes', async ({ annotate }) => {
    await using world = await RedisWorld.open('ioredis', at(server))
    const records = Array.from({ length: 300 }, (_, number) => numbered(number, { userId: null }))
    await world.warm(...records)
    const delays: number[] = []
    for (const record of records) {
      await world.theirs.end(record.id, 'logout', NOW)
      const endedAt = performance.now()
      while ((await world.read(record.id))?.ended === null) {
        await new Promise((resolve) => setImmediate(resolve))
      }
      delays.push(performance.now() - endedAt)
    }
    delays.sort((a, b) => a - b)
    const quantile = (share: number) => (delays[Math.ceil(share * delays.length) - 1] ?? 0).toFixed(2)
    await annotate(
      `from the answer to the end elsewhere: p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, max ${quantile(1)} ms`,
    )
    expect(delays.at(-1)).toBeLessThan(1_000)
  })
})
