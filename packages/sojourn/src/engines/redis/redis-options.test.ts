import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { describe, expect, test } from 'vitest'
import { SessionError } from '../../core/errors.ts'
import { redis } from './redis.ts'
import { checkOptions, type RedisOptions } from './redis-options.ts'

/** None of them connects: what is refused is refused before anything is sent. */
const client = new Redis({ lazyConnect: true })
const given = (options: object): RedisOptions => ({ client, ...options })

const NODES = [{ host: '127.0.0.1', port: 1 }]

describe('what is left out', () => {
  test('has the default of the docs', () => {
    expect(checkOptions({ client })).toEqual({
      prefix: 'sojourn',
      due: false,
      retention: 30 * 86_400_000,
      code: 'scripts',
      durability: 'acknowledged',
      security: 'acknowledged',
      replicas: 0,
      confirmWithin: 500,
    })
  })

  test('follows from the durability that is given', () => {
    expect(checkOptions(given({ durability: 'replicated' }))).toMatchObject({
      security: 'replicated',
      replicas: 1,
    })
    expect(checkOptions(given({ security: 'replicated' }))).toMatchObject({
      durability: 'acknowledged',
      replicas: 1,
    })
    expect(checkOptions(given({ durability: 'fsync' }))).toMatchObject({ security: 'fsync', replicas: 0 })
  })
})

const REFUSED: readonly (readonly [string, object])[] = [
  ['an option of another name', { prefx: 'a' }],
  ['neither a client nor a url', { client: undefined }],
  ['a client and a url', { url: 'redis://127.0.0.1:6379' }],
  ['durability of another name', { durability: 'always' }],
  ['security of another name', { security: true }],
  ['security that is weaker than durability', { durability: 'fsync', security: 'replicated' }],
  ['security that is weaker still', { durability: 'replicated', security: 'acknowledged' }],
  ['replicated by no replica', { durability: 'replicated', replicas: 0 }],
  ['half a replica', { durability: 'replicated', replicas: 0.5 }],
  ['more replicas than anybody has', { durability: 'replicated', replicas: 101 }],
  ['a confirmation that waits for ever', { confirmWithin: 0 }],
  ['a confirmation that waits for an hour', { confirmWithin: 3_600_000 }],
  ['a retention in words', { retention: '30d' }],
  ['a negative retention', { retention: -1 }],
  ['due in words', { due: 'yes' }],
  ['code of another name', { code: 'function' }],
]

describe('it is refused', () => {
  test.each(REFUSED)('%s', async (_, options) => {
    const opened = redis(given(options))
    await expect(opened).rejects.toBeInstanceOf(SessionError)
    await expect(opened).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  const prefixes = ['', 'a{', '}a', 'a*', 'a?', '[a]', 'a b', 'a\n', 'é', 'x'.repeat(65), 7, null]
  test.each(prefixes)('T92: the prefix %j', async (prefix) => {
    const why = /prefix must be 1 to 64 characters/
    await expect(redis(given({ prefix }))).rejects.toThrow(why)
  })

  test.each(['s', 'a:b', 'A-Z_0', ':', 'x'.repeat(64)])('not the prefix %j', async (prefix) => {
    const engine = await redis(given({ prefix }))
    await engine.close()
  })

  const CLIENTS: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['what is no client', () => ({}), /client must be a client of/],
    ['the options of a client', () => ({ host: '127.0.0.1', port: 6379 }), /client must be a client of/],
    ['a keyPrefix of ioredis', () => new Redis({ lazyConnect: true, keyPrefix: 'a:' }), /keyPrefix/],
    ['a keyPrefix of node-redis', () => createClient({ keyPrefix: 'a:' }), /keyPrefix/],
    [
      'a keyPrefix of a cluster',
      () => new Cluster(NODES, { lazyConnect: true, keyPrefix: 'a:' }),
      /keyPrefix/,
    ],
    [
      'a keyPrefix of a cluster’s nodes',
      () => new Cluster(NODES, { lazyConnect: true, redisOptions: { keyPrefix: 'a:' } }),
      /keyPrefix/,
    ],
    [
      'a keyPrefix of node-redis for a cluster',
      () => createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }], keyPrefix: 'a:' }),
      /keyPrefix/,
    ],
    [
      'a client that asks Sentinel for replicas',
      () =>
        new Redis({
          lazyConnect: true,
          sentinels: [{ host: '127.0.0.1', port: 1 }],
          name: 'a',
          role: 'slave',
        }),
      /primary, not to a replica/,
    ],
    ...(['slave', 'all'] as const).map(
      (scaleReads) =>
        [
          `a cluster that reads from ${scaleReads}`,
          () => new Cluster(NODES, { lazyConnect: true, scaleReads }),
          /scaleReads must be master/,
        ] as const,
    ),
  ]
  test.each(CLIENTS)('%s', async (_, make, why) => {
    await expect(redis(Object.assign(given({}), { client: make() }))).rejects.toThrow(why)
  })

  test('options that are no object', async () => {
    const opened: Promise<unknown> = Reflect.apply(redis, null, [null])
    await expect(opened).rejects.toThrow(/options must be an object/)
  })
})
