import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Engine, LEASE_MS, type SessionRecord } from '../../core/port.ts'
import { HOUR, NOW, sample, sampleId } from '../../testing/sample.ts'
import { type OpenClient, openClient } from './clients.test-support.ts'
import { Keys } from './keys.ts'
import { Monitor } from './monitor.test-support.ts'
import { freshPrefix } from './redis.test-support.ts'
import { redis } from './redis.ts'

let server: RedisServer
let client: OpenClient
let prefix: string
let engine: Engine
beforeAll(async () => {
  server = await startRedis()
  client = await openClient('ioredis', { kind: 'server', at: server })
})
afterAll(async () => {
  client.close()
  await server.stop()
})
beforeEach(async () => {
  prefix = freshPrefix()
  engine = await redis({ client: client.driver, prefix, due: true })
})

const NAMES = ['AA', 'Ab', 'zZ', '__']

/** So many sessions, dealt out to four buckets in turn, each due a second after the one before. */
async function put(count: number): Promise<SessionRecord[]> {
  const records = Array.from({ length: count }, (_, index) =>
    sample({
      id: sampleId(index, NAMES[index % NAMES.length]),
      userId: null,
      expiresAt: NOW + (index + 1) * 1_000,
    }),
  )
  await Promise.all(records.map((record) => engine.create(record, null, NOW)))
  return records
}

const idsOf = (records: readonly SessionRecord[]) => records.map(({ id }) => id)
const bucketsOf = (records: readonly SessionRecord[]) => new Set(idsOf(records).map((id) => id.slice(0, 2)))

describe('what is due in several buckets', () => {
  test('comes in one order, when nothing is left over', async () => {
    const records = await put(40)
    expect(idsOf(await engine.due(NOW + 20_000, 100))).toEqual(idsOf(records.slice(0, 20)))
    expect(idsOf(await engine.due(NOW + LEASE_MS, 100))).toEqual(idsOf(records.slice(20)))
  })

  test('comes of each bucket the earliest first, and nothing is lost, when a limit cuts it', async () => {
    const records = await put(30)
    const pages: SessionRecord[] = []
    for (
      let page = await engine.due(NOW + HOUR, 7);
      page.length > 0;
      page = await engine.due(NOW + HOUR, 7)
    ) {
      expect(page.length).toBeLessThanOrEqual(7)
      pages.push(...page)
    }
    expect(idsOf(pages).sort()).toEqual(idsOf(records).sort())
    for (const bucket of NAMES) {
      const ofBucket = pages.filter(({ id }) => id.startsWith(bucket)).map(({ expiresAt }) => expiresAt)
      expect(ofBucket).toEqual([...ofBucket].sort((a, b) => a - b))
    }
  })

  test('is taken from all of them, so that a full one does not hold up the others', async () => {
    await put(40)
    expect(bucketsOf(await engine.due(NOW + HOUR, 4)).size).toBe(4)
  })

  test('is there again when a lease is over', async () => {
    const records = await put(8)
    const later = NOW + HOUR
    expect(await engine.due(later, 8)).toHaveLength(8)
    expect(await engine.due(later + LEASE_MS - 1, 8)).toEqual([])
    expect(idsOf(await engine.due(later + LEASE_MS, 8)).sort()).toEqual(idsOf(records).sort())
  })
})

test('a record that has left is no longer listed once somebody has looked', async () => {
  const [record] = await put(1)
  const keys = new Keys(prefix)
  await server.cli('DEL', keys.record(record?.id ?? ''))
  expect(await engine.due(NOW + HOUR, 10)).toEqual([])
  expect(await server.cli('EXISTS', keys.due('AA'))).toBe(0)
})

test.each([
  ['no record', ['SET', 'damaged']],
  ['damaged where scripts do not look', ['SETRANGE', '58', '\x7f']],
] as const)(
  'a record that cannot be read holds up nobody, and is looked at again after a lease: %s',
  async (_, [command, ...args]) => {
    const [first, second] = await put(8)
    const keys = new Keys(prefix)
    await server.cli(command, keys.record(first?.id ?? ''), ...args)
    expect(idsOf(await engine.due(NOW + 2_000, 10))).toEqual([second?.id])
    const score = await server.cli('ZSCORE', keys.due('AA'), first?.id ?? '')
    expect(Number(score)).toBe(NOW + 2_000 + LEASE_MS + 0.5)
  },
)

test('a look at an idle store is 32 calls, and no key is written', async () => {
  await using monitor = await Monitor.on(server)
  const seen = await monitor.during(() => engine.due(NOW, 10))
  const sent = seen.filter(({ isInScript }) => !isInScript)
  expect(sent.map(({ name }) => name).filter((name) => name === 'EVALSHA')).toHaveLength(32)
  const called = new Set(seen.filter(({ isInScript }) => isInScript).map(({ name }) => name))
  expect([...called]).toEqual(['ZRANGE'])
})

test.each(['touch', 'end'] as const)(
  'a session that was made while nothing was listed is listed when it is used: %s',
  async (verb) => {
    const plain = await redis({ client: client.driver, prefix })
    const record = sample({ id: sampleId(1, 'AA'), userId: null, expiresAt: NOW + 60_000 })
    const other = sample({ id: sampleId(2, 'AA'), userId: null, expiresAt: NOW + 60_000 })
    for (const each of [record, other]) await plain.create(each, null, NOW)
    if (verb === 'touch') await engine.touch(record.id, NOW + 1, NOW + 60_001)
    else await engine.end(record.id, 'logout', NOW + 1)
    expect(idsOf(await engine.due(NOW + HOUR, 10))).toEqual([record.id])
  },
)
