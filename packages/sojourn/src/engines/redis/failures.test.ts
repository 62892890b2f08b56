import { ReplyError } from 'ioredis'
import { ErrorReply } from 'redis'
import { describe, expect, test } from 'vitest'
import { failureOf, isSilence, refusalOf } from './failures.ts'

const SHA = 'f'.repeat(40)

describe.each([
  ['ioredis', (text: string): Error => new ReplyError(text)],
  ['node-redis', (text: string): Error => new ErrorReply(text)],
])('an error reply of a server, as %s gives it', (_driver, reply) => {
  test.each([
    ['OOM command not allowed when used memory > maxmemory.', 'OOM', 'STORE_FULL'],
    [`OOM command not allowed. script: ${SHA}, on @user_script:1.`, 'OOM', 'STORE_FULL'],
    // Redis 6.2: scripting.c, luaReplyToRedisReply and evalGenericCommand.
    [
      `ERR Error running script (call to f_${SHA}): @user_script:7: @user_script: 7: -OOM command not allowed`,
      'OOM',
      'STORE_FULL',
    ],
    [
      `ERR Error running script (call to f_${SHA}): @user_script:7: @user_script: 7: -READONLY You can't write`,
      'READONLY',
      'ENGINE_UNAVAILABLE',
    ],
    [
      `ERR Error running script (call to f_${SHA}): @user_script:9: WRONGTYPE Operation against a key`,
      'WRONGTYPE',
      'ENGINE_REFUSED',
    ],
    [
      'ERR Script attempted to access a non local key in a cluster node script: x',
      'ERR',
      'ENGINE_UNAVAILABLE',
    ],
    [
      'ERR Script attempted to execute a command while the cluster is down script: x',
      'ERR',
      'ENGINE_UNAVAILABLE',
    ],
    ['ERR unknown command', 'ERR', 'ENGINE_REFUSED'],
    ["ERR The user executing the script can't run this command script: x", 'ERR', 'ENGINE_REFUSED'],
    ['ERR Function not found', 'ERR', 'ENGINE_REFUSED'],
    [
      "OOM allow-oom flag is not set on the function, can not run it when used memory > 'maxmemory'",
      'OOM',
      'STORE_FULL',
    ],
    ['NEWWORD of a later version', 'NEWWORD', 'ENGINE_REFUSED'],
  ])('%s', (text, word, code) => {
    const error = reply(text)
    expect(refusalOf(error)).toBe(word)
    expect(isSilence(error)).toBe(false)
    expect(failureOf(error, 'OUTCOME_UNKNOWN').code).toBe(code)
  })
})

test('a driver that gives up following a slot says what the last server answered', () => {
  const error = new Error(
    'Too many Cluster redirections. Last error: ReplyError: TRYAGAIN Multiple keys request',
  )
  expect(isSilence(error)).toBe(false)
  expect(failureOf(error, 'OUTCOME_UNKNOWN').code).toBe('ENGINE_UNAVAILABLE')
})

test('what is no reply is silence: a write may have happened', () => {
  const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })
  expect(refusalOf(error)).toBeNull()
  expect(isSilence(error)).toBe(true)
  expect(failureOf(error, 'OUTCOME_UNKNOWN').code).toBe('OUTCOME_UNKNOWN')
  expect(failureOf(error, 'ENGINE_UNAVAILABLE').code).toBe('ENGINE_UNAVAILABLE')
})
