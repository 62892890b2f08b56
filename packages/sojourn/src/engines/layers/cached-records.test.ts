import { expect, test } from 'vitest'
import { heldBytes } from '../../testing/held-bytes.test-support.ts'
import { NOW, numbered } from '../../testing/sample.ts'
import { CachedRecords } from './cached-records.ts'

const COUNT = 20_000

test.each([
  ['anonymous', () => null],
  ['of a user each', (number: number) => `user-${number}`],
  ['four to a user', (number: number) => `user-${Math.floor(number / 4)}`],
] as const)('sessions %s take no more than is counted', (_whose, userOf) => {
  const before = heldBytes()
  const cached = new CachedRecords({ maxBytes: 2 ** 30, maxSessions: COUNT })
  for (let number = 0; number < COUNT; number += 1) cached.put(numbered(number, { userId: userOf(number) }))
  const taken = heldBytes() - before
  expect(cached.size).toBe(COUNT)
  expect(taken).toBeLessThan(cached.bytes)
  expect(taken).toBeGreaterThan(cached.bytes / 4)
})

test('a user whose last session left is forgotten', () => {
  const cached = new CachedRecords({ maxBytes: 2 ** 20, maxSessions: 10 })
  const before = heldBytes()
  for (let number = 0; number < 20_000; number += 1) {
    cached.put(numbered(number, { userId: `user-${number}`, data: new Uint8Array(1) }))
  }
  expect(cached.size).toBe(10)
  expect(heldBytes() - before).toBeLessThan(2 ** 20)
})

test('a record above the bound of bytes is not kept', () => {
  const cached = new CachedRecords({ maxBytes: 10_000, maxSessions: 10 })
  cached.put(numbered(1, { data: new Uint8Array(20_000) }))
  expect([cached.size, cached.get(numbered(1).id, NOW)]).toEqual([0, null])
})
