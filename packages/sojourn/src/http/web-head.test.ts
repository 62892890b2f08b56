import { describe, expect, test } from 'vitest'
import { lineOf, type SetCookie } from './cookie.ts'
import { WebHead } from './web-head.ts'

const COOKIE: SetCookie = { name: '__Host-id', value: 'token', secure: true, sameSite: 'Lax', maxAge: null }
const LINE = lineOf(COOKIE)

type Seal = (response: Response, change: (head: WebHead) => void) => Response

const sealed: Seal = (response, change) => {
  const head = new WebHead(['Cookie'])
  change(head)
  return head.sealed(response)
}

/** What the second of two requests gets that are answered with the same object, when only the first logs in. */
function leaked(seal: Seal): readonly string[] {
  const shared = new Response(null, { status: 204 })
  seal(shared, (head) => head.setCookie(COOKIE))
  return seal(shared, () => undefined).headers.getSetCookie()
}

describe('the head of a response of the Fetch standard', () => {
  test.each([
    ['one that was just made', () => new Response('x', { headers: { 'Set-Cookie': 'theme=dark' } })],
    [
      'one without a body',
      () => new Response(null, { status: 204, headers: { 'Set-Cookie': 'theme=dark' } }),
    ],
  ])('T21: the cookie is there once, beside others, on %s', (_what, make) => {
    const response = sealed(make(), (head) => {
      head.setCookie({ ...COOKIE, value: 'first' })
      head.setCookie(COOKIE)
    })
    expect(response.headers.getSetCookie()).toEqual(['theme=dark', LINE])
  })

  test('T21: a redirect, whose headers cannot be changed, gets the cookie all the same', () => {
    const response = sealed(Response.redirect('https://bank.example/', 303), (head) => head.setCookie(COOKIE))
    expect([response.status, response.headers.get('location')]).toEqual([303, 'https://bank.example/'])
    expect(response.headers.getSetCookie()).toEqual([LINE])
  })

  test('T21: a line of our name that somebody set by hand goes', () => {
    const own = new Response('x', { headers: { 'Set-Cookie': '__Host-id=by-hand; Path=/' } })
    expect(sealed(own, (head) => head.setCookie(COOKIE)).headers.getSetCookie()).toEqual([LINE])
  })

  test('T24: with our cookie nothing may be stored, whatever the application said', () => {
    const own = { 'Cache-Control': 'public, max-age=60', 'CDN-Cache-Control': 'max-age=60' }
    const { headers } = sealed(new Response('x', { headers: own }), (head) => head.setCookie(COOKIE))
    expect(headers.get('cache-control')).toBe('private, no-store')
    expect(headers.get('cdn-cache-control')).toBeNull()
  })

  test("T25: looking makes it private, and leaves the application's own word", () => {
    const headers = { Vary: 'Accept', 'CDN-Cache-Control': 'max-age=60' }
    const plain = sealed(new Response('x', { headers }), (head) => head.look())
    expect(plain.headers.get('cdn-cache-control')).toBeNull()
    expect(plain.headers.get('cache-control')).toBe('private, no-store')
    expect(plain.headers.get('vary')).toBe('Accept, Cookie')
    const own = new Response('x', { headers: { 'Cache-Control': 'private, max-age=5' } })
    expect(sealed(own, (head) => head.look()).headers.get('cache-control')).toBe('private, max-age=5')
  })

  test('T25: a redirect, whose headers cannot be changed, is made private all the same', () => {
    const { status, headers } = sealed(Response.redirect('https://bank.example/', 303), (head) => head.look())
    expect([status, headers.get('cache-control'), headers.get('vary')]).toEqual([
      303,
      'private, no-store',
      'Cookie',
    ])
  })

  test('a response whose session nobody looked at is handed on as it is', () => {
    const response = new Response('x')
    expect(sealed(response, () => undefined)).toBe(response)
    expect([...response.headers.keys()]).toEqual(['content-type'])
  })

  test('T30: an object that answers many requests never carries the cookie of another', () => {
    expect(leaked(sealed)).toEqual([])
  })

  test('the check of T30 catches a head that changes the object itself', () => {
    const inPlace: Seal = (response, change) => {
      for (const [name, value] of [...sealed(response, change).headers]) response.headers.append(name, value)
      return response
    }
    expect(leaked(inPlace)).toContain(LINE)
  })

  test('the answer to an upgrade is handed on as it is, since it cannot be copied', () => {
    const upgrade = Object.defineProperty(new Response(null), 'status', { value: 101 })
    expect(sealed(upgrade, (head) => head.look())).toBe(upgrade)
  })

  test('T75: a 503 says when to come back', () => {
    const { headers } = sealed(new Response(null, { status: 503 }), (head) => head.fail())
    expect(headers.get('retry-after')).toMatch(/^[1-5]$/)
  })

  test('once it was handed on it is too late', () => {
    const head = new WebHead(['Cookie'])
    expect(head.isSent).toBe(false)
    head.sealed(new Response('x'))
    expect(head.isSent).toBe(true)
  })
})
