import { describe, expect, test } from 'vitest'
import { PRESETS, policyOf } from './presets.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const ONE = { max: 1, whenFull: 'endOldest' }

/** The table of docs/security: name, idle, absolute, SameSite, sessions per user, throttle, cookie may persist, near cache. */
const TABLE = [
  ['web', 30 * MINUTE, 8 * HOUR, 'Lax', null, MINUTE, true, true],
  ['aal1', 7 * DAY, 30 * DAY, 'Lax', null, MINUTE, true, true],
  ['aal2', 60 * MINUTE, 24 * HOUR, 'Lax', null, MINUTE, false, true],
  ['aal3', 15 * MINUTE, 12 * HOUR, 'Strict', null, MINUTE, false, false],
  ['pci', 15 * MINUTE, 8 * HOUR, 'Lax', null, MINUTE, false, true],
  ['banking', 5 * MINUTE, HOUR, 'Strict', ONE, 30_000, false, false],
  ['game', DAY, 14 * DAY, 'Lax', { max: 3, whenFull: 'endOldest' }, MINUTE, true, true],
  ['console', 15 * MINUTE, 8 * HOUR, 'Strict', ONE, MINUTE, false, false],
] as const

describe('presets', () => {
  test.each(TABLE)('T46: %s is as the table of security says', (name, idle, absolute, ...rest) => {
    const [sameSite, perUser, throttle, persistentCookie, staleReads] = rest
    expect(policyOf(name)).toEqual({
      name,
      lifetime: { idle, absolute, throttle },
      sameSite,
      perUser,
      persistentCookie,
      staleReads,
    })
  })

  test('are those of the table and no others', () => {
    expect(Object.keys(PRESETS)).toEqual(TABLE.map(([name]) => name))
  })

  test.each(['', 'Banking', 'bank', 'constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    '%j is no preset',
    (name) => {
      expect(() => Reflect.apply(policyOf, null, [name])).toThrowError(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining('web, aal1, aal2, aal3, pci, banking, game, console'),
        }),
      )
    },
  )

  test('a lifetime of one’s own has the cookie rules of the web and no limit per user', () => {
    expect(policyOf({ idle: '10m', absolute: '1h' })).toEqual({
      name: 'custom',
      lifetime: { idle: 10 * MINUTE, absolute: HOUR, throttle: MINUTE },
      sameSite: 'Lax',
      perUser: null,
      persistentCookie: true,
      staleReads: true,
    })
  })
})
