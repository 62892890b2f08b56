import { describe, expect, test } from 'vitest'
import { WebIncoming } from './web-request.ts'

const incoming = (headers: Record<string, string>, url = 'http://shop.example:8080/me') =>
  new WebIncoming(new Request(url, { headers }))

describe('a request of the Fetch standard', () => {
  test('T26: several Authorization lines, which arrive as one, are told apart as far as they can be', () => {
    const lines = (authorization: string) => incoming({ authorization }).authorizations
    expect(incoming({}).authorizations).toEqual([])
    expect(lines('Bearer one')).toEqual(['Bearer one'])
    expect(lines('Bearer one, Bearer two')).toEqual(['Bearer one', 'Bearer two'])
    expect(lines('Basic YTpi, bearer two')).toEqual(['Basic YTpi', 'bearer two'])
    expect(lines('Bearer one,Basic YTpi')).toEqual(['Bearer one', 'Basic YTpi'])
    expect(lines('Digest username="a", realm="b"')).toEqual(['Digest username="a", realm="b"'])
  })

  test('over HTTP/2, which has no Host, the URL says it; a Host that was sent counts', () => {
    expect(incoming({}).header('host')).toBe('shop.example:8080')
    expect(incoming({ host: 'other.example' }).header('host')).toBe('other.example')
    expect(incoming({}).header('origin')).toBeUndefined()
  })

  test('it is encrypted when its URL says so, and knows the address that the server tells', () => {
    expect(incoming({}, 'https://shop.example/').isEncrypted).toBe(true)
    expect(incoming({}).isEncrypted).toBe(false)
    expect(incoming({}).remoteAddress).toBeUndefined()
    expect(new WebIncoming(new Request('http://localhost'), '192.0.2.1').remoteAddress).toBe('192.0.2.1')
  })
})
