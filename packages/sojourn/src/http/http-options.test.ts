import { describe, expect, test } from 'vitest'
import { policyOf } from '../core/presets.ts'
import { TestClock } from '../core/test-clock.test-support.ts'
import { configOf, type HttpOptions } from './http-options.ts'

const STORE = { policy: policyOf('web'), clock: new TestClock() }
const check = (options: HttpOptions) => configOf(options, STORE)

describe('the options of a gate', () => {
  test.each([
    '{"transport":"header"}',
    '{"origin":["https://bank.example"]}',
    '{"origins":[]}',
    '{"origins":"https://bank.example"}',
    '{"origins":["https://bank.example/"]}',
    '{"origins":["*"]}',
    '{"origins":["https://bank.example", null]}',
    '{"development":"yes"}',
    '{"allowNoOrigin":1}',
    '{"touch":true}',
    '{"address":"10.0.0.1"}',
    '{"onEvent":{}}',
    '{"writeOnGet":true}',
    '{"cookie":"__Host-id"}',
    '{"cookie":{"maxAge":1}}',
    '{"anonymous":{"perAddressPerMinute":-1}}',
    'null',
  ])('%s is refused', (json) => {
    expect(() => check(JSON.parse(json))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  test('none are needed', () => {
    expect(check({})).toMatchObject({
      transport: 'cookie',
      development: false,
      cookie: { name: '__Host-id', secure: true, sameSite: 'Lax', persistent: false },
      origins: { trusted: null, allowNoOrigin: false },
    })
  })

  test('T16: nothing in the environment turns the development mode on', () => {
    expect(check({}).development).toBe(false)
    expect(check({ development: true }).cookie.name).toBe('id')
  })
})
