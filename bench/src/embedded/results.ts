import type { Operation } from '../contestants/contestant.ts'
import { CONTESTANT_NAMES, type ContestantName } from '../contestants/contestants.ts'
import type { LoopGaps } from '../loop-delay.ts'
import type { Sample } from '../slice.ts'
import { feltP99, percentile, type Spread, undisturbed } from '../statistics.ts'
import { CONCURRENCIES, type Concurrency, type Measured } from './side-by-side.ts'

/** One line of a table: what the rounds are when nothing disturbs. Times are milliseconds. */
export interface Line {
  readonly contestant: ContestantName
  readonly operation: Operation
  readonly concurrency: Concurrency
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly cpu: number
  /** Of the event loop, all rounds together; null where it was not watched. */
  readonly loop: LoopDelay | null
}

/** In milliseconds. */
export interface LoopDelay {
  /** Of 100 ticks, 99 came within it. */
  readonly p99: number
  /** A request that comes at any instant waits longer than this with a chance of 1 in 100. */
  readonly felt: number
  /** Of 100 ticks, in 99 the loop itself worked no longer; what it waited for a core is not in it. */
  readonly busy: number
}

export function linesOf(measured: readonly Measured[], operation: Operation): Line[] {
  return CONTESTANT_NAMES.flatMap((contestant) =>
    CONCURRENCIES.flatMap((concurrency) => {
      const samples = samplesOf(measured, { contestant, operation, concurrency })
      if (samples.length === 0) return []
      return {
        contestant,
        operation,
        concurrency,
        perSecond: undisturbed(
          samples.map((sample) => sample.perSecond),
          'higher',
        ),
        p50: undisturbedOf(samples, 'p50'),
        p99: undisturbedOf(samples, 'p99'),
        cpu: undisturbedOf(samples, 'cpu'),
        loop: loopDelayOf(samples.map((sample) => sample.loop)),
      }
    }),
  )
}

export interface Where {
  readonly contestant: ContestantName
  readonly operation: Operation
  readonly concurrency: Concurrency
}

export function samplesOf(measured: readonly Measured[], where: Where): Sample[] {
  return measuredAt(measured, where).map(({ sample }) => sample)
}

/** What was measured there, round after round. */
export function measuredAt(measured: readonly Measured[], where: Where): Measured[] {
  return measured
    .filter(({ contestant }) => contestant === where.contestant)
    .filter(({ operation }) => operation === where.operation)
    .filter(({ concurrency }) => concurrency === where.concurrency)
    .sort((a, b) => a.round - b.round)
}

/** The gaps of all rounds together; null where the loop was not watched. */
export function loopDelayOf(loops: readonly (LoopGaps | null)[]): LoopDelay | null {
  const gaps = loops.flatMap((loop) => loop?.gaps ?? []).sort((a, b) => a - b)
  const busy = loops.flatMap((loop) => loop?.busy ?? []).sort((a, b) => a - b)
  if (gaps.length === 0) return null
  return { p99: percentile(gaps, 0.99), felt: feltP99(gaps), busy: percentile(busy, 0.99) }
}

export function spreadOf(values: readonly number[], better: 'lower' | 'higher'): Spread {
  return { value: undisturbed(values, better), min: Math.min(...values), max: Math.max(...values) }
}

function undisturbedOf(samples: readonly Sample[], key: 'p50' | 'p99' | 'cpu'): number {
  return undisturbed(
    samples.map((sample) => sample[key]),
    'lower',
  )
}
