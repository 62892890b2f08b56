import { type SentinelGroup, startSentinel } from 'sojourn-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { numbered } from '../../testing/sample.ts'
import type { Place } from '../redis/clients.test-support.ts'
import { grant } from './login.test-support.ts'
import { RedisWorld } from './redis-world.test-support.ts'

let group: SentinelGroup

beforeAll(async () => {
  group = await startSentinel()
}, 60_000)
afterAll(() => group.stop())

test.each(['ioredis', 'node-redis'] as const)(
  'T60: a near cache over %s listens to the new primary after a fail-over by Sentinel',
  async (name) => {
    const login = await grant(group.servers, { sentinel: true })
    const sentinels = group.sentinels.map(({ host, port }) => ({ host, port }))
    const place: Place = { kind: 'sentinel', name: group.name, sentinels }
    await using world = await RedisWorld.open(name, place, { login })
    await world.warm(numbered(name.length, { userId: null }))
    const old = await group.primary()
    await old.kill()
    await group.nextPrimary(old)
    const record = numbered(name.length + 100, { userId: null })
    await world.warm(record)
    expect(world.engine.status.drops).toBeGreaterThan(0)
    await world.endIsSeen(record)
    await old.restart()
    await group.settled()
  },
  60_000,
)
