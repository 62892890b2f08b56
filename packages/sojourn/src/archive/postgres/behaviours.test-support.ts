import { expect } from 'vitest'
import type { PastSession } from '../../core/archive.ts'
import {
  ended,
  freshSchema,
  HOUR,
  idOf,
  live,
  NOW,
  numbered,
  openArchive,
  type Place,
  recording,
  withData,
} from './places.test-support.ts'
import type { PostgresPool } from './pool.ts'

/** What an archive promises wherever it is, and ways to break the promise: a text in what is sent, by another. */
export interface Behaviour {
  readonly name: string
  readonly twins: readonly (readonly [from: string, to: string])[]
  /** Throws when the promise is broken. What the archive sends goes through `pool`. */
  readonly run: (place: Place, pool: PostgresPool) => Promise<void>
}

const DATA = {
  at: new Date(NOW),
  amount: 9_007_199_254_740_993n,
  bytes: Uint8Array.of(0, 255),
  names: new Map([['a', new Set([1, -0, Number.NaN])]]),
  $odd: { text: 'é 😀 "\\ \n \u0001' },
  list: [null, true, 1.5e300],
}
const MOST_BYTES = 32 * 1_024
const LATEST = 2 ** 48 - 1

export const BEHAVIOURS: readonly Behaviour[] = [
  {
    name: 'a session that comes twice is stored once, as it came first',
    twins: [
      ['ON CONFLICT DO NOTHING', ''],
      ['ON CONFLICT DO NOTHING', 'ON CONFLICT (session_id) DO UPDATE SET reason = excluded.reason'],
    ],
    async run(place, pool) {
      const { archive } = await openArchive(place, {}, pool)
      await archive.write([ended(1), ended(1)])
      await archive.write([ended(1, { reason: 'revoked' }), ended(2)])
      const past = await archive.history({ userId: 'ada' })
      expect(past.map(({ id, reason }) => [id, reason])).toEqual([
        [idOf(2), 'logout'],
        [idOf(1), 'logout'],
      ])
    },
  },
  {
    name: 'every field comes back, to the millisecond',
    twins: [
      ['* 1000)', '* 100)'],
      ['"seenAt" timestamptz', '"seenAt" timestamptz(0)'],
    ],
    async run(place, pool) {
      const { archive } = await openArchive(place, {}, pool)
      const first = { createdAt: 0, seenAt: 1, authenticatedAt: null, endedAt: 999, reason: 'reuse' } as const
      const last = {
        createdAt: NOW,
        seenAt: NOW + 7,
        authenticatedAt: NOW + 1,
        endedAt: LATEST,
        reason: 'idle',
      } as const
      await archive.write([ended(1, first), ended(2, last), ended(3, { userId: null })])
      expect(await archive.history({ userId: 'ada' })).toEqual([
        { id: idOf(2), userId: 'ada', ...last, data: null },
        { id: idOf(1), userId: 'ada', ...first, data: null },
      ])
    },
  },
  {
    name: 'T108: data comes back as it was, with dates, bigints and bytes, and a list is a list',
    twins: [['json::jsonb', 'to_jsonb(json)']],
    async run(place, pool) {
      const { archive } = await openArchive(place, {}, pool)
      const lists = [[1, [2]], [], 'text', 'x'.repeat(MOST_BYTES)]
      await archive.write([withData(1, DATA), ...lists.map((data, index) => withData(index + 2, data))])
      const past = await archive.history({ userId: 'ada' })
      expect(past.map(({ data }) => data).reverse()).toEqual([DATA, ...lists])
    },
  },
  {
    name: 'T109: of the data only the text that was selected is stored',
    twins: [['json::jsonb', `coalesce(json, '{"card":"4111"}')::jsonb`]],
    async run(place, pool) {
      const { archive, schema } = await openArchive(place, {}, pool)
      await archive.write([ended(1, { data: { card: '4111' } })])
      const { rows } = await place.pool.query(`SELECT t::text AS row FROM "${schema}"."ended_sessions" AS t`)
      expect(rows).toHaveLength(1)
      expect(JSON.stringify(rows)).not.toContain('4111')
    },
  },
  {
    name: 'the last session comes first, and a page begins behind a session even where many ended at once',
    twins: [
      ['past.ended_at DESC', 'ended_at DESC'],
      [
        '(past.ended_at, session_id) < ($2::timestamptz, $3)',
        'past.ended_at < $2::timestamptz AND $3::text IS NOT NULL',
      ],
    ],
    async run(place, pool) {
      const { archive } = await openArchive(place, {}, pool)
      await archive.write([...numbered(25), ended(100, { endedAt: 999 }), ended(101, { endedAt: NOW + 1 })])
      await archive.write([ended(200, { userId: 'bob', endedAt: NOW + 2 })])
      const seen: PastSession[] = []
      for (let last: PastSession | null | undefined = null; last !== undefined && seen.length < 50; ) {
        const page = await archive.history({ userId: 'ada', limit: 10, ...(last && { before: last }) })
        seen.push(...page)
        last = page.at(-1)
      }
      expect(seen.map(({ id }) => id)).toEqual([
        idOf(101),
        ...numbered(25)
          .map(({ id }) => id)
          .reverse(),
        idOf(100),
      ])
      const earlier = await archive.history({ userId: 'ada', before: NOW })
      expect(earlier.map(({ id }) => id)).toEqual([idOf(100)])
    },
  },
  {
    name: 'a checkpoint keeps the highest version, and leaves when its session has ended',
    twins: [
      ['WHERE stored.version < excluded.version', ''],
      ['ORDER BY id, version DESC', 'ORDER BY id, version'],
      ['DELETE FROM', 'SELECT FROM (SELECT 1) AS none, batch WHERE false --'],
      ['WHERE NOT EXISTS', 'WHERE true OR NOT EXISTS'],
    ],
    async run(place, pool) {
      const { archive, schema } = await openArchive(place, { checkpoints: true }, pool)
      await archive.checkpoint?.([live(1, 2, { json: '2' }), live(1, 3, { json: '3' }), live(2, 1)])
      await archive.checkpoint?.([live(1, 1, { json: '1' }), live(2, 2, { expiresAt: NOW + 5 })])
      const kept = await archive.checkpoints?.({ userId: 'ada' })
      expect(kept?.map(({ id, version, data, expiresAt }) => [id, version, data, expiresAt])).toEqual([
        [idOf(1), 3, 3, NOW + HOUR],
        [idOf(2), 2, null, NOW + 5],
      ])
      await archive.write([ended(1)])
      await archive.checkpoint?.([live(1, 4)])
      const { rows } = await place.pool.query(`SELECT session_id FROM "${schema}"."live_sessions"`)
      expect(rows).toEqual([{ session_id: idOf(2) }])
    },
  },
  {
    name: 'T111: what is too old is deleted in batches, each no larger than it may be',
    twins: [
      ['LIMIT $2::integer', 'LIMIT $2::integer * 100'],
      ['ended_at < $1', 'ended_at <= $1'],
      ['expires_at < $1', 'expires_at > $1'],
    ],
    async run(place, pool) {
      const seen = recording(pool)
      const { archive } = await openArchive(place, { checkpoints: true }, seen)
      const old = numbered(25, { endedAt: NOW - HOUR - 1 })
      await archive.write([...old, ended(100, { endedAt: NOW - HOUR })])
      await archive.checkpoint?.([live(200, 1, { expiresAt: NOW - HOUR - 1 }), live(201, 1)])
      const before = seen.sent.length
      expect(await archive.retain({ olderThan: '1h', now: NOW, batch: 10 })).toBe(26)
      const counts = seen.sent.slice(before).map(({ rows }) => Number(Reflect.get(Object(rows[0]), 'count')))
      expect(counts).toEqual([1, 10, 10, 5])
      expect((await archive.history({ userId: 'ada' })).map(({ id }) => id)).toEqual([idOf(100)])
      expect((await archive.checkpoints?.({ userId: 'ada' }))?.map(({ id }) => id)).toEqual([idOf(201)])
    },
  },
  {
    name: 'T111: everything about a user is erased, and nothing about another',
    twins: [
      ['user_id = $1 AND created_at', '(user_id IS NOT NULL OR $1::text IS NULL) AND created_at'],
      ['live_sessions" WHERE (session_id)', 'live_sessions" WHERE false AND (session_id)'],
      ['created_at <= $3::timestamptz', '$3::timestamptz IS NOT NULL'],
    ],
    async run(place, pool) {
      const { archive } = await openArchive(place, { checkpoints: true }, pool)
      await archive.write([ended(30, { createdAt: NOW }), ended(31, { createdAt: NOW - 1 })])
      expect(await archive.erase('ada', NOW - 1)).toBe(1)
      expect(await archive.erase('ada', NOW)).toBe(1)
      await archive.write([...numbered(3), ended(10, { userId: 'bob' }), ended(11, { userId: null })])
      await archive.checkpoint?.([live(20, 1), live(21, 1, { userId: 'bob' })])
      expect(await archive.erase('ada')).toBe(4)
      expect(await archive.erase('ada')).toBe(0)
      expect(await archive.checkpoints?.({ userId: 'ada' })).toEqual([])
      expect(await archive.history({ userId: 'bob' })).toHaveLength(1)
      expect(await archive.checkpoints?.({ userId: 'bob' })).toHaveLength(1)
    },
  },
  {
    name: 'by month it is the same: stored once, told, erased, and each month in a partition',
    twins: [['ON CONFLICT DO NOTHING', '']],
    async run(place, pool) {
      const schema = freshSchema()
      const { archive } = await openArchive(place, { schema, partitions: 'month' }, pool)
      const {
        rows: [row],
      } = await place.pool.query('SELECT (extract(epoch FROM now()) * 1000)::bigint::text AS at')
      const now = Number(Reflect.get(Object(row), 'at'))
      await archive.write([ended(1, { endedAt: now }), ended(2, { endedAt: 5 })])
      await archive.write([ended(1, { endedAt: now }), ended(2, { endedAt: 5 })])
      const { rows } = await place.pool.query(
        `SELECT session_id, tableoid::regclass::text LIKE '%_default' AS waits FROM "${schema}"."ended_sessions" ORDER BY 1`,
      )
      expect(rows).toEqual([
        { session_id: idOf(1), waits: false },
        { session_id: idOf(2), waits: true },
      ])
      expect(await archive.history({ userId: 'ada' })).toHaveLength(2)
      expect(await archive.retain({ olderThan: 1, now })).toBe(1)
      expect(await archive.erase('ada')).toBe(1)
    },
  },
]
