import { describe, expect, test } from 'vitest'
import { SessionError } from '../../core/errors.ts'
import { idsOf, numberOf } from './replies.ts'

function codeOf(call: () => unknown): string {
  try {
    return `no error, but ${String(call())}`
  } catch (error) {
    if (error instanceof SessionError) return error.code
    throw error
  }
}

describe('the answer to a write', () => {
  test.each([[1], ['1'], [Buffer.from('1')]])('is a number as a driver gives it: %j', (reply) => {
    expect(numberOf(reply)).toBe(1)
  })

  // `QUEUED` is what a connection says that the application has in a transaction.
  test.each([[''], [Buffer.alloc(0)], [[]], [[1]], [null], [true], ['QUEUED'], [1.5], ['0x1']])(
    'is of unknown outcome where it is no number: %j',
    (reply) => {
      expect(codeOf(() => numberOf(reply))).toBe('OUTCOME_UNKNOWN')
    },
  )

  test('is a list of ids, and of unknown outcome where it is none', () => {
    expect(idsOf(Buffer.from(`${'a'.repeat(16)}${'b'.repeat(16)}`))).toEqual(['a'.repeat(16), 'b'.repeat(16)])
    expect(idsOf(Buffer.alloc(0))).toEqual([])
    expect(codeOf(() => idsOf(Buffer.from('QUEUED')))).toBe('OUTCOME_UNKNOWN')
  })
})
