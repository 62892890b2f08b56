import { describe, expect, test } from 'vitest'
import { readBearer } from './bearer.ts'

const TOKEN = 'A'.repeat(48)
const raw = (...values: string[]) => values.flatMap((value) => ['Authorization', value])

describe('the bearer token', () => {
  test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('T26: the scheme may be written %s', (scheme) => {
    expect(readBearer(raw(`${scheme} ${TOKEN}`))).toEqual({ found: 'one', value: TOKEN })
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
    expect(readBearer(raw(value))).toEqual({ found: 'none' })
  })

  test('T26: two lines are several, also when they say the same', () => {
    expect(readBearer(raw(`Bearer ${TOKEN}`, `Bearer ${TOKEN}`))).toEqual({ found: 'several' })
    expect(readBearer(['AUTHORIZATION', 'Basic x', 'authorization', `Bearer ${TOKEN}`])).toEqual({
      found: 'several',
    })
  })

  test('T26: a value that reads like the header name is no header', () => {
    expect(readBearer(['X-Name', 'authorization', 'X-Other', `Bearer ${TOKEN}`])).toEqual({ found: 'none' })
  })

  test('no header is no token', () => {
    expect(readBearer(['Host', 'bank.example'])).toEqual({ found: 'none' })
  })
})
