import { describe, expect, test } from 'vitest'
import { NEVER, type SessionRecord } from '../core/port.ts'
import { decodeRecord, encodeRecord } from './record-layout.ts'

const ID = 'Ab00000000000001'
const bytesFrom = (first: number, length: number) =>
  Uint8Array.from({ length }, (_, index) => (first + index) % 256)

const full: SessionRecord = {
  id: ID,
  userId: 'zoë',
  version: 0x01020304,
  createdAt: 1,
  seenAt: 2 ** 40,
  expiresAt: 2 ** 40 + 1,
  absoluteAt: NEVER,
  authenticatedAt: 0,
  digest: bytesFrom(0, 32),
  previous: { digest: bytesFrom(32, 32), sealed: bytesFrom(64, 5), graceEndsAt: 7 },
  retired: [
    { digest: bytesFrom(80, 8), reuseFrom: 0 },
    { digest: bytesFrom(88, 8), reuseFrom: NEVER },
  ],
  ended: { at: 0, reason: 'erased' },
  data: bytesFrom(200, 9),
}
const bare: SessionRecord = {
  ...full,
  userId: null,
  authenticatedAt: null,
  previous: null,
  retired: [],
  ended: null,
  data: new Uint8Array(),
}
const noGrace: SessionRecord = {
  ...full,
  previous: { digest: bytesFrom(0, 32), sealed: new Uint8Array(255), graceEndsAt: null },
  retired: Array.from({ length: 16 }, () => ({ digest: bytesFrom(1, 8), reuseFrom: 5 })),
}

/** The layout as it is stored today. A change here is a new format number, and code that reads both. */
const GOLDEN = [
  '01 09 01020304',
  '000000000001 010000000000 010000000001 ffffffffffff 000000000000 000000000000',
  '07 04 05 02 00000009',
  '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
  '7a6fc3ab',
  '202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f 000000000007 4041424344',
  '5051525354555657 000000000000 58595a5b5c5d5e5f ffffffffffff',
  'c8c9cacbcccdcecfd0',
]
  .join('')
  .replaceAll(' ', '')

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** With bytes as text, so that a view of a buffer equals an array of its own. */
function plain(record: SessionRecord): unknown {
  const { previous } = record
  return {
    ...record,
    digest: hex(record.digest),
    previous: previous && { ...previous, digest: hex(previous.digest), sealed: hex(previous.sealed) },
    retired: record.retired.map(({ digest, reuseFrom }) => ({ digest: hex(digest), reuseFrom })),
    data: hex(record.data),
  }
}

describe('the record layout', () => {
  test.each([
    ['with everything', full],
    ['with nothing that may be left out', bare],
    ['at its limits', noGrace],
  ])('brings back a record %s', (_, record) => {
    expect(plain(decodeRecord(ID, encodeRecord(record)))).toEqual(plain(record))
  })

  test('is byte for byte what earlier releases wrote', () => {
    expect(encodeRecord(full).toString('hex')).toBe(GOLDEN)
    expect(plain(decodeRecord(ID, Buffer.from(GOLDEN, 'hex')))).toEqual(plain(full))
  })

  test('leaves room in front of it when an engine asks for some', () => {
    const bytes = encodeRecord(full, 12)
    expect(bytes.subarray(12).toString('hex')).toBe(GOLDEN)
  })

  test('keeps a record that was cut at any byte from reading as another one', () => {
    for (const record of [full, bare, noGrace]) {
      const bytes = encodeRecord(record)
      for (let length = 0; length < bytes.byteLength; length++) {
        expect(() => decodeRecord(ID, bytes.subarray(0, length))).toThrow(UNREADABLE)
      }
      expect(() => decodeRecord(ID, Buffer.concat([bytes, Buffer.of(0)]))).toThrow(UNREADABLE)
    }
  })

  test('reads every single-bit flip as a valid record or refuses it', () => {
    for (const record of [full, noGrace]) expect(flips(encodeRecord(record))).toEqual([])
  })

  test('refuses random bytes of any length, within a time that follows from their length', () => {
    let seed = 1
    const next = () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      return seed >>> 8
    }
    for (let run = 0; run < 20_000; run++) {
      const bytes = Buffer.from(Array.from({ length: next() % 400 }, next))
      if (bytes.byteLength > 0) bytes[0] = 1
      expect(() => decodeRecord(ID, bytes)).toThrow(UNREADABLE)
    }
  })

  test.each([
    ['another format', 0, 2],
    ['a reason that does not exist', 1, 10],
    ['a flag that does not exist', 42, 8],
    ['more retired secrets than sixteen', 45, 17],
    ['a user id that is no UTF-8', 82, 0xff],
  ])('refuses %s', (_, at, value) => {
    const bytes = encodeRecord(full)
    bytes[at] = value
    expect(() => decodeRecord(ID, bytes)).toThrow(UNREADABLE)
  })

  test('keeps a user id that holds the replacement character itself', () => {
    expect(decodeRecord(ID, encodeRecord({ ...full, userId: 'a\ufffd' })).userId).toBe('a\ufffd')
  })
})

const UNREADABLE = expect.objectContaining({ code: 'RECORD_UNREADABLE' })

/** The flips after which decoding neither refuses nor gives what can be encoded again. */
function flips(bytes: Buffer): string[] {
  const wrong: string[] = []
  for (let bit = 0; bit < bytes.byteLength * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const outcome = reading(flipped)
    if (outcome !== 'refused' && outcome !== flipped.toString('hex')) wrong.push(`bit ${bit}: ${outcome}`)
  }
  return wrong
}

function reading(bytes: Buffer): string {
  try {
    return encodeRecord(decodeRecord(ID, bytes)).toString('hex')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'RECORD_UNREADABLE') return 'refused'
    return String(error)
  }
}
