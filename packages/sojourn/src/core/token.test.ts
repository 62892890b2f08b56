import { describe, expect, test } from 'vitest'
import { randomBucket } from './bucket.ts'
import { inputs, LONGEST_TURN_MS, turnOf } from './fuzz.test-support.ts'
import { legal, malformedToken } from './malformed-tokens.test-support.ts'
import { Chance } from './scheduler.test-support.ts'
import {
  digestOf,
  ID_LENGTH,
  mintSecret,
  mintToken,
  parseToken,
  sameDigest,
  TOKEN_LENGTH,
  type TokenParts,
} from './token.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const PARTS = 64
/** Six standard deviations of the statistic: chance alone goes beyond it once in a hundred million. */
const limitOf = (kinds: number): number => kinds - 1 + 6 * Math.sqrt(2 * (kinds - 1))

/** How far counts are from being equal (the chi-square statistic). */
function unevenness(counts: Uint32Array): number {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length
  return counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0)
}

const INDEX_OF = new Uint8Array(128)
for (const [index, character] of [...ALPHABET].entries()) INDEX_OF[character.charCodeAt(0)] = index

/** The positions at which the characters of these tokens are not equally frequent. */
function biasedPositions(count: number, mint: () => string): number[] {
  const counts = new Uint32Array(TOKEN_LENGTH * PARTS)
  for (let made = 0; made < count; made += 1) {
    const token = mint()
    for (let position = 0; position < TOKEN_LENGTH; position += 1) {
      const cell = position * PARTS + (INDEX_OF[token.charCodeAt(position)] ?? 0)
      counts[cell] = (counts[cell] ?? 0) + 1
    }
  }
  return Array.from({ length: TOKEN_LENGTH }, (_, position) => position).filter((position) => {
    return unevenness(counts.subarray(position * PARTS, (position + 1) * PARTS)) > limitOf(PARTS)
  })
}

const textOf = ({ id, secret }: TokenParts): string => id + secret

describe('a fresh token', () => {
  test('T1: has 16 characters of id and 32 of secret, base64url, 36 bytes in all', () => {
    const { id, secret } = mintToken('Ab')
    expect(id).toMatch(/^Ab[A-Za-z0-9_-]{14}$/)
    expect(secret).toMatch(/^[A-Za-z0-9_-]{32}$/)
    expect(Buffer.from(secret, 'base64url')).toHaveLength(24)
    expect(Buffer.from(id + secret, 'base64url')).toHaveLength(36)
    expect(mintSecret()).toMatch(/^[A-Za-z0-9_-]{32}$/)
  })

  test('T1: is unlike every other, and every character of it is equally frequent', {
    timeout: 600_000,
  }, () => {
    const count = inputs(100_000)
    const ids = new Set<string>()
    const secrets = new Set<string>()
    const biased = biasedPositions(count, () => {
      const token = mintToken(randomBucket())
      ids.add(token.id)
      secrets.add(token.secret)
      return textOf(token)
    })
    expect(biased).toEqual([])
    expect([ids.size, secrets.size]).toEqual([count, count])
  })

  test('T1: a secret of a rotation is as random as one of a log-in', () => {
    expect(biasedPositions(20_000, () => mintSecret() + mintSecret().slice(0, 16))).toEqual([])
  })

  test.each([
    [
      'takes bytes modulo 62',
      () => [...randomBytesOf(48)].map((byte) => ALPHABET.charAt(byte % 62)).join(''),
    ],
    ['repeats a character', () => mintToken('Ab').id + 'A'.repeat(32)],
    ['is hexadecimal', () => Buffer.from(randomBytesOf(24)).toString('hex')],
  ])('T1: the count catches a generator that %s', (_name, mint) => {
    expect(biasedPositions(20_000, mint)).not.toEqual([])
  })
})

function randomBytesOf(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}

/** What is wrong with a parser, by the tokens that it takes and should not. */
function takenBy(parse: (token: unknown) => TokenParts | null, count: number): unknown[] {
  const chance = new Chance(20_260_101)
  return Array.from({ length: count }, () => malformedToken(chance)).filter((token) => parse(token) !== null)
}

describe('parsing', () => {
  test('T2: refuses everything that is not exactly a token', { timeout: 600_000 }, () => {
    expect(takenBy(parseToken, inputs(100_000))).toEqual([])
  })

  test.each<[string, (token: unknown) => TokenParts | null]>([
    ['trims', (token) => parseToken(typeof token === 'string' ? token.trim() : token)],
    ['decodes', (token) => parseToken(typeof token === 'string' ? tryDecode(token) : token)],
    ['cuts', (token) => parseToken(typeof token === 'string' ? token.slice(0, TOKEN_LENGTH) : token)],
    ['takes what has text for text', (token) => (Array.isArray(token) ? parseToken(String(token)) : null)],
    ['trusts the decoder of Node', (token) => parseBytes(token)],
    ['lets a line end', (token) => (/^[A-Za-z0-9_-]{48}$/m.test(written(token)) ? mintToken('Ab') : null)],
    ['folds case', (token) => (/^[a-z0-9_-]{48}$/iu.test(written(token)) ? mintToken('Ab') : null)],
  ])('T2: the corpus catches a parser that %s', (_name, parse) => {
    expect(takenBy(parse, 20_000)).not.toEqual([])
  })

  test('T3: one token has one spelling, and is taken apart without being decoded', () => {
    const token = textOf(mintToken('Ab'))
    expect(parseToken(token)).toEqual({ id: token.slice(0, ID_LENGTH), secret: token.slice(ID_LENGTH) })
    const bytes = Buffer.from(token, 'base64url')
    for (const other of [
      ` ${token}`,
      `${token}\n`,
      `${token}=`,
      `"${token}"`,
      encodeURIComponent(`${token}\0`),
      `%${token.charCodeAt(0).toString(16)}${token.slice(1)}`,
      `\ufeff${token}`,
      token.replace(/./, (first) => String.fromCharCode(first.charCodeAt(0) + 0x100)),
      bytes.toString('hex'),
      `${bytes.toString('base64')}=`,
    ]) {
      expect(parseToken(other), JSON.stringify(other)).toBeNull()
    }
  })

  test('T3: two tokens that differ in one bit are two tokens', () => {
    const token = textOf(mintToken('Ab'))
    for (let bit = 0; bit < 36 * 8; bit += 1) {
      const bytes = Buffer.from(token, 'base64url')
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const other = parseToken(bytes.toString('base64url'))
      expect(other && textOf(other)).not.toBe(token)
      expect(other && sameDigest(digestOf(other.secret), digestOf(token.slice(ID_LENGTH)))).toBe(bit < 96)
    }
  })

  test('T2, T81: a token of ten megabytes costs nothing', () => {
    const huge = legal(1_000, new Chance(1)).repeat(10_000)
    expect(turnOf(() => parseToken(huge))).toBeLessThan(LONGEST_TURN_MS)
  })
})

describe('digests', () => {
  test('are the SHA-256 of the secret’s characters', () => {
    // echo -n abcdefghijklmnopqrstuvwxyz012345 | sha256sum
    const expected = '653bb1245e828fcda4fa53fcd5a3def5bd7654e651f54b4132b73d74e64435c4'
    expect(Buffer.from(digestOf('abcdefghijklmnopqrstuvwxyz012345')).toString('hex')).toBe(expected)
  })

  test('T5: are the same only when every bit is', () => {
    const digest = digestOf(mintSecret())
    expect(sameDigest(digest, Uint8Array.from(digest))).toBe(true)
    for (let bit = 0; bit < 256; bit += 1) {
      const other = Uint8Array.from(digest)
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(sameDigest(digest, other)).toBe(false)
    }
  })

  test('T5: of unequal or no length are never the same, and never an error', () => {
    const digest = digestOf(mintSecret())
    expect(sameDigest(digest, digest.subarray(0, 31))).toBe(false)
    expect(sameDigest(digest.subarray(0, 8), digest)).toBe(false)
    expect(sameDigest(new Uint8Array(), new Uint8Array())).toBe(false)
  })
})

const written = (token: unknown): string => (typeof token === 'string' ? token : '')

function tryDecode(token: string): string {
  try {
    return decodeURIComponent(token)
  } catch {
    return token
  }
}

function parseBytes(token: unknown): TokenParts | null {
  const bytes = Buffer.from(written(token), 'base64url')
  return bytes.length === 36 ? parseToken(bytes.toString('base64url')) : null
}
