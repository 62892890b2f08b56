/** One number with the least and the greatest that a single round gave: how much to believe it. */
export interface Spread {
  readonly value: number
  readonly min: number
  readonly max: number
}

/** The value below which `share` (0 to 1) of the sorted values lie. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/**
 * What a value is when nothing disturbs: of all rounds, a quarter were better. What else a machine does can only
 * make a round worse, so a median would measure the neighbours; and the best of all may have been lucky.
 */
export function undisturbed(rounds: readonly number[], better: 'lower' | 'higher'): number {
  const sorted = [...rounds].sort((a, b) => (better === 'lower' ? a - b : b - a))
  return percentile(sorted, 0.25)
}

/** How many times one is the other, both undisturbed; the spread is that of rounds, in which they met alike. */
export function undisturbedRatio(
  numerators: readonly number[],
  denominators: readonly number[],
  better: 'lower' | 'higher',
): Spread {
  const value = undisturbed(numerators, better) / undisturbed(denominators, better)
  return { ...medianRatio(numerators, denominators), value }
}

/** The wait that a request meets with a chance of 1 in 100, if it comes at any instant during these gaps. */
export function feltP99(gaps: readonly number[]): number {
  const total = gaps.reduce((sum, gap) => sum + gap, 0)
  const sharePast = (wait: number) => gaps.reduce((sum, gap) => sum + Math.max(0, gap - wait), 0) / total
  let low = 0
  let high = Math.max(...gaps)
  while (high - low > 0.01) {
    const middle = (low + high) / 2
    if (sharePast(middle) > 0.01) low = middle
    else high = middle
  }
  return high
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN
  const high = sorted[Math.floor(middle)] ?? Number.NaN
  return (low + high) / 2
}

/** How many times one is the other, taken within each round, in which both met alike; the median of the rounds. */
export function medianRatio(numerators: readonly number[], denominators: readonly number[]): Spread {
  const ratios = numerators.map((numerator, round) => numerator / (denominators[round] ?? Number.NaN))
  return spreadAround(ratios)
}

export function spreadAround(values: readonly number[]): Spread {
  return { value: median(values), min: Math.min(...values), max: Math.max(...values) }
}
