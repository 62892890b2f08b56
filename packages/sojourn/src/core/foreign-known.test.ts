import { expect, test } from 'vitest'
import { KnownLinks } from './foreign-known.ts'

const token = { id: 'a'.repeat(16), secret: 'b'.repeat(32) }
const link = {
  id: 'c'.repeat(16),
  version: 1,
  createdAt: 0,
  seenAt: 0,
  lookAt: 1,
  ledAt: 0,
  origin: token.id,
  token,
  tag: '',
}

test('a process remembers the ten thousand links that it used last', () => {
  const known = new KnownLinks()
  for (let n = 0; n < 10_000; n += 1) known.keep(`link ${n}`, link)
  expect(known.find('link 0')).toBe(link)
  known.keep('one more', link)
  expect(['link 0', 'link 1', 'link 2', 'one more'].map((hash) => known.find(hash) !== null)).toEqual([
    true,
    false,
    true,
    true,
  ])
  known.forget('link 0')
  expect(known.find('link 0')).toBeNull()
})
