import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSessionStore } from '../../core/create-session-store.ts'
import type { Engine } from '../../core/port.ts'
import { MINUTE, NOW, next, numbered, sample, sampleId, sampleUser } from '../../testing/sample.ts'
import { type OpenClient, openClient } from './clients.test-support.ts'
import { Monitor, type Seen } from './monitor.test-support.ts'
import { freshPrefix } from './redis.test-support.ts'
import { redis } from './redis.ts'
import { SCRIPTS } from './scripts.gen.ts'

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

const open = (prefix: string) => redis({ client: client.driver, prefix, due: true })
const USER = 'alice@example.com'
const DEVICE = 'Firefox on Linux'

/** Every verb, and every way through it that stores something. */
async function playAll(engine: Engine, userId = USER): Promise<void> {
  const user = sampleUser(userId)
  const data = Buffer.from(DEVICE)
  const made = (number: number, overrides = {}) => numbered(number, { userId, data, ...overrides })
  await engine.create(made(1), null, NOW)
  await engine.create(made(2), { max: 1, whenFull: 'endOldest', replaces: null }, NOW)
  await engine.create(made(3, { userId: null }), null, NOW)
  await engine.replace(next(made(2)), 1, NOW)
  await engine.touch(sampleId(2), NOW + 1, NOW + MINUTE)
  await engine.end(sampleId(3), 'logout', NOW)
  await engine.create(made(4), null, NOW)
  await engine.list(user, NOW)
  await engine.endUser(user, 'admin', NOW, sampleId(2))
  await engine.due(NOW, 10)
  await engine.settle([sampleId(3)], NOW + MINUTE)
  await engine.settle([sampleId(4)], null)
  await engine.read([sampleId(1), sampleId(2)])
  await engine.scan(null, 10)
}

describe('T92: two stores on one server', () => {
  test.each([
    ['a', 'b'],
    ['a', 'a:b'],
    ['a', 'a:'],
    ['a', 'A'],
  ])('with the prefixes %j and %j see nothing of each other', async (first, second) => {
    const base = freshPrefix()
    const [one, two] = [await open(`${base}${first}`), await open(`${base}${second}`)]
    await one.create(sample(), null, NOW)
    expect(await two.read([sampleId(1)])).toEqual([null])
    expect(await two.list(sampleUser(), NOW)).toEqual([])
    expect(await two.scan(null, 10)).toEqual({ records: [], next: null })
    expect(await two.create(sample(), null, NOW)).toEqual({ outcome: 'done', ended: [] })
    expect(await two.endUser(sampleUser(), 'admin', NOW + 1, null)).toEqual([sampleId(1)])
    expect((await two.due(NOW + 1, 10)).map(({ id }) => id)).toEqual([sampleId(1)])
    await two.settle([sampleId(1)], null)
    expect((await one.list(sampleUser(), NOW)).map(({ id }) => id)).toEqual([sampleId(1)])
    expect(await one.due(NOW + 1, 10)).toEqual([])
  })

  test('do not honour each other’s tokens', async () => {
    const [one, two] = [await open(freshPrefix()), await open(freshPrefix())]
    const stores = [
      await createSessionStore({ engine: one }),
      await createSessionStore({ engine: two }),
    ] as const
    const { token } = await stores[0].create({ userId: 'u_1' })
    expect(await stores[0].read(token)).not.toBeNull()
    expect(await stores[1].read(token)).toBeNull()
    await Promise.all(stores.map((store) => store.close()))
  })
})

test('T93: no key’s name tells of a user or a device', async () => {
  const prefix = freshPrefix()
  await playAll(await open(prefix))
  const found = await server.cli('KEYS', '*')
  const keys = Array.isArray(found) ? found.map(String).filter((key) => key.startsWith(`${prefix}:{`)) : []
  const forms = [USER, DEVICE].flatMap((text) =>
    (['utf8', 'hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(text).toString(form)),
  )
  expect(keys.filter((key) => forms.some((form) => key.toLowerCase().includes(form.toLowerCase())))).toEqual(
    [],
  )
  const form = /^[\w:]+:\{Ab\}:(s:[\w-]{16}|u:[0-3]|a:[\w-]{16}|due)$/
  expect(keys.filter((key) => !form.test(key))).toEqual([])
  expect(new Set(keys.map((key) => key.slice(key.indexOf('}') + 2, key.indexOf('}') + 3)))).toEqual(
    new Set(['s', 'u', 'a', 'd']),
  )
})

describe('T95: what reaches the server', () => {
  const hashes: readonly string[] = Object.values(SCRIPTS).map(({ sha1 }) => sha1)

  async function seenOf(
    userId: string,
  ): Promise<{ readonly prefix: string; readonly seen: readonly Seen[] }> {
    const prefix = freshPrefix()
    const engine = await open(prefix)
    await using monitor = await Monitor.on(server)
    return { prefix, seen: await monitor.during(() => playAll(engine, userId)) }
  }

  test('is GET, MGET and our own scripts by their hashes', async () => {
    const { seen } = await seenOf(USER)
    const sent = seen.filter(({ isInScript }) => !isInScript)
    const names = new Set(sent.map(({ name }) => name))
    expect([...names].sort()).toEqual(expect.arrayContaining(['EVALSHA', 'MGET']))
    expect([...names].filter((name) => !['EVALSHA', 'MGET', 'GET', 'SCRIPT'].includes(name))).toEqual([])
    const run = sent.filter(({ name }) => name === 'EVALSHA').map(({ args: [sha1 = ''] }) => sha1)
    expect(run.filter((sha1) => !hashes.includes(sha1))).toEqual([])
    // A walk has a script for one server and one for a cluster.
    expect(new Set(run).size).toBe(hashes.length - 1)
  })

  test('names first a key of the store, and scripts reach only what has its hash tag', async () => {
    const { prefix, seen } = await seenOf(USER)
    const declared = new Set(seen.flatMap(keysOf))
    expect([...declared].filter((key) => !key.startsWith(`${prefix}:{`))).toEqual([])
    expect(seen.filter((one) => one.name === 'EVALSHA' && keysOf(one).length === 0)).toEqual([])
    // The user of the test has one bucket; what lies in others must have been named. A cluster would refuse it.
    const named = seen.filter(({ isInScript, name }) => isInScript && !['INFO', 'SCAN'].includes(name))
    const reached = named.map(({ args: [key = ''] }) => key)
    const isOurs = (key: string) => declared.has(key) || key.startsWith(`${prefix}:{Ab}:`)
    expect(reached.filter((key) => !isOurs(key))).toEqual([])
    expect(reached.length).toBeGreaterThan(30)
  })

  test('is the same text whatever the caller gives: hostile ids stay data', async () => {
    const hostile = "'] = nil redis.call('FLUSHALL') --\0{xy}"
    const { prefix } = await seenOf(hostile)
    const engine = await open(prefix)
    expect((await engine.list(sampleUser(hostile), NOW)).map(({ userId }) => userId)).toEqual([hostile])
  })

  test('scripts build no code, and call by no computed name', () => {
    for (const { source } of Object.values(SCRIPTS)) {
      expect(source).not.toMatch(/\b(loadstring|load|dofile|require|setfenv|pcall)\b/)
      const calls = source.match(/redis\.p?call\([^,)]*/g) ?? []
      expect(calls.filter((call) => !/^redis\.call\('[A-Z]+'$/.test(call))).toEqual([])
    }
  })

  test('the engine’s own source sends no EVAL, KEYS, SCAN, TIME or INFO', () => {
    const files = [
      ...['verbs', 'flight', 'reads', 'script-runner', 'due-list', 'lane', 'redis-engine'],
      ...['server-walk', 'bucket-walk'],
    ]
    for (const file of files) {
      const text = readFileSync(join(import.meta.dirname, `${file}.ts`), 'utf8')
      expect(text).not.toMatch(/'(EVAL|KEYS|SCAN|TIME|INFO|SUBSCRIBE)'/)
    }
  })
})

/** The keys that a client named. */
function keysOf({ name, args, isInScript }: Seen): readonly string[] {
  if (isInScript) return []
  if (name === 'EVALSHA') return args.slice(2, 2 + Number(args[1]))
  return name === 'GET' || name === 'MGET' ? args : []
}
