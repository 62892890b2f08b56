import { expect, test } from 'vitest'
import { parseAmount, typedAmount } from './money.ts'

test.each([
  ['25', 2500n],
  ['25.5', 2550n],
  ['25,50', 2550n],
  [' 0.01 ', 1n],
  ['€ 7', 700n],
  ['7 €', 700n],
  ['1000000', 100_000_000n],
])('%j is an amount', (text, cents) => {
  expect(parseAmount(text)).toBe(cents)
})

test.each([
  '',
  '0',
  '0.00',
  '-5',
  '1.234',
  '1,234.50',
  '1.',
  '.5',
  '1e3',
  '0x10',
  '1000000.01',
  '99999999',
  '٣',
  '5 5',
])('%j is no amount', (text) => {
  expect(parseAmount(text)).toBeNull()
})

test('an amount that fills a form reads back as itself', () => {
  for (const cents of [1n, 10n, 99n, 100n, 12_345n, 100_000_000n]) {
    expect(parseAmount(typedAmount(cents, '.'))).toBe(cents)
    expect(parseAmount(typedAmount(cents, ','))).toBe(cents)
  }
})
