import { describe, expect, test } from 'vitest'
import { policyOf } from '../core/presets.ts'
import { cookieOf } from './cookie-options.ts'

const WEB = policyOf('web')
/** As JavaScript callers write them, past the compiler. */
const parse = (json: string) => JSON.parse(json)

describe('cookie options', () => {
  test.each([
    ['a domain', '{"domain":"bank.example"}'],
    ['another path', '{"path":"/app"}'],
    ['no Secure', '{"secure":false}'],
    ['SameSite=None without Secure', '{"sameSite":"None","secure":false}'],
    ['no HttpOnly', '{"httpOnly":false}'],
    ['a name without the prefix', '{"name":"id"}'],
    ['a name of the weaker prefix', '{"name":"__Secure-id"}'],
    ['the prefix in another case', '{"name":"__host-id"}'],
    ['the prefix alone', '{"name":"__Host-"}'],
    ['a name with a space', '{"name":"__Host-my id"}'],
    ['a name that adds an attribute', '{"name":"__Host-id; Domain=evil.example"}'],
    ['a name with an equals sign', '{"name":"__Host-id=x"}'],
    ['a name of 65 characters', `{"name":"__Host-${'n'.repeat(58)}"}`],
    ['a name that is no text', '{"name":7}'],
    ['an unknown SameSite', '{"sameSite":"lax"}'],
    ['a persistence that is no boolean', '{"persistent":"yes"}'],
    ['a mistyped option', '{"samesite":"Lax"}'],
    ['an expiry of its own', '{"maxAge":60}'],
  ])('T17: %s is refused at start-up', (_what, json) => {
    expect(() => cookieOf(parse(json), WEB, false)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })

  test('T17: SameSite=None is refused in development, which has no Secure, and allowed in production', () => {
    expect(() => cookieOf({ sameSite: 'None' }, WEB, true)).toThrow(/needs Secure/)
    expect(cookieOf({ sameSite: 'None' }, WEB, false)).toMatchObject({ secure: true, sameSite: 'None' })
  })

  test('T17: saying what is so anyway is allowed', () => {
    const said = parse('{"path":"/","secure":true,"httpOnly":true}')
    expect(cookieOf(said, WEB, false)).toEqual(cookieOf({}, WEB, false))
  })

  test.each(['aal2', 'aal3', 'pci', 'banking', 'console'] as const)(
    'T23: a cookie that outlives the browser is refused under %s',
    (preset) => {
      expect(() => cookieOf({ persistent: true }, policyOf(preset), false)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
    },
  )

  test.each(['web', 'aal1', 'game'] as const)(
    'T23: it is allowed under %s, and not the default',
    (preset) => {
      expect(cookieOf({ persistent: true }, policyOf(preset), false).persistent).toBe(true)
      expect(cookieOf({}, policyOf(preset), false).persistent).toBe(false)
    },
  )
})
