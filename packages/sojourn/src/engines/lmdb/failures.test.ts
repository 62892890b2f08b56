import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { commitFailure, readFailure } from './failures.ts'

const lmdbError = (message: string, code?: number): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code })

test.each([
  ['MDB_BAD_TXN: Transaction must abort, has a child, or is invalid', -30782, 'Error [-30782]: MDB_BAD_TXN'],
  ['Input/output error', 5, 'Error [5 EIO]'],
  [
    'Is a directory: Attempting to open main database file',
    21,
    'Error [21 EISDIR]: Attempting to open main database file',
  ],
  ['Can not read from a closed database', undefined, 'Error: Can not read from a closed database'],
])('the cause says what an operator needs of %s', (message, code, expected) => {
  const failures = [
    readFailure(lmdbError(message, code)),
    commitFailure('/store', lmdbError(message, code), true),
  ]
  expect(failures.map(({ cause }) => Object(cause).message)).toEqual([expected, expected])
})

test.each([
  'Invalid key or zero length key is not allowed in LMDB marked-secret',
  'Invalid value to put in database marked-secret (string), consider using encoder',
  'Can not read from a closed database marked-secret',
  'marked-secret Can not read from a closed database',
])('T98: the cause holds no key and no value: %s', (message) => {
  const failures = [readFailure(lmdbError(message)), commitFailure('/store', lmdbError(message), true)]
  expect(inspect(failures, { depth: 9, showHidden: true })).not.toContain('marked-secret')
})
