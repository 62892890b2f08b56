import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { bucketKeyCheck, bucketOf, randomBucket } from './bucket.ts'

const KEY = Uint8Array.from({ length: 32 }, (_, index) => index)
const OTHER_KEY = new Uint8Array(32).fill(0xff)
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The 12 bits of a bucket, in hexadecimal. */
function bitsOf(bucket: string): string {
  const bits = CHARACTERS.indexOf(bucket.charAt(0)) * 64 + CHARACTERS.indexOf(bucket.charAt(1))
  return bits.toString(16).padStart(3, '0')
}

/**
 * Made once with Python's hmac and hashlib, and never to change: the user id in hexadecimal, then the bucket in
 * hexadecimal under KEY, under OTHER_KEY, and without a key.
 */
const VECTORS = [
  ['755f3432', 'b98', 'ba3', 'f04'],
  ['616461406578616d706c652e636f6d', '0e6', 'ae4', 'a8f'],
  ['30', 'b92', '769', 'fba'],
  ['c39c6ec3af63c3b864c3a9', 'abc', 'd61', '0e3'],
  ['e4b8ade69687', 'a53', '041', '4aa'],
  ['c3a9', '20d', 'e37', 'b33'],
  ['65cc81', '4fe', '673', '4fb'],
  ['f09f9880', '0ff', 'de6', '5ec'],
  ['61'.repeat(255), '317', '0b9', '220'],
] as const

describe('the bucket of a user', () => {
  test.each(VECTORS)('T13: of %s is the same in every process and release', (hex, keyed, other, plain) => {
    const userId = Buffer.from(hex, 'hex').toString()
    expect(bitsOf(bucketOf(userId, KEY))).toBe(keyed)
    expect(bitsOf(bucketOf(userId, OTHER_KEY))).toBe(other)
    expect(bitsOf(bucketOf(userId, null))).toBe(plain)
  })

  test('T11: is two characters, of which all 4,096 come up equally often', () => {
    const counts = new Map<string, number>()
    for (let user = 0; user < 100_000; user += 1) {
      const bucket = bucketOf(`u_${user}`, KEY)
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
    }
    expect(counts.size).toBe(4_096)
    const mean = 100_000 / 4_096
    const unevenness = [...counts.values()].reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0)
    expect(unevenness).toBeLessThan(4_095 + 6 * Math.sqrt(2 * 4_095))
    expect([...counts.keys()].every((bucket) => /^[A-Za-z0-9_-]{2}$/.test(bucket))).toBe(true)
  })

  test('T11: cannot be guessed without the key', () => {
    const users = Array.from({ length: 1_000 }, (_, index) => `u_${index}`)
    const guessed = users.filter((user) => bucketOf(user, KEY) === bucketOf(user, null))
    const withOther = users.filter((user) => bucketOf(user, KEY) === bucketOf(user, OTHER_KEY))
    expect(guessed.length).toBeLessThan(5)
    expect(withOther.length).toBeLessThan(5)
    // A hash without the label or the key is what an outsider would try first.
    const naive = createHash('sha256').update('u_42').digest('hex').slice(0, 3)
    expect([bitsOf(bucketOf('u_42', KEY)), bitsOf(bucketOf('u_42', null))]).not.toContain(naive)
  })

  test('T11: is random for a session without a user', () => {
    const seen = new Set(Array.from({ length: 60_000 }, randomBucket))
    expect(seen.size).toBe(4_096)
  })
})

describe('the check of a bucket key', () => {
  test('T12: tells keys apart and reveals none', () => {
    expect(bucketKeyCheck(KEY)).toBe('5ee4d2d400b0e231')
    expect(bucketKeyCheck(OTHER_KEY)).toBe('b7a9dae08d3dd4d0')
    expect(bucketKeyCheck(null)).toBe('none')
    expect(Buffer.from(KEY).toString('hex')).not.toContain(bucketKeyCheck(KEY))
  })
})
