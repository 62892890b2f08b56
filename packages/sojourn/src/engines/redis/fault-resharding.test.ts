import { type RedisCluster, type RedisServer, type SlotMove, startCluster } from 'sojourn-servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Engine, Page } from '../../core/port.ts'
import { NOW, next, numbered, sampleId, sampleUser } from '../../testing/sample.ts'
import type { RedisClient } from './client.ts'
import { clientOf } from './driver.ts'
import { CLIENTS, Opening, openCluster, outcomeOf } from './fault.test-support.ts'
import { CarelessClient } from './fault-twins.test-support.ts'
import { RedisEngine } from './redis-engine.ts'
import { checkOptions } from './redis-options.ts'

const COUNT = 12
const NUMBERS = Array.from({ length: COUNT }, (_, index) => index + 1)
const IDS = NUMBERS.map((number) => sampleId(number))
const MIGRATE_LIMIT_MS = 5_000

let cluster: RedisCluster
let opening: Opening
beforeAll(async () => {
  cluster = await startCluster({ primaries: 3, replicas: 0 })
})
afterAll(() => cluster.stop())
beforeEach(() => {
  opening = new Opening()
})
afterEach(() => opening.close())

/** A move of the slot of these tests that has begun; what is left of it is done at the end. */
async function beginMove(): Promise<SlotMove> {
  const move = await prepareMove()
  await move.begin()
  opening.also(() => finish(move))
  return move
}

async function prepareMove(): Promise<SlotMove> {
  const slot = await cluster.slotOf('{Ab}')
  const owner = await cluster.ownerOf(slot)
  const to = cluster.servers.find((server) => server !== owner) ?? owner
  return cluster.moveSlot(slot, to)
}

async function finish(move: SlotMove): Promise<void> {
  while ((await move.migrate()) > 0);
  await move.finish()
}

async function keysAt(server: RedisServer, prefix: string): Promise<readonly string[]> {
  const keys = await server.cli('KEYS', `${prefix}:*`)
  return Array.isArray(keys) ? keys.map(String) : []
}

describe.each(CLIENTS)('%s, a slot that moves', (name) => {
  let prefix: string
  beforeEach(async () => {
    prefix = `${name}-${Math.random().toString(36).slice(2)}`
  })

  async function engineOf(
    change = (client: RedisClient): RedisClient => client,
    due = false,
  ): Promise<Engine> {
    const { driver, close } = await openCluster(name, cluster.nodes)
    opening.also(close)
    const options = checkOptions({ client: driver, prefix, due })
    const engine = new RedisEngine(change(clientOf(driver)), options, false)
    for (const number of NUMBERS) await engine.create(numbered(number), null, NOW)
    return engine
  }

  test('reads never fail, together or alone, wherever each record is', async () => {
    const engine = await engineOf()
    const move = await beginMove()
    for (let step = 0; step <= COUNT; step += 1) {
      const [all, ...alone] = await Promise.all([
        engine.read(IDS),
        ...IDS.slice(0, 3).map(async (id) => (await engine.read([id]))[0]),
      ])
      expect(all?.map((record) => record?.id)).toEqual(IDS)
      expect(alone.map((record) => record?.id)).toEqual(IDS.slice(0, 3))
      await move.migrate(1)
    }
    await finish(move)
    expect((await engine.read(IDS)).map((record) => record?.id)).toEqual(IDS)
  })

  test.each([{ due: false }, { due: true }])(
    'writes are done or refused, and never half: %o',
    async ({ due }) => {
      const engine = await engineOf(undefined, due)
      const move = await beginMove()
      const versions = new Map(IDS.map((id) => [id, 1]))
      const ended = new Set<string>()
      const outcomes = new Set<string>()
      for (let step = 0; step <= COUNT; step += 1) {
        const number = (step % COUNT) + 1
        const id = sampleId(number)
        const record = { ...numbered(number), version: versions.get(id) ?? 1 }
        const calls = [
          engine
            .replace(next(record), record.version, NOW + step)
            .then(() => versions.set(id, record.version + 1)),
          engine.touch(id, NOW + step, NOW + 100_000 + step),
          engine.create(numbered(100 + step), null, NOW).then(() => versions.set(sampleId(100 + step), 1)),
          engine.end(sampleId(COUNT), 'logout', NOW).then(() => ended.add(sampleId(COUNT))),
          engine
            .list(sampleUser(), NOW + step)
            .then((records) => expect(records.length).toBeGreaterThanOrEqual(COUNT - 1)),
        ]
        for (const outcome of await Promise.all(calls.map(outcomeOf))) outcomes.add(outcome)
        await move.migrate(1)
      }
      await finish(move)
      expect(
        [...outcomes].filter((outcome) => outcome !== 'done' && outcome !== 'ENGINE_UNAVAILABLE'),
      ).toEqual([])
      for (const [id, version] of versions) {
        const [record] = await engine.read([id])
        expect([id, record?.version, record?.ended !== null]).toEqual([id, version, ended.has(id)])
      }
      const listed = (await engine.list(sampleUser(), NOW)).map(({ id }) => id).sort()
      expect(listed).toEqual([...versions.keys()].filter((id) => !ended.has(id)).sort())
      // No session is in two places.
      const keys = await Promise.all(cluster.servers.map((server) => keysAt(server, prefix)))
      expect(keys.filter((some) => some.length > 0).length).toBe(1)
    },
  )

  /** The index has gone ahead, and the records are still where they were. */
  async function moveIndex(move: SlotMove): Promise<void> {
    const index = (await keysAt(move.from, prefix)).find((key) => key.includes(':u:')) ?? ''
    const { host, port } = move.to
    await move.from.cli('MIGRATE', host, port, index, 0, MIGRATE_LIMIT_MS)
  }

  /** All ids that a walk by pages of five gives, once the slot is moved when a page is refused. */
  async function walkedOver(engine: Engine, move: SlotMove): Promise<readonly string[]> {
    const ids: string[] = []
    let after: string | null = null
    let refusals = 0
    do {
      const page: Page | null = await engine.scan(after, 5).catch(() => null)
      if (page === null) {
        refusals += 1
        await finish(move)
        continue
      }
      ids.push(...page.records.map(({ id }) => id))
      after = page.next
      // Half of what the walk has not come to goes ahead.
      if (ids.length === 5) await beginWithin(move)
    } while (after !== null)
    expect(refusals).toBeLessThan(2)
    return ids
  }

  async function beginWithin(move: SlotMove): Promise<void> {
    await move.begin()
    await move.migrate(COUNT / 2)
  }

  test('a walk is refused there until it has moved, and then goes on and misses nothing', async () => {
    const engine = await engineOf()
    const move = await prepareMove()
    expect(await walkedOver(engine, move)).toEqual(IDS)
    await finish(move)
  })

  test('a script that walks in half a slot misses sessions', async () => {
    const engine = await engineOf(
      (client) => new CarelessClient(client, /assert_whole_slot\(KEYS\[1\], string/),
    )
    const move = await prepareMove()
    expect((await walkedOver(engine, move)).length).toBeLessThan(COUNT)
    await finish(move)
  })

  test('a log-out of all of a user is complete, or refused', async () => {
    const engine = await engineOf()
    const move = await beginMove()
    await moveIndex(move)
    expect(await outcomeOf(engine.endUser(sampleUser(), 'revoked', NOW + 1, null))).toBe('ENGINE_UNAVAILABLE')
    await finish(move)
    expect((await engine.endUser(sampleUser(), 'revoked', NOW + 1, null)).sort()).toEqual(IDS)
  })

  test('scripts that run in half a slot say that a user is logged out who is not', async () => {
    const engine = await engineOf((client) => new CarelessClient(client, /assert_whole_slot\(index/))
    const move = await beginMove()
    await moveIndex(move)
    expect(await engine.endUser(sampleUser(), 'revoked', NOW + 1, null)).toEqual([])
    await finish(move)
    expect((await engine.read(IDS)).filter((record) => record?.ended === null).length).toBe(COUNT)
  })
})
