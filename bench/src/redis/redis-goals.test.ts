import { expect, test } from 'vitest'
import type { CallSample } from './measure-calls.ts'
import { type Findings, redisVerdicts } from './redis-goals.ts'
import type { RedisMeasured } from './side-by-side.ts'

const SAMPLE: CallSample = { calls: 1, perSecond: 1_000, p50: 1, p99: 1, p999: 1, cpu: 1, serverCpu: 1 }

interface Ours {
  readonly read?: Partial<CallSample>
  readonly loneRead?: Partial<CallSample>
  readonly rewrite?: Partial<CallSample>
  readonly updateRoundTrips?: number
  readonly bytesPerSession?: number
}

/** One round in which every goal is met by a hair, for either driver, with changes to ioredis. */
function findingsOf(changes: Ours, round = 0): Findings {
  const at = (
    contestant: RedisMeasured['contestant'],
    verb: RedisMeasured['verb'],
    sample: Partial<CallSample> = {},
    concurrency: RedisMeasured['concurrency'] = 64,
  ): RedisMeasured => ({ contestant, verb, concurrency, round, sample: { ...SAMPLE, ...sample } })
  const speeds = (ours: RedisMeasured['contestant'], change: Ours) => [
    at(ours, 'read', { perSecond: 5_000, p99: 0.2, cpu: 0.25, ...change.read }),
    at(ours, 'read', { p50: 1.1, ...change.loneRead }, 1),
    at(ours, 'rewrite', { perSecond: 2_000, cpu: 1 / 3, ...change.rewrite }),
  ]
  const counts = (contestant: RedisMeasured['contestant'], update: number) => [
    { contestant, verb: 'rewrite' as const, concurrency: 1 as const, each: 1 },
    { contestant, verb: 'update' as const, concurrency: 1 as const, each: update },
  ]
  return {
    measured: [
      at('connect-redis', 'read'),
      at('connect-redis', 'rewrite'),
      at('raw-ioredis', 'read', {}, 1),
      at('raw-node-redis', 'read', {}, 1),
      ...speeds('sojourn-ioredis', changes),
      ...speeds('sojourn-node-redis', {}),
    ],
    roundTrips: [
      ...counts('sojourn-ioredis', changes.updateRoundTrips ?? 2),
      ...counts('sojourn-node-redis', 2),
    ],
    memory: [
      { contestant: 'connect-redis', bytesPerSession: 500 },
      { contestant: 'sojourn-ioredis', bytesPerSession: changes.bytesPerSession ?? 400 },
      { contestant: 'sojourn-due', bytesPerSession: 600 },
    ],
    cluster: null,
  }
}

const missed = (findings: Findings) =>
  redisVerdicts(findings).flatMap(({ goal, isMet }) => (isMet ? [] : goal))

test('every goal is met at its limit', () => {
  expect(missed(findingsOf({}))).toEqual([])
})

test('each goal is missed behind its limit, and by nothing else', () => {
  expect(missed(findingsOf({ read: { perSecond: 4_990 } }))).toEqual([
    'ioredis: reads per second at 64, of connect-redis',
  ])
  expect(missed(findingsOf({ read: { p99: 0.21 } }))).toEqual([
    'ioredis: p99 of a read at 64, of connect-redis',
  ])
  expect(missed(findingsOf({ read: { cpu: 0.26 } }))).toEqual([
    'ioredis: client CPU of a read at 64, of connect-redis',
  ])
  expect(missed(findingsOf({ loneRead: { p50: 1.11 } }))).toEqual([
    'ioredis: p50 of a lone read, of the bare GET',
  ])
  expect(missed(findingsOf({ rewrite: { perSecond: 1_990 } }))).toEqual([
    "ioredis: updates per second at 64, version known, of connect-redis's set",
  ])
  expect(missed(findingsOf({ rewrite: { cpu: 0.34 } }))).toEqual([
    "ioredis: client CPU of that update, of connect-redis's set",
  ])
})

test('round trips are right within a twentieth, and memory has two goals', () => {
  const update = 'ioredis: round trips of an update, version not known'
  expect(missed(findingsOf({ updateRoundTrips: 2.04 }))).toEqual([])
  expect(missed(findingsOf({ updateRoundTrips: 2.06 }))).toEqual([update])
  expect(missed(findingsOf({ updateRoundTrips: 1 }))).toEqual([update])
  expect(missed(findingsOf({ bytesPerSession: 401 }))).toEqual(['… the stretch goal'])
  expect(missed(findingsOf({ bytesPerSession: 501 }))).toHaveLength(2)
})

test('a ratio is taken within each round, and its median is what counts', () => {
  const rounds = [1, 30, 1].flatMap((slower, round) => {
    return findingsOf({ loneRead: { p50: slower } }, round).measured
  })
  const verdicts = redisVerdicts({ ...findingsOf({}), measured: rounds })
  const lone = verdicts.find(({ goal }) => goal.startsWith('ioredis: p50 of a lone read'))
  expect(lone?.value).toEqual({ value: 1, min: 1, max: 30 })
})

test('what was not measured is a goal that is missed', () => {
  const nothing = { measured: [], roundTrips: [], memory: [], cluster: null }
  expect(missed(nothing)).toHaveLength(18)
})
