import { expect, test } from 'vitest'
import { LONGEST_TURN_MS, turnOf } from './fuzz.test-support.ts'
import { checkUserId } from './user-id.ts'

test.each([
  'u_42',
  '0',
  'ada@example.com',
  'Ünïcødé 中文 😀',
  'a'.repeat(255),
  'é'.repeat(127),
  '__proto__',
  ' ',
])('a user id may be %j', (userId) => expect(checkUserId(userId)).toBe(userId))

test('a user id is compared byte by byte: two spellings of a letter are two users', () => {
  expect(checkUserId('\u00e9')).not.toBe(checkUserId('e\u0301'))
})

test.each([
  ['', 'userId must have 1 to 255 bytes, has 0.'],
  ['a'.repeat(256), 'userId must have 1 to 255 bytes, has 256.'],
  ['é'.repeat(128), 'userId must have 1 to 255 bytes, has 256.'],
  ['😀'.repeat(64), 'userId must have 1 to 255 bytes, has 256.'],
])('T79: a user id of a wrong size is refused with both sizes', (userId, message) => {
  expect(() => checkUserId(userId)).toThrowError(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  )
})

test.each([
  ['a number', 42],
  ['nothing', undefined],
  ['null', null],
  ['a list of one', ['u_42']],
  ['an object with text', { toString: () => 'u_42' }],
  ['a String object', Object('u_42')],
  ['half a character', 'u_\ud800'],
  ['a character of zero', 'u_42\0'],
  ['a line break', 'u_42\n'],
  ['an escape', '\u001b[2J'],
  ['a C1 control', 'u\u0085'],
])('a user id that is %s is refused, and not repeated in the message', (_name, userId) => {
  expect(() => checkUserId(userId)).toThrowError(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.not.stringContaining('u_4') }),
  )
})

test('T81: a user id of ten megabytes is refused in no time', () => {
  const huge = 'é'.repeat(5_000_000)
  expect(turnOf(() => expect(() => checkUserId(huge)).toThrow())).toBeLessThan(LONGEST_TURN_MS)
})
