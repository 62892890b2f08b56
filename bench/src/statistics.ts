/** The value below which `share` (0 to 1) of the sorted values lie. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
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
