import type { Operation } from '../contestants/contestant.ts'
import { CONTESTANT_NAMES, type ContestantName } from '../contestants/contestants.ts'
import type { LoopGaps } from '../loop-delay.ts'
import type { Sample } from '../slice.ts'
import { feltP99, median, percentile } from '../statistics.ts'
import { CONCURRENCIES, type Concurrency, type Measured } from './side-by-side.ts'

/** One line of a table: medians over the rounds. Times are milliseconds. */
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
}

/** One number with the least and the greatest that a round gave: how much to believe it. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
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
        perSecond: median(samples.map(({ perSecond }) => perSecond)),
        p50: median(samples.map(({ p50 }) => p50)),
        p99: median(samples.map(({ p99 }) => p99)),
        cpu: median(samples.map(({ cpu }) => cpu)),
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
  return gaps.length === 0 ? null : { p99: percentile(gaps, 0.99), felt: feltP99(gaps) }
}

/** How many times one is the other, taken within each round, where both met the same noise. */
export function ratioOf(numerators: readonly number[], denominators: readonly number[]): Spread {
  return spreadOf(numerators.map((numerator, round) => numerator / (denominators[round] ?? Number.NaN)))
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}
