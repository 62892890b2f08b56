import { expect, test } from 'vitest'
import { demoBooks } from './demo-books.ts'
import { groupedIban, parseIban } from './iban.ts'

test('an IBAN is read with spaces and in small letters', () => {
  expect(parseIban(' xh92 7700 0000 9081 7265 ')).toBe('XH927700000090817265')
  expect(parseIban('GB82 WEST 1234 5698 7654 32')).toBe('GB82WEST12345698765432')
})

test('a single wrong character is noticed, wherever it is', () => {
  const iban = 'XH927700000090817265'
  for (let at = 0; at < iban.length; at += 1) {
    const other = iban[at] === '1' ? '2' : '1'
    expect(parseIban(iban.slice(0, at) + other + iban.slice(at + 1))).toBeNull()
  }
})

test.each(['', 'XH92', 'XH92770000009081726', 'not an iban at all'])('%j is none', (text) => {
  expect(parseIban(text)).toBeNull()
})

test('the accounts of the demonstration have valid ones', () => {
  for (const { iban } of demoBooks(0).accounts) expect(parseIban(groupedIban(iban))).toBe(iban)
})
