import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BUCKETS, bucketOf, bucketOfKey, isBucket, isId, Keys } from './keys.ts'
import { slotOf } from './slots.ts'

let server: RedisServer
let client: Redis
beforeAll(async () => {
  server = await startRedis({ config: { 'cluster-enabled': 'yes' } })
  client = new Redis({ host: server.host, port: server.port })
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

const keys = new Keys('sojourn')
const ID = 'Ab0-_zzzzzzzzzzz'

test('every bucket has the slot that a server gives to its keys', async () => {
  const names = BUCKETS.flatMap((bucket) => [
    keys.prefixOf(bucket),
    keys.due(bucket),
    keys.index(bucket, 'u_1').key,
  ])
  const slots = await Promise.all(names.map((name) => client.cluster('KEYSLOT', name)))
  expect(slots).toEqual(BUCKETS.flatMap((bucket) => [slotOf(bucket), slotOf(bucket), slotOf(bucket)]))
  expect(new Set(BUCKETS).size).toBe(4_096)
  // Buckets that shared a slot would still be right; that they spread is what a cluster is for.
  expect(new Set(slots).size).toBeGreaterThan(3_500)
})

test('T93: scripts give a user the index and score that the engine gives', async () => {
  const script = ['digits', 'user-index']
    .map((name) => readFileSync(join(import.meta.dirname, `scripts/includes/${name}.lua`), 'utf8'))
    .join('\n')
  const users = ['u_1', 'é', '👩‍🚀', 'a\0b', ' ', "'; return 1 --", 'x'.repeat(255), '{Ab}:s:u']
  const prefix = keys.prefixOf('Ab')
  const places = users.map((user) =>
    client.eval(
      `${script}\nlocal index = index_of(ARGV[1], ARGV[2]) return { index.key, index.score }`,
      0,
      prefix,
      user,
    ),
  )
  const expected = users.map((user) => keys.index('Ab', user))
  expect(await Promise.all(places)).toEqual(expected.map(({ key, score }) => [key, score]))
  expect(await client.eval(`${script}\nreturn index_of(ARGV[1], '')`, 0, prefix)).toBeNull()
})

test('the names are what the page says', () => {
  expect(keys.record(ID)).toBe(`sojourn:{Ab}:s:${ID}`)
  expect(keys.index('Ab', 'u_1').key).toMatch(/^sojourn:\{Ab\}:u:[0-3]$/)
  expect(keys.due('Ab')).toBe('sojourn:{Ab}:due')
  expect([bucketOf(ID), bucketOfKey(keys.record(ID))]).toEqual(['Ab', 'Ab'])
})

test.each([
  ['', false],
  ['Ab', false],
  [`${ID}x`, false],
  [ID.slice(1), false],
  ['Ab0-_zzzzzzzzz{}', false],
  ['Ab0-_zzzzzzzzzz\n', false],
  ['Ab0-_zzzzzzzzzé', false],
  [7, false],
  [null, false],
  [ID, true],
] as const)('T2: %j is an id: %s', (id, expected) => {
  expect(isId(id)).toBe(expected)
})

test.each([
  ['Ab', true],
  ['A', false],
  ['Abc', false],
  ['A}', false],
  ['', false],
  ['A\n', false],
  [undefined, false],
] as const)('T2: %j is a bucket: %s', (bucket, expected) => {
  expect(isBucket(bucket)).toBe(expected)
})
