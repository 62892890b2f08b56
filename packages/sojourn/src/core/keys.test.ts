import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { keyBytes } from './keys.ts'

const KEY = randomBytes(32)

test.each([
  ['bytes', KEY],
  ['a Uint8Array', Uint8Array.from(KEY)],
  ['base64url', KEY.toString('base64url')],
  ['padded base64url', `${KEY.toString('base64url')}=`],
  ['base64', KEY.toString('base64')],
  ['hexadecimal', KEY.toString('hex')],
  ['capital hexadecimal', KEY.toString('hex').toUpperCase()],
])('a key may be given as %s', (_name, key) => {
  expect(Buffer.from(keyBytes(key, 'bucketKey'))).toEqual(KEY)
})

test('a key is copied, so that wiping the original wipes no other', () => {
  const given = Buffer.from(KEY)
  const kept = keyBytes(given, 'bucketKey')
  given.fill(0)
  expect(Buffer.from(kept)).toEqual(KEY)
})

test.each([
  ['nothing', undefined],
  ['null', null],
  ['empty text', ''],
  ['no bytes', new Uint8Array()],
  ['a passphrase', 'correct horse battery staple'],
  ['32 characters, which Node would take', 'abcdefghijklmnopqrstuvwxyz012345'],
  ['a passphrase as long as a key', 'correct-horse-battery-staple-correct-horse1'],
  ['31 bytes', randomBytes(31)],
  ['33 bytes', randomBytes(33)],
  ['31 bytes as hexadecimal', randomBytes(31).toString('hex')],
  ['hexadecimal with a space', ` ${KEY.toString('hex')}`],
  ['hexadecimal with a line break', `${KEY.toString('hex')}\n`],
  ['a bad digit', `g${KEY.toString('hex').slice(1)}`],
  ['a number', 32],
  ['a list', [...KEY]],
  ['a wide array', new Uint16Array(32)],
  ['an array buffer', Uint8Array.from(KEY).buffer],
])('T12: %s is no key, and the refusal does not repeat it', (_name, key) => {
  const shown = typeof key === 'string' && key !== '' ? key : 'nothing to repeat'
  expect(() => keyBytes(key, 'bucketKey')).toThrowError(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('bucketKey must be 32 bytes'),
    }),
  )
  expect(() => keyBytes(key, 'bucketKey')).not.toThrowError(shown)
})
