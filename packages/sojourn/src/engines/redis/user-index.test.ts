import { type RedisServer, startRedis } from 'sojourn-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIFETIME_CEILING_MS, type UserLimit } from '../../core/port.ts'
import { DAY, MINUTE, NOW, numbered, sampleId, sampleUser } from '../../testing/sample.ts'
import { Keys } from './keys.ts'
import { type Twice, twice } from './twice.test-support.ts'
import type { Twin } from './twins.test-support.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

/** Two users of one score: a pair among 33 million whose hashes begin with the same 48 bits. */
const [ADA, BOB] = ['u_4323046', 'u_19132876']
/** A user whose place in the same index is before theirs. */
const EVE = 'u_214'
const one: UserLimit = { max: 1, whenFull: 'refuse', replaces: null }
/** Enough to see whether an index grows with the sessions that ever were. */
const MANY = 500

const of = (userId: string, number: number, fields = {}) => numbered(number, { userId, ...fields })

/** What two users of one index must not share, and what an index must forget; each with a script made wrong. */
const PROMISES: readonly {
  readonly name: string
  readonly twin: Twin
  readonly play: (store: Twice) => Promise<unknown>
  readonly right: unknown
}[] = [
  {
    name: 'a user’s sessions are listed without those of another of the same score',
    twin: { script: 'list', from: 'user_of(value) == ARGV[2]', to: 'true' },
    play: async ({ engine }) => {
      await engine.create(of(ADA, 1), null, NOW)
      await engine.create(of(BOB, 2), null, NOW)
      return (await engine.list(sampleUser(ADA), NOW)).map(({ id }) => id)
    },
    right: [sampleId(1)],
  },
  {
    name: 'a user’s limit does not count those of another of the same score',
    twin: { script: 'create', from: 'and user_of(head) == user then', to: 'then' },
    play: async ({ engine }) => {
      await engine.create(of(ADA, 1), null, NOW)
      return engine.create(of(BOB, 2), one, NOW)
    },
    right: { outcome: 'done', ended: [] },
  },
  {
    name: 'endUser ends nobody else of the same score',
    twin: { script: 'endUser', from: 'or user_of(head) ~= ARGV[2] then', to: 'then' },
    play: async ({ engine }) => {
      await engine.create(of(ADA, 1), null, NOW)
      await engine.create(of(BOB, 2), null, NOW)
      return engine.endUser(sampleUser(ADA), 'admin', NOW + 1, null)
    },
    right: [sampleId(1)],
  },
  {
    name: 'a cut-off ends nobody else of the same score',
    twin: { script: 'touch', from: 'string.sub(member, 2, 41) == hash_of(index.user)', to: 'true' },
    play: async ({ engine }) => {
      await engine.create(of(BOB, 2), null, NOW)
      await engine.endUser(sampleUser(ADA), 'admin', NOW + 1, null)
      return engine.touch(sampleId(2), NOW + 2, NOW + MINUTE)
    },
    right: true,
  },
  {
    name: 'a cut-off holds beside that of another of the same score',
    twin: { script: 'touch', from: 'for place = 0, math.huge do', to: 'for place = 0, 0 do' },
    play: async (store) => {
      const touched: boolean[] = []
      for (const [number, user] of [ADA, BOB].entries()) {
        await store.engine.create(of(user, number), null, NOW)
        await store.engine.endUser(sampleUser(user), 'admin', NOW + 1, null)
      }
      for (const number of [0, 1]) {
        await revive(store, number)
        touched.push(await store.engine.touch(sampleId(number), NOW + 2, NOW + MINUTE))
      }
      return touched
    },
    right: [false, false],
  },
  {
    name: 'an index does not grow with sessions that idled out, whosever they were',
    twin: { script: 'create', from: 'tidy()\nif', to: 'if' },
    play: async ({ engine, indexed, loseRecord }) => {
      for (let number = 0; number < MANY; number += 1) {
        // Scattered, as ids are.
        const id = (number * 7_919) % MANY
        await engine.create(numbered(id), null, NOW)
        await loseRecord(sampleId(id))
      }
      return (await indexed()).length < MANY / 10
    },
    right: true,
  },
  {
    name: 'an index forgets a cut-off behind which nobody can live any more',
    twin: { script: 'create', from: 'CUT_OFF_MS < now', to: 'CUT_OFF_MS < 0' },
    play: async ({ engine, stored }) => {
      await engine.endUser(sampleUser(BOB), 'admin', NOW, null)
      const later = NOW + LIFETIME_CEILING_MS + 1
      const times = { createdAt: later, seenAt: later, expiresAt: later + MINUTE, absoluteAt: later + DAY }
      const before = JSON.stringify([...(await stored()).values()]).includes('"!')
      await engine.create(of(EVE, 4, times), null, later)
      return [before, JSON.stringify([...(await stored()).values()]).includes('"!')]
    },
    right: [true, false],
  },
]

/** The record as it was before its end, as if the index had lost it and it had not been ended. */
async function revive({ stored }: Twice, number: number): Promise<void> {
  const key = [...(await stored()).keys()].find((name) => name.endsWith(`s:${sampleId(number)}`)) ?? ''
  await server.cli('SETRANGE', key, '17', '\0')
}

test('a session that is long over by the server’s clock is stored, and is gone', async () => {
  const store = await twice(server)
  const at = Date.now() - 3 * DAY
  const times = { createdAt: at, seenAt: at, expiresAt: at + MINUTE, absoluteAt: at + MINUTE }
  // One of those that tidy.
  expect(await store.engine.create(numbered(4, times), null, at)).toEqual({ outcome: 'done', ended: [] })
  expect([...(await store.stored()).keys()]).toEqual([])
  store.close()
})

test('the two users have one index and one score', () => {
  const keys = new Keys('')
  expect(new Set([ADA, BOB, EVE].map((user) => keys.index('Ab', user).key)).size).toBe(1)
  expect(keys.index('Ab', ADA).score).toBe(keys.index('Ab', BOB).score)
})

describe('of users who share an index', () => {
  test.each(PROMISES.map((promise) => [promise.name, promise] as const))(
    '%s; a twin is found out',
    async (_, { twin, play, right }) => {
      const sound = await twice(server)
      const broken = await twice(server, { twin })
      try {
        expect(await play(sound)).toEqual(right)
        expect(await play(broken)).not.toEqual(right)
      } finally {
        sound.close()
        broken.close()
      }
    },
  )
})
