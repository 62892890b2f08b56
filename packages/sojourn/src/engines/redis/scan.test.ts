import { type RedisServer, startRedis, until } from 'sojourn-servers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Engine, Page } from '../../core/port.ts'
import { idsOf, sortedIds, walked } from '../../testing/claims.ts'
import { NOW, numbered, sampleId, samples } from '../../testing/sample.ts'
import { chunksOf } from '../chunks-of.ts'
import { type OpenClient, openClient } from './clients.test-support.ts'
import { clientOf } from './driver.ts'
import { Keys } from './keys.ts'
import { Monitor } from './monitor.test-support.ts'
import { freshPrefix } from './redis.test-support.ts'
import { redis } from './redis.ts'
import { RedisEngine } from './redis-engine.ts'
import { checkOptions } from './redis-options.ts'
import { SwappingClient, type Twin } from './twins.test-support.ts'

let server: RedisServer
let client: OpenClient
beforeAll(async () => {
  server = await startRedis()
  client = await openClient('ioredis', { kind: 'server', at: server })
})
afterAll(async () => {
  client.close()
  await server.stop()
})
afterEach(() => server.cli('FLUSHALL'))

const open = (prefix = freshPrefix()) => redis({ client: client.driver, prefix })

/** Sessions of nobody, stored. */
async function fill(engine: Engine, count: number, from = 1): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => from + index)
  for (const part of chunksOf(numbers, 500)) {
    await Promise.all(part.map((number) => engine.create(numbered(number, { userId: null }), null, NOW)))
  }
}

describe('a walk over one server', () => {
  test('misses nothing that stays while the server’s table grows and shrinks', async () => {
    const engine = await open()
    await fill(engine, 2_000)
    let added = 0
    const found = await walked(engine, 50, async () => {
      if (added < 10_000) await fill(engine, 1_000, 100_000 + added)
      else if (added < 20_000) {
        const gone = Array.from({ length: 1_000 }, (_, index) => sampleId(90_000 + added + index))
        await Promise.all(gone.map((id) => engine.end(id, 'logout', NOW)))
        await engine.settle(gone, null)
      }
      added += 1_000
    })
    const stay = sortedIds(samples(2_000))
    expect(sortedIds(found).filter((id) => id <= sampleId(2_000))).toEqual(stay)
  })

  test('passes over a damaged record, and over keys that only look like records', async () => {
    const prefix = freshPrefix()
    const [engine, keys] = [await open(prefix), new Keys(prefix)]
    await fill(engine, 3)
    await server.cli('SET', keys.record(sampleId(2)), 'damaged')
    await server.cli('SET', `${prefix}:{Ab}:s:not of 16 chars.`, 'v')
    await server.cli('SET', `${prefix}:{Zz}:s:${sampleId(9)}`, 'v')
    await server.cli('SADD', keys.record(sampleId(8)), 'v')
    await server.cli('DEL', keys.record(sampleId(8)))
    expect(sortedIds(await walked(engine, 10))).toEqual([sampleId(1), sampleId(3)])
  })

  test('looks at 8,000 keys for a page and no more, however many others have', async () => {
    const [engine, other] = [await open(), await open()]
    await fill(other, 12_000)
    await fill(engine, 2)
    await using monitor = await Monitor.on(server)
    let page: Page | null = null
    const seen = await monitor.during(async () => {
      page = await engine.scan(null, 10)
    })
    expect(seen.filter(({ name }) => name === 'EVALSHA')).toHaveLength(8)
    expect(page).toMatchObject({ next: expect.stringMatching(/^\w+\.\d+\.$/) })
    expect(sortedIds(await walked(engine, 10))).toEqual([sampleId(1), sampleId(2)])
  })

  test('gives what had no room on its page on the next one, and nothing twice on one', async () => {
    const engine = await open()
    await fill(engine, 300)
    const found = await walked(engine, 1, async (page) => expect(page.length).toBeLessThan(2))
    expect(sortedIds(found)).toEqual(sortedIds(samples(300)))
  })

  test.each(['x.0.', '.1.short', '.18446744073709551616.', '.01.', '..', 'run.5', sampleId(1)])(
    'takes %j for no position',
    async (after) => {
      const engine = await open()
      const isForm = after === 'x.0.'
      const outcome = engine.scan(after, 1)
      if (isForm) expect(await outcome).toEqual({ records: [], next: null })
      else await expect(outcome).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    },
  )
})

describe('a walk that a fail-over overtakes', () => {
  /** What a walk gives that begins at a primary and goes on at its replica, which is the primary then. */
  async function walkedOnBoth(twin: Twin | null): Promise<readonly string[]> {
    const prefix = freshPrefix()
    const [primary, replica] = [await startRedis(), await startRedis()]
    const clients: OpenClient[] = []
    const engineOn = async (at: RedisServer): Promise<Engine> => {
      const { driver } = await openClient('ioredis', { kind: 'server', at }).then((opened) => {
        clients.push(opened)
        return opened
      })
      const seam = twin === null ? clientOf(driver) : await SwappingClient.make(clientOf(driver), twin)
      return new RedisEngine(seam, checkOptions({ client: driver, prefix }), false)
    }
    try {
      const before = await engineOn(primary)
      await fill(before, 400)
      await replica.cli('REPLICAOF', primary.host, primary.port)
      const arrived = async () => (Number(await replica.cli('DBSIZE')) === 400 ? true : null)
      await until('the replica has it all', arrived, 10_000)
      const first = await before.scan(null, 200)
      await replica.cli('REPLICAOF', 'NO', 'ONE')
      const after = await engineOn(replica)
      const rest = await walked({ scan: (from, limit) => after.scan(from ?? first.next, limit) }, 200)
      return [...idsOf(first.records), ...idsOf(rest)]
    } finally {
      for (const each of clients) each.close()
      await Promise.all([primary.stop(), replica.stop()])
    }
  }

  test('begins anew there, and misses nothing', async () => {
    expect(new Set(await walkedOnBoth(null)).size).toBe(400)
  })

  test('by a script that goes on with another server’s cursor misses sessions', async () => {
    const twin: Twin = { script: 'scan', from: "ARGV[1] == run and ARGV[2] or '0'", to: 'ARGV[2]' }
    expect(new Set(await walkedOnBoth(twin)).size).toBeLessThan(400)
  })
})
