import { describe, expect, test } from 'vitest'
import { serverUrlOf } from './server-url.ts'

const here = [{ host: '127.0.0.1', port: 7_000 }]

describe('a URL says', () => {
  test.each([
    ['redis://127.0.0.1:7000', { kind: 'server', nodes: here, database: 0, isEncrypted: false }],
    ['redis://localhost', { nodes: [{ host: 'localhost', port: 6_379 }] }],
    ['redis://127.0.0.1:7000/', { kind: 'server', database: 0 }],
    ['redis://127.0.0.1:7000/3', { kind: 'server', database: 3 }],
    ['redis://[::1]:7000', { nodes: [{ host: '::1', port: 7_000 }] }],
    ['rediss://a.example', { isEncrypted: true, nodes: [{ host: 'a.example', port: 6_379 }] }],
    ['redis://ada:s%40y%2F@127.0.0.1', { username: 'ada', password: 's@y/' }],
    ['redis://:secret@127.0.0.1', { username: '', password: 'secret' }],
    [
      'redis+sentinel://127.0.0.1:7000,localhost/orders',
      { kind: 'sentinel', name: 'orders', nodes: [...here, { host: 'localhost', port: 26_379 }] },
    ],
    [
      'rediss+cluster://u:p@a.example:1,b.example',
      {
        kind: 'cluster',
        username: 'u',
        nodes: [
          { host: 'a.example', port: 1 },
          { host: 'b.example', port: 6_379 },
        ],
      },
    ],
  ])('where servers are: %s', (url, expected) => {
    expect(serverUrlOf(url, false)).toMatchObject(expected)
  })
})

describe('a URL is refused, and not repeated, because it may hold a password:', () => {
  test.each([
    '',
    'a-secret',
    'http://:a-secret@127.0.0.1',
    'redis+other://:a-secret@127.0.0.1',
    'redis://:a-secret@',
    'redis://:a-secret@127.0.0.1:port',
    'redis://:a-secret@127.0.0.1:0',
    'redis://:a-secret@127.0.0.1:65536',
    'redis://:a-secret@127.0.0.1/one',
    'redis://:a-secret@127.0.0.1/0?keyPrefix=x',
    'redis://:a-secret@127.0.0.1#x',
    'redis://:a-secret@with-an-at@127.0.0.1',
    'redis://:a-secret%@127.0.0.1',
    'redis://:a-secret@127.0.0.1,127.0.0.1',
    'redis+sentinel://:a-secret@127.0.0.1',
    'redis+sentinel://:a-secret@127.0.0.1,/name',
    'redis+cluster://:a-secret@127.0.0.1/1',
  ])('%s', (url) => {
    expect(() => serverUrlOf(url, true)).toThrow(
      /url must be redis:\/\/.*redis\+sentinel:\/\/.*rediss for TLS/,
    )
    expect(() => serverUrlOf(url, true)).not.toThrow(/a-secret/)
  })

  test('what is no text', () => {
    for (const url of [null, 6_379, new URL('redis://127.0.0.1')]) {
      expect(() => serverUrlOf(url, true)).toThrow(/url must be/)
    }
  })
})

describe('T90: without TLS', () => {
  test.each([
    'redis://a.example',
    'redis://127.0.0.1.example',
    'redis+cluster://127.0.0.1,a.example',
    'redis+sentinel://:a-secret@10.0.0.1/name',
  ])('%s is refused, unless told otherwise', (url) => {
    expect(() => serverUrlOf(url, false)).toThrow(/rediss:\/\/.*allowPlaintext/)
    expect(() => serverUrlOf(url, false)).not.toThrow(/a-secret/)
    expect(serverUrlOf(url, true).redirect).toBeNull()
    expect(serverUrlOf(url.replace('redis', 'rediss'), false).redirect).toBeNull()
  })

  test('nothing goes to another host that Sentinels or a cluster name', () => {
    const { redirect } = serverUrlOf('redis+sentinel://127.0.0.1/name', false)
    for (const address of ['127.0.0.1:7000', 'localhost:7000', '::1:7000', '[::1]:7000', ':7000']) {
      expect([address, redirect?.(address)]).toEqual([address, null])
    }
    for (const address of ['10.0.0.1:7000', 'a.example:7000', 'fe80::1:7000', '127.0.0.1.example:1']) {
      expect([address, redirect?.(address)?.host]).toEqual([address, expect.stringMatching(/\.invalid$/)])
    }
  })
})
