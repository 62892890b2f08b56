import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { readBearer } from './bearer.ts'
import { NodeIncoming } from './node-request.ts'
import type { Reading } from './reading.ts'
import { WebIncoming } from './web-request.ts'

const TOKEN = 'A'.repeat(48)

/** What is read of raw header lines. */
function readRaw(rawHeaders: string[]): Reading {
  const request = new IncomingMessage(new Socket())
  request.rawHeaders = rawHeaders
  return readBearer(new NodeIncoming(request).authorizations)
}

const linesOf = (...values: string[]) => values.flatMap((value) => ['Authorization', value])
const read = (...values: string[]) => readRaw(linesOf(...values))

/** The same lines as a request of the Fetch standard holds them. */
function readWeb(...values: string[]): Reading {
  const headers = new Headers()
  for (const value of values) headers.append('Authorization', value)
  return readBearer(new WebIncoming(new Request('https://bank.example', { headers })).authorizations)
}

describe('the bearer token', () => {
  test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('T26: the scheme may be written %s', (scheme) => {
    expect(read(`${scheme} ${TOKEN}`)).toEqual({ found: 'one', value: TOKEN })
  })

  test.each([
    ['two spaces', `Bearer  ${TOKEN}`],
    ['a tab', `Bearer\t${TOKEN}`],
    ['no space', `Bearer${TOKEN}`],
    ['something behind the token', `Bearer ${TOKEN} x`],
    ['another scheme', `Basic ${TOKEN}`],
    ['a list of two', `Basic x, Bearer ${TOKEN}`],
    ['the scheme alone', 'Bearer'],
    ['nothing', ''],
  ])('T26: %s is no bearer token', (_what, value) => {
    expect(read(value)).toEqual({ found: 'none' })
  })

  test('T26: two lines are several, also when they say the same', () => {
    expect(read(`Bearer ${TOKEN}`, `Bearer ${TOKEN}`)).toEqual({ found: 'several' })
    expect(readRaw(['AUTHORIZATION', 'Basic x', 'authorization', `Bearer ${TOKEN}`])).toEqual({
      found: 'several',
    })
  })

  test('T26: a value that reads like the header name is no header', () => {
    expect(readRaw(['X-Name', 'authorization', 'X-Other', `Bearer ${TOKEN}`])).toEqual({ found: 'none' })
  })

  test('T26: where lines of one name are joined, a bearer token beside anything else is several', () => {
    expect(readWeb(`Bearer ${TOKEN}`)).toEqual({ found: 'one', value: TOKEN })
    expect(readWeb(`Bearer ${TOKEN}`, `Bearer ${TOKEN}`)).toEqual({ found: 'several' })
    expect(readWeb('Basic x', `bearer ${TOKEN}`)).toEqual({ found: 'several' })
    expect(readWeb('Digest username="u", realm="r"')).toEqual({ found: 'none' })
    expect(readWeb(`Digest realm="x Bearer ${TOKEN}"`)).toEqual({ found: 'none' })
    expect(readWeb()).toEqual({ found: 'none' })
  })

  test('no header is no token', () => {
    expect(readRaw(['Host', 'bank.example'])).toEqual({ found: 'none' })
  })
})
