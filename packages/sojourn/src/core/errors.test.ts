import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ERRORS, redacted } from './errors.ts'

const SECRET = 'marked-secret'
const reply = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' })
const shown = (error: unknown): string => inspect(redacted(error), { depth: 9, showHidden: true })

/** Errors as drivers make them, with a secret in each place where one can get. */
const hostile: readonly (readonly [where: string, error: unknown])[] = [
  [
    'an argument that the server repeats',
    reply(`ERR unknown command '${SECRET}', with args beginning with: `),
  ],
  ['an argument of a script', reply(`ERR user_script:1: ${SECRET} script: abc, on @user_script:1.`)],
  ['the first word', reply(`${SECRET} is no command`)],
  ['a first word that only begins as one of ours does', reply(`ERR${SECRET}`)],
  ['a first word in capitals', reply('MARKED-SECRET')],
  ['the second line', reply(`OOM command not allowed\n${SECRET}`)],
  ['a URL with its password', new Error(`connect ECONNREFUSED redis://app:${SECRET}@db:6379`)],
  ['the command', Object.assign(reply('READONLY no'), { command: { name: 'set', args: ['key', SECRET] } })],
  ['the name', Object.assign(new Error('x'), { name: `Error: ${SECRET}` })],
  ['the code', Object.assign(new Error('x'), { code: `E ${SECRET}` })],
  ['the syscall', Object.assign(new Error('x'), { syscall: `connect ${SECRET}` })],
  ['the address', Object.assign(new Error('x'), { address: `/run/${SECRET}.sock` })],
  ['the port', Object.assign(new Error('x'), { port: `6379/${SECRET}` })],
  ['the path', Object.assign(new Error('x'), { path: `/home/${SECRET}` })],
  ['the cause', new Error('x', { cause: new Error(SECRET) })],
  ['several errors', new AggregateError([new Error(SECRET)], SECRET)],
  ['a message that is no text', Object.assign(new Error('x'), { message: { text: SECRET } })],
  ['a value that is no error', { message: SECRET }],
  ['a text', SECRET],
]

describe('what is kept of a driver’s error', () => {
  test.each(hostile)('T98: is nothing of %s', (_where, error) => {
    expect(shown(error).toLowerCase()).not.toContain(SECRET)
  })

  test('T98: would be found out, since each of these does hold the secret', () => {
    const harmless = hostile.filter(([, error]) => {
      return !inspect(error, { depth: 9, showHidden: true }).toLowerCase().includes(SECRET)
    })
    expect(harmless).toEqual([])
  })

  test.each([
    [reply('WRONGTYPE Operation against a key holding the wrong kind of value'), 'ReplyError: WRONGTYPE'],
    [reply("-READONLY You can't write against a read only replica."), 'ReplyError: -READONLY'],
    [reply('NOPERM this user has no permissions to run the command'), 'ReplyError: NOPERM'],
    [reply('MOVED 3999 127.0.0.1:6381'), 'ReplyError: MOVED'],
    [
      Object.assign(new Error('x'), {
        code: 'ECONNREFUSED',
        syscall: 'connect',
        address: '127.0.0.1',
        port: 6379,
      }),
      'Error [ECONNREFUSED]: syscall connect, address 127.0.0.1, port 6379',
    ],
    [
      Object.assign(new Error('x'), { code: 'ECONNRESET', syscall: 'read', address: '::ffff:10.0.0.1' }),
      'Error [ECONNRESET]: syscall read, address ::ffff:10.0.0.1',
    ],
    [Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }), 'AggregateError [ECONNREFUSED]'],
    [Object.assign(new Error('No space left on device'), { code: 28 }), 'Error [28 ENOSPC]'],
    [
      Object.assign(new Error('MDB_MAP_FULL: Environment mapsize limit reached'), { code: -30792 }),
      'Error [-30792]: MDB_MAP_FULL',
    ],
    [new TypeError('x is not a function'), 'TypeError'],
  ])('is what an operator needs: case %#', (error, expected) => {
    expect(redacted(error).message).toBe(expected)
    expect(Object.keys(redacted(error))).toEqual([])
  })
})

test('T75: a failure of the engine is a 503, and one that a retry may cure', () => {
  const ofTheEngine = [
    'ENGINE_UNAVAILABLE',
    'ENGINE_REFUSED',
    'OUTCOME_UNKNOWN',
    'OVERLOADED',
    'STORE_FULL',
  ] as const
  expect(ofTheEngine.map((code) => ERRORS[code])).toEqual(
    ofTheEngine.map(() => expect.objectContaining({ status: 503, retryable: true })),
  )
})
