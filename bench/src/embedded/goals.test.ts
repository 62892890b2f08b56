import { expect, test } from 'vitest'
import type { Sample } from '../slice.ts'
import { verdictsOf } from './goals.ts'
import type { Measured } from './side-by-side.ts'

const SAMPLE: Sample = { operations: 1, perSecond: 1_000, p50: 1, p99: 1, cpu: 1, loop: null }
const LOOP = { gaps: Array.from({ length: 100 }, () => 2), busy: [1], monitorP99: 2 }

/** One round in which every goal is met by a hair. */
function roundOf(
  changes: Partial<Record<'read' | 'write' | 'throughput' | 'loop', Partial<Sample>>>,
): Measured[] {
  const sample = (own: Partial<Sample>, change: Partial<Sample> = {}) => ({ ...SAMPLE, ...own, ...change })
  const at = (
    contestant: Measured['contestant'],
    operation: Measured['operation'],
    rest: Partial<Measured>,
  ) => ({
    contestant,
    operation,
    round: 0,
    concurrency: 1 as const,
    sample: SAMPLE,
    idleLoop: null,
    ...rest,
  })
  return [
    at('raw-lmdb', 'read', {}),
    at('sojourn-lmdb', 'read', { sample: sample({ perSecond: 334 }, changes.read) }),
    ...(['update', 'create'] as const).flatMap((operation) => [
      at('raw-append', operation, {}),
      at('sojourn-lmdb', operation, { sample: sample({ p50: 3 }, changes.write) }),
      at('sqlite-delete', operation, { concurrency: 64, sample: sample({ perSecond: 100 }) }),
      at('sqlite-wal', operation, { concurrency: 64 }),
      at('sojourn-lmdb', operation, { concurrency: 64, sample: sample({}, changes.throughput) }),
      at('sojourn-lmdb', operation, { concurrency: 1_024, sample: sample({ loop: LOOP }, changes.loop) }),
    ]),
  ]
}

const missed = (measured: readonly Measured[]) =>
  verdictsOf(measured).flatMap(({ goal, isMet }) => (isMet ? [] : goal))

test('every goal is met at its limit', () => {
  expect(missed(roundOf({}))).toEqual([])
})

test('each goal is missed behind its limit, and by nothing else', () => {
  expect(missed(roundOf({ read: { perSecond: 332 } }))).toEqual(['time per read, of raw get + hash + decode'])
  expect(missed(roundOf({ write: { p50: 3.1 } }))).toEqual([
    'p50 of a durable update, of append + fdatasync',
    'p50 of a durable create, of append + fdatasync',
  ])
  expect(missed(roundOf({ throughput: { perSecond: 990 } }))).toEqual([
    'updates per second at 64, of SQLite (FULL, DELETE)',
    'creates per second at 64, of SQLite (FULL, DELETE)',
  ])
  const slow = { ...LOOP, gaps: [...LOOP.gaps.slice(2), 10, 10] }
  expect(missed(roundOf({ loop: { loop: slow } }))).toEqual([
    'event-loop delay p99 during 1,024 durable updates',
    'event-loop delay p99 during 1,024 durable creates',
  ])
})

test('a ratio compares both as they are when nothing disturbs', () => {
  const rounds = [9, 1, 30, 1, 1].flatMap((noise, round) =>
    roundOf({ write: { p50: 2 * noise } }).map((measured) => ({ ...measured, round })),
  )
  const update = verdictsOf(rounds).find(({ goal }) => goal.startsWith('p50 of a durable update'))
  expect(update?.value).toEqual({ value: 2, min: 2, max: 60 })
})

test('what was not measured is a goal that is missed', () => {
  expect(missed([])).toHaveLength(7)
})
