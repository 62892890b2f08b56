import { describe, expect, test } from 'vitest'
import { failureOf } from './failures.ts'

const state = (code: string, fields = {}) =>
  Object.assign(new Error('MARK'), { code, detail: 'MARK', where: 'MARK', ...fields })

describe('an error of the server', () => {
  test.each(['22P05', '22P02', '22021', '22003', '23505', '23502', '54000', '21000', '44000', 'P0001'])(
    'refuses the session: %s',
    (code) => expect(failureOf(state(code)).code).toBe('ARCHIVE_REFUSED'),
  )

  test.each([
    ...[
      '08006',
      '0A000',
      '25006',
      '28P01',
      '3D000',
      '3F000',
      '40001',
      '40P01',
      '42501',
      '42703',
      '42P01',
      '53100',
    ],
    ...['53300', '55P03', '57014', '57P01', '57P03', '58030', 'F0000', 'XX000', 'XX001', '72000', 'ZZ999'],
  ])('lets the session wait: %s', (code) => expect(failureOf(state(code)).code).toBe('ARCHIVE_UNAVAILABLE'))

  test('of a check without a name is that of partitions, which nobody’s data is at fault for', () => {
    expect(failureOf(state('23514', { constraint: 'mine' })).code).toBe('ARCHIVE_REFUSED')
    expect(failureOf(state('23514')).code).toBe('ARCHIVE_UNAVAILABLE')
  })

  test('T107: gives its state, and names that look like names', () => {
    const names = { table: 'ended_sessions', column: 'user id', constraint: 'MARK"; DROP TABLE' }
    expect(failureOf(state('23505', names)).message).toMatch(
      /\(23505 unique_violation, table ended_sessions\)\.$/,
    )
    expect(failureOf(state('72000')).message).toMatch(/\(72000\)\.$/)
  })
})

describe('an error of the driver', () => {
  test.each([
    state('ECONNREFUSED'),
    state('ECONNRESET'),
    state('EPIPE'),
    state('ETIMEDOUT'),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
    new Error('PGlite is closed'),
    new AggregateError([state('ECONNREFUSED')]),
    'not even an error',
  ])('is a connection that failed: %s', (error) => {
    expect(failureOf(error)).toMatchObject({ code: 'ARCHIVE_UNAVAILABLE', retryable: true })
  })

  test('about a value refuses the session', () => {
    expect(failureOf(new TypeError('MARK')).code).toBe('ARCHIVE_REFUSED')
  })
})

test('T107: neither message nor cause has a word of the driver’s', () => {
  for (const error of [
    state('22P05'),
    state('57014'),
    new Error('MARK'),
    new TypeError('MARK'),
    state('EPIPE'),
  ]) {
    const told = failureOf(error)
    expect(`${told.message} ${told.stack} ${String(told.cause)}`).not.toContain('MARK')
  }
})
