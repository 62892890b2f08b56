import type { ContestantName } from '../contestants/contestants.ts'
import type { LoopGaps } from '../loop-delay.ts'
import type { Sample } from '../slice.ts'
import { type Spread, undisturbedRatio } from '../statistics.ts'
import { atLeast, atMost, told, type Verdict } from '../verdicts.ts'
import { type LoopDelay, loopDelayOf, measuredAt, samplesOf } from './results.ts'
import type { Concurrency, Measured } from './side-by-side.ts'

type Write = 'update' | 'create'

interface Pair {
  readonly operation: 'read' | 'update' | 'create'
  readonly concurrency: Concurrency
  readonly against: ContestantName
}

const MOST_READ_RATIO = 3
const MOST_WRITE_RATIO = 3
const LEAST_SQLITE_RATIO = 10
const MOST_LOOP_DELAY_MS = 10

/** The goals of the embedded engine, as far as a run side by side can judge them. */
export function verdictsOf(measured: readonly Measured[]): Verdict[] {
  const writes = ['update', 'create'] as const
  return [
    atMost(MOST_READ_RATIO, 'time per read, of raw get + hash + decode', readRatio(measured)),
    ...writes.map((operation) =>
      atMost(
        MOST_WRITE_RATIO,
        `p50 of a durable ${operation}, of append + fdatasync`,
        p50Ratio(measured, { operation, concurrency: 1, against: 'raw-append' }),
      ),
    ),
    ...writes.map((operation) =>
      atLeast(
        LEAST_SQLITE_RATIO,
        `${operation}s per second at 64, of SQLite (FULL, DELETE)`,
        throughputRatio(measured, { operation, concurrency: 64, against: 'sqlite-delete' }),
      ),
    ),
    ...writes.map((operation) =>
      told(
        `${operation}s per second at 64, of SQLite (FULL, WAL)`,
        throughputRatio(measured, { operation, concurrency: 64, against: 'sqlite-wal' }),
      ),
    ),
    ...writes.flatMap((operation) => [loopDelay(measured, operation), ...loopBeside(measured, operation)]),
  ]
}

/** By time per operation and not by p50: the garbage of both counts. */
function readRatio(measured: readonly Measured[]): Spread {
  const ours = samplesOf(measured, { contestant: 'sojourn-lmdb', operation: 'read', concurrency: 1 })
  const raw = samplesOf(measured, { contestant: 'raw-lmdb', operation: 'read', concurrency: 1 })
  const time = (samples: readonly Sample[]) => samples.map(({ perSecond }) => 1 / perSecond)
  return undisturbedRatio(time(ours), time(raw), 'lower')
}

function p50Ratio(measured: readonly Measured[], { operation, concurrency, against }: Pair): Spread {
  const of = (contestant: ContestantName) =>
    samplesOf(measured, { contestant, operation, concurrency }).map(({ p50 }) => p50)
  return undisturbedRatio(of('sojourn-lmdb'), of(against), 'lower')
}

function throughputRatio(measured: readonly Measured[], { operation, concurrency, against }: Pair): Spread {
  const of = (contestant: ContestantName) =>
    samplesOf(measured, { contestant, operation, concurrency }).map(({ perSecond }) => perSecond)
  return undisturbedRatio(of('sojourn-lmdb'), of(against), 'higher')
}

function loopDelay(measured: readonly Measured[], operation: Write): Verdict {
  const value = loopSpread(measuredAtPeak(measured, operation).map(({ sample }) => sample.loop))
  return {
    goal: `event-loop delay p99 during 1,024 durable ${operation}s`,
    limit: `< ${MOST_LOOP_DELAY_MS}`,
    unit: 'ms',
    value,
    isMet: value.value < MOST_LOOP_DELAY_MS,
  }
}

/** What helps to understand the delay, and to believe it. */
function loopBeside(measured: readonly Measured[], operation: Write): Verdict[] {
  const atPeak = measuredAtPeak(measured, operation)
  const loops = atPeak.map(({ sample }) => sample.loop)
  const idle = atPeak.map(({ idleLoop }) => idleLoop)
  const ms = (goal: string, value: Spread): Verdict => ({ ...told(goal, value), unit: 'ms' })
  return [
    ms('… of it the work of the loop itself, p99', loopSpread(loops, 'busy')),
    ms('… the wait that 1 in 100 requests meets', loopSpread(loops, 'felt')),
    ms('… the same delay of an idle process meanwhile', loopSpread(idle)),
  ]
}

function measuredAtPeak(measured: readonly Measured[], operation: Write): Measured[] {
  return measuredAt(measured, { contestant: 'sojourn-lmdb', operation, concurrency: 1_024 })
}

/** Of all rounds together, since a round has few ticks; the spread is that of single rounds. */
function loopSpread(loops: readonly (LoopGaps | null)[], key: keyof LoopDelay = 'p99'): Spread {
  const rounds = loops.map((loop) => loopDelayOf([loop])?.[key] ?? Number.NaN)
  return {
    value: loopDelayOf(loops)?.[key] ?? Number.NaN,
    min: Math.min(...rounds),
    max: Math.max(...rounds),
  }
}
