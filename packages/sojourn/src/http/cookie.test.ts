import { describe, expect, test } from 'vitest'
import { policyOf } from '../core/presets.ts'
import { type Cookie, clearCookie, issueCookie, lineOf } from './cookie.ts'
import { type CookieOptions, cookieOf } from './cookie-options.ts'

const TOKEN = 'fJ'.repeat(24)
const WEB = policyOf('web')
const HOUR = 3_600_000
const cookie = (options: CookieOptions = {}, development = false) => cookieOf(options, WEB, development)

const issueLine = (...args: Parameters<typeof issueCookie>) => lineOf(issueCookie(...args))
const clearLine = (issued: Cookie) => lineOf(clearCookie(issued))

/** What a browser needs to see in the line that clears, or it keeps the cookie. */
const repeats = (clear: string, issued: string) =>
  ['Path=/', 'Secure', 'SameSite=Lax'].every((part) => !issued.includes(part) || clear.includes(part))

describe('the session cookie', () => {
  test('T15: the line of production, to the byte', () => {
    expect(issueLine(cookie(), TOKEN, HOUR)).toBe(
      `__Host-id=${TOKEN}; Path=/; Secure; HttpOnly; SameSite=Lax`,
    )
  })

  test.each(['banking', 'console', 'aal3'] as const)('T15: the preset %s asks for Strict', (preset) => {
    expect(issueLine(cookieOf({}, policyOf(preset), false), TOKEN, HOUR)).toBe(
      `__Host-id=${TOKEN}; Path=/; Secure; HttpOnly; SameSite=Strict`,
    )
  })

  test('T16: the line of development has the plain name and no Secure', () => {
    expect(issueLine(cookie({}, true), TOKEN, HOUR)).toBe(`id=${TOKEN}; Path=/; HttpOnly; SameSite=Lax`)
    expect(cookie({ name: '__Host-console' }, true).name).toBe('console')
  })

  test('T20: the line that clears repeats what the line that set it said', () => {
    expect(clearLine(cookie())).toBe(
      '__Host-id=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    )
    expect(clearLine(cookie({}, true))).toBe(
      'id=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    )
    expect(repeats(clearLine(cookie()), issueLine(cookie(), TOKEN, HOUR))).toBe(true)
  })

  test('the check of T20 catches a line that forgets Secure', () => {
    const forgetful: Cookie = { ...cookie(), secure: false }
    expect(repeats(clearLine(forgetful), issueLine(cookie(), TOKEN, HOUR))).toBe(false)
  })

  test('T22: the longest line has less than 200 bytes', () => {
    const longest = cookie({ name: `__Host-${'n'.repeat(57)}`, sameSite: 'Strict', persistent: true })
    expect(Buffer.byteLength(issueLine(longest, TOKEN, 400 * 24 * HOUR))).toBeLessThan(200)
    expect(Buffer.byteLength(clearLine(longest))).toBeLessThan(200)
  })

  test('T23: a persistent cookie ends with the session, or earlier', () => {
    const persistent = cookie({ persistent: true })
    expect(issueLine(persistent, TOKEN, HOUR)).toMatch(/; Max-Age=3600$/)
    expect(issueLine(persistent, TOKEN, 1_999)).toMatch(/; Max-Age=1$/)
  })
})
