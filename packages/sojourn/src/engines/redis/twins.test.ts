import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserLimit } from '../../core/port.ts'
import { conformance, runConformance } from '../../testing/index.ts'
import { DAY, MINUTE, NOW, next, numbered, sample, sampleId, sampleUser } from '../../testing/sample.ts'
import { type OpenClient, openClient } from './clients.test-support.ts'
import { clientOf } from './driver.ts'
import { Keys } from './keys.ts'
import { freshPrefix, loseIndexEntry } from './redis.test-support.ts'
import { RedisEngine } from './redis-engine.ts'
import { checkOptions } from './redis-options.ts'
import { SUITE_TWINS } from './suite-twins.test-support.ts'
import { type Twice, twice } from './twice.test-support.ts'
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

describe('the suite finds that', () => {
  test.each(SUITE_TWINS.map((twin) => [twin.name, twin] as const))('%s', async (_, twin) => {
    const { caughtBy, due = false } = twin
    const cases = conformance.filter(({ name }) => caughtBy.includes(name))
    const swapping = await SwappingClient.make(clientOf(client.driver), twin)
    const reports = await runConformance({
      cases,
      store: async () => {
        const prefix = freshPrefix()
        const checked = checkOptions({ client: client.driver, prefix, due })
        return {
          open: async () => new RedisEngine(swapping, checked, false),
          loseIndexEntry: (userId, id) => loseIndexEntry(client, [prefix, userId, id]),
        }
      },
    })
    const outcomes = reports.map(({ name, outcome }) => [name, outcome])
    expect(outcomes).toEqual(cases.map(({ name }) => [name, 'failed']))
    expect(cases).toHaveLength(caughtBy.length)
  })
})

const one: UserLimit = { max: 1, whenFull: 'endOldest', replaces: null }
const INDEX = new Keys('').index('Ab', 'u_1').key.slice(1)

/** When the key that ends so leaves. */
async function leavesAt({ stored }: Twice, end: string): Promise<unknown> {
  return [...(await stored())].find(([key]) => key.endsWith(end))?.[1].leavesAt
}

/** What the suite cannot see, because it is about a command that comes twice, or about time to come. */
const UNSEEN: readonly (Twin & {
  readonly name: string
  readonly play: (store: Twice) => Promise<unknown>
  readonly right: unknown
})[] = [
  {
    name: 'a create that is sent twice forgets whom it ended',
    script: 'create',
    from: 'remember_answer(prefix, id, answer)',
    to: '',
    play: async ({ engine, again }) => {
      await engine.create(numbered(1), null, NOW)
      await engine.create(numbered(2), one, NOW)
      return String(await again())
    },
    right: sampleId(1),
  },
  {
    name: 'a create that is sent twice exists',
    script: 'create',
    from: 'if not is_ours then return 1 end',
    to: 'if true then return 1 end',
    play: async ({ engine, again }) => {
      await engine.create(sample(), null, NOW)
      return String(await again())
    },
    right: '',
  },
  {
    name: 'a create takes another call of the same id and secret for itself',
    script: 'create',
    from: 'write_id_of(stored) == write_id_of(value)',
    to: 'true',
    play: async ({ engine, other }) => {
      await engine.create(sample(), null, NOW)
      return (await other.create(sample(), null, NOW)).outcome
    },
    right: 'exists',
  },
  {
    name: 'a replace that is sent twice is in conflict with itself',
    script: 'replace',
    from: 'is_expected and -1 or 3',
    to: '-1',
    play: async ({ engine, again }) => {
      await engine.create(sample(), null, NOW)
      await engine.replace(next(sample()), 1, NOW)
      return again()
    },
    right: 2,
  },
  {
    name: 'a replace that is sent twice is in conflict with the one after it',
    script: 'replace',
    from: 'is_expected and -1 or 3',
    to: 'is_expected and -1 or 0',
    play: async ({ engine, other, again }) => {
      await engine.create(sample(), null, NOW)
      await engine.replace(next(sample()), 1, NOW)
      await other.replace(next(next(sample())), 2, NOW)
      return again()
    },
    right: 2,
  },
  {
    name: 'an end that is sent twice has ended nothing',
    script: 'end',
    from: 'stored == ARGV[1]',
    to: 'false',
    play: async ({ engine, again }) => {
      await engine.create(sample(), null, NOW)
      await engine.end(sampleId(1), 'logout', NOW)
      return again()
    },
    right: 1,
  },
  {
    name: 'an endUser that is sent twice ends the log-in in between',
    script: 'endUser',
    from: 'if answered then',
    to: 'if false then',
    play: async ({ engine, other, again }) => {
      await engine.create(numbered(1), null, NOW)
      await engine.endUser(sampleUser(), 'admin', NOW + 1, null)
      await other.create(numbered(2, { createdAt: NOW + 2 }), null, NOW + 2)
      await again()
      return (await engine.list(sampleUser(), NOW + 2)).length
    },
    right: 1,
  },
  {
    name: 'a touch does not move the instant at which the record leaves',
    script: 'touch',
    from: "redis.call('PEXPIREAT', KEYS[1], digits_of(new_expires_at + keep))",
    to: '',
    play: async (store) => {
      await store.engine.create(sample(), null, NOW)
      await store.engine.touch(sampleId(1), NOW + 1, NOW + 40 * MINUTE)
      return leavesAt(store, sampleId(1))
    },
    right: NOW + 41 * MINUTE,
  },
  {
    name: 'an ended session stays in its user’s index',
    script: 'end',
    from: "if index then redis.call('ZREM', index.key, member_of(id)) end",
    to: '',
    play: async (store) => {
      await store.engine.create(numbered(1), null, NOW)
      await store.engine.create(numbered(2), null, NOW)
      await store.engine.end(sampleId(1), 'logout', NOW)
      return store.indexed()
    },
    right: [sampleId(2)],
  },
  {
    name: 'a tombstone whose time is over leaves a piece of a record for ever',
    script: 'end',
    from: "redis.call('EXISTS', key) == 1",
    to: 'true',
    play: async (store) => {
      const at = Date.now() - 20 * MINUTE
      const times = { createdAt: at, seenAt: at, expiresAt: at + 60 * MINUTE }
      await store.engine.create(sample(times), null, at)
      await store.engine.end(sampleId(1), 'logout', at)
      return [...(await store.stored()).keys()].filter((key) => key.includes('}:s:'))
    },
    right: [],
  },
  {
    name: 'a user at the limit is asked about all that ever were',
    script: 'create',
    from: 'forget(absent)\nredis',
    to: 'redis',
    play: async (store) => {
      await store.engine.create(numbered(1), null, NOW)
      await store.loseRecord(sampleId(1))
      await store.engine.create(numbered(2), one, NOW)
      return store.indexed()
    },
    right: [sampleId(2)],
  },
  {
    name: 'an index leaves before its youngest session',
    script: 'create',
    from: 'keep_index(index.key, absolute_at + keep)',
    to: '',
    play: async (store) => {
      await store.engine.create(numbered(1), null, NOW)
      await store.engine.create(numbered(2, { absoluteAt: NOW + 3 * DAY }), null, NOW)
      return leavesAt(store, INDEX)
    },
    right: NOW + 4 * DAY + MINUTE,
  },
]

describe('where the suite cannot look it is found that', () => {
  test.each(UNSEEN.map((each) => [each.name, each] as const))('%s', async (_, twin) => {
    const sound = await twice(server)
    const broken = await twice(server, { twin })
    try {
      expect(await twin.play(sound)).toEqual(twin.right)
      expect(await twin.play(broken)).not.toEqual(twin.right)
    } finally {
      sound.close()
      broken.close()
    }
  })
})

test('a twin whose text is no longer in the script is none', async () => {
  const twin = { script: 'end', from: 'what is not there', to: '' } as const
  await expect(twice(server, { twin })).rejects.toThrow('There is no "what is not there" in end.')
})
