import { expect, test } from 'vitest'
import { feltP99, percentile, undisturbed, undisturbedRatio } from './statistics.ts'

test('a percentile is the value that the share of the others lies below', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index)
  expect(percentile(hundred, 0.5)).toBe(50)
  expect(percentile(hundred, 0.99)).toBe(99)
  expect(percentile([7], 0.99)).toBe(7)
})

test('of eight rounds two are better than what an undisturbed one is taken to be', () => {
  expect(undisturbed([9, 90, 1, 5, 900, 7, 3, 9_000], 'lower')).toBe(5)
  expect(undisturbed([9, 90, 1, 5, 900, 7, 3, 9_000], 'higher')).toBe(90)
  expect(undisturbed([4], 'lower')).toBe(4)
})

test('a ratio is of two that nothing disturbed, and its spread that of single rounds', () => {
  expect(undisturbedRatio([20, 6, 6, 10], [1, 3, 3, 100], 'lower')).toEqual({ value: 2, min: 0.1, max: 20 })
  expect(undisturbedRatio([4], [2], 'higher')).toEqual({ value: 2, min: 2, max: 2 })
})

test('one gap of a second among a thousand of a millisecond is what a request feels', () => {
  const gaps = [...Array.from({ length: 1_000 }, () => 1), 1_000]
  expect(percentile(gaps, 0.99)).toBe(1)
  // Half of all instants lie in the long gap; the last 20 ms of its wait are 1 in 100 of all.
  expect(feltP99(gaps)).toBeCloseTo(980, 0)
})
