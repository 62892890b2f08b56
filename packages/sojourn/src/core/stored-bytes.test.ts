import { inspect, isDeepStrictEqual } from 'node:util'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { codecWith, FORMAT_NAMES, HEAD } from './codecs.test-support.ts'
import { ENVELOPE_CEILING_BYTES } from './envelope.ts'
import { inputs, LONGEST_TURN_MS, turnOf } from './fuzz.test-support.ts'
import { Chance } from './scheduler.test-support.ts'
import { packed, UNREADABLE, written } from './stored-bytes.test-support.ts'

/** One value of every kind, under every kind of name. */
const EVERYTHING = {
  text: 'Zoë 😀',
  long: 'x'.repeat(300),
  numbers: [0, -1, 300, -70_000, 2 ** 40, 0.1, Number.NaN, -0],
  flags: [true, false, null],
  at: new Date('2030-01-02T03:04:05.678Z'),
  big: -(2n ** 70n),
  bytes: Uint8Array.of(0, 127, 128, 255),
  map: new Map<unknown, unknown>([
    ['a', { b: [1] }],
    [2, new Set(['c', 3])],
  ]),
  $tag: { $$: 1, '': 2, '10': 3 },
}

const codec = codecWith({ maxDataBytes: ENVELOPE_CEILING_BYTES })
const jsonCodec = codecWith({ maxDataBytes: ENVELOPE_CEILING_BYTES, format: 'json' })

/** What came of reading hostile bytes: fine when they were refused, or gave data like any other. */
async function faultOf(bytes: Uint8Array): Promise<string | null> {
  let read: Awaited<ReturnType<typeof codec.decode>>
  try {
    read = await codec.decode(bytes)
  } catch (error) {
    const isRefusal = error instanceof Error && 'code' in error && error.code === 'RECORD_UNREADABLE'
    return isRefusal ? null : `threw ${String(error)}`
  }
  const { data, ...head } = read
  for (const again of [codec, jsonCodec]) {
    const copy = await again.decode(await again.encode(data, head))
    if (!isDeepStrictEqual(copy.data, data)) return 'gave data that cannot be stored again'
  }
  return null
}

/** The inputs with which something went wrong, in hexadecimal. */
async function faultsOf(inputs: Iterable<Uint8Array>): Promise<string[]> {
  const faults: string[] = []
  for (const bytes of inputs) {
    const startedAt = performance.now()
    const fault = await faultOf(bytes)
    if (fault !== null) faults.push(`${fault}: ${Buffer.from(bytes).toString('hex')}`)
    const isSlow = performance.now() - startedAt > LONGEST_TURN_MS && turnOfReading(bytes) > LONGEST_TURN_MS
    if (isSlow) faults.push(`slow: ${Buffer.from(bytes).toString('hex')}`)
  }
  return faults
}

/** Without an upgrade everything that `decode` does is done when it returns. */
function turnOfReading(bytes: Uint8Array): number {
  return turnOf(() => void codec.decode(bytes).catch(() => null))
}

function* truncations(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let length = 0; length < bytes.length; length += 1) yield bytes.subarray(0, length)
}

function* bitFlips(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Uint8Array.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    yield flipped
  }
}

/** Some random, some a sound record with a few bytes changed, cut out or put in. */
function* damages(sound: readonly Uint8Array[], count: number): Iterable<Uint8Array> {
  const chance = new Chance(7)
  for (let made = 0; made < count; made += 1) {
    const original = chance.pick(sound) ?? new Uint8Array()
    const noise = Uint8Array.from({ length: chance.below(12) }, () => chance.below(256))
    const from = 1 + chance.below(original.length)
    const to = chance.happens(0.5) ? from + noise.length : from + chance.below(20)
    const changed = Buffer.concat([original.subarray(0, from), noise, original.subarray(to)])
    yield chance.happens(0.9) ? changed : Buffer.concat([Uint8Array.of(1 + chance.below(2)), noise])
  }
}

const readAll = { timeout: 600_000 }

describe('stored bytes', () => {
  test.each(UNREADABLE)(
    'T155, T80: that hold %s are refused, as damaged and not as absent',
    async (_name, bytes) => {
      await expect(codec.decode(bytes)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
      await expect(codec.draft(bytes)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    },
  )

  test.each(UNREADABLE)('T81: that hold %s are refused within one short turn', (_name, bytes) => {
    expect(turnOfReading(bytes)).toBeLessThan(LONGEST_TURN_MS)
  })

  test.each(FORMAT_NAMES)('T80: in %s are refused or sound at every length', readAll, async (format) => {
    const sound = await codecWith({ format }).encode(EVERYTHING, HEAD)
    expect(await faultsOf(truncations(sound))).toEqual([])
  })

  test.each(FORMAT_NAMES)('T80: in %s are refused or sound with any bit wrong', readAll, async (format) => {
    const sound = await codecWith({ format }).encode(EVERYTHING, HEAD)
    expect(await faultsOf(bitFlips(sound))).toEqual([])
  })

  test('T80: are refused or sound after any damage', readAll, async () => {
    const sound = await Promise.all(
      FORMAT_NAMES.map((format) => codecWith({ format }).encode(EVERYTHING, HEAD)),
    )
    const crafted = UNREADABLE.map(([, bytes]) => bytes).filter((bytes) => bytes.length < 2_000)
    expect(await faultsOf(damages([...sound, ...crafted], inputs(20_000)))).toEqual([])
  })

  test('T80: that are unlike what we write, and still mean something, are read', async () => {
    const oddities: [Uint8Array, unknown][] = [
      [packed(Buffer.from('df00000001a16101', 'hex')), { a: 1 }],
      [packed(Buffer.from('810107', 'hex')), { '1': 7 }],
      [packed(Buffer.from('82a16101a16102', 'hex')), { a: 2 }],
      [written('{"a":1,"a":2}'), { a: 2 }],
      [written(' [ 1e2 , {"$set":[1,1]} ] '), [100, new Set([1])]],
      [written('1e400'), Number.POSITIVE_INFINITY],
    ]
    for (const [bytes, data] of oddities) expect((await codec.decode(bytes)).data).toEqual(data)
  })

  test('N5: have changed no prototype', () => {
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('a message about them repeats none of them', async () => {
    const secret = await codecWith({ format: 'json' }).encode({ card: '4111111111111111' }, HEAD)
    for (const bytes of truncations(secret)) {
      const error = await codec.decode(bytes).catch((reason: unknown) => reason)
      expect(inspect(error)).toMatch(/RECORD_UNREADABLE/)
      expect(inspect(error)).not.toMatch(/card|4111|cause/)
    }
  })
})

describe('a broken twin', () => {
  /** What a decoder reads of what must not be read. */
  const readBy = (decode: (bytes: Uint8Array) => unknown): string[] => {
    const harmless = UNREADABLE.filter(([, bytes]) => bytes.length < 2_000)
    return harmless.filter(([, bytes]) => isRead(decode, bytes)).map(([name]) => name)
  }

  const isRead = (decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean => {
    try {
      decode(bytes)
      return true
    } catch {
      return false
    }
  }

  test('that trusts MessagePack revives what nobody stored', () => {
    const packr = new Packr({ useRecords: false })
    const read = readBy((bytes) => packr.unpack(bytes.subarray(1)))
    expect(read).toContain('a regular expression')
    expect(read).toContain('a cycle')
    expect(read).toContain('a record used often')
    expect(read).toContain('copies of copies')
  })

  test('that trusts JSON takes a name that becomes a prototype', () => {
    const read = readBy((bytes) => JSON.parse(Buffer.from(bytes.subarray(1)).toString()))
    expect(read).toContain('JSON with a name that becomes a prototype')
  })
})
