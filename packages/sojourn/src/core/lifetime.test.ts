import { describe, expect, test } from 'vitest'
import { inputs, LONGEST_TURN_MS, turnOf } from './fuzz.test-support.ts'
import { expiryOf, isLive, lifetimeOf, parseDuration } from './lifetime.ts'
import { LIFETIME_CEILING_MS, NEVER, type SessionRecord } from './port.ts'
import { Chance } from './scheduler.test-support.ts'

const NOW = 1_800_000_000_000
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const TEN_YEARS = 3_652 * 24 * HOUR

const RECORD: SessionRecord = {
  id: 'AbCdEfGhIjKlMnOp',
  userId: null,
  version: 1,
  createdAt: NOW,
  seenAt: NOW,
  expiresAt: NOW + 30 * MINUTE,
  absoluteAt: NOW + 8 * HOUR,
  authenticatedAt: null,
  digest: new Uint8Array(32),
  previous: null,
  retired: [],
  ended: null,
  data: new Uint8Array(1),
}

const DEADLINES = ['createdAt', 'seenAt', 'expiresAt', 'absoluteAt'] as const
const BROKEN: readonly unknown[] = [
  undefined,
  null,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -1,
  1.5,
  NEVER + 1,
  2 ** 53,
  Number.MAX_VALUE,
  '',
  'never',
  String(NOW + HOUR),
  new Date(NOW + HOUR),
  10n ** 15n,
  true,
  [NOW + HOUR],
  { valueOf: () => NOW + HOUR },
  () => NOW + HOUR,
]
const MOMENTS = [0, 1, NOW - TEN_YEARS, NOW - 1, NOW, NOW + 1, NOW + HOUR, NOW + TEN_YEARS, NEVER, NEVER + 1]

/** A record as a broken engine, or somebody who writes to the store, could hand it out. */
function withDeadline(name: (typeof DEADLINES)[number], value: unknown): SessionRecord {
  return Object.assign({ ...RECORD }, { [name]: value })
}

/** The broken deadlines under which a record would live. */
function immortals(lives: typeof isLive): string[] {
  return DEADLINES.flatMap((name) =>
    BROKEN.flatMap((value) =>
      MOMENTS.filter((now) => lives(withDeadline(name, value), now)).map((now) => `${name} at ${now}`),
    ),
  )
}

describe('a live session', () => {
  test('T46: dies at its deadline and not a millisecond later', () => {
    expect(isLive(RECORD, RECORD.expiresAt - 1)).toBe(true)
    expect(isLive(RECORD, RECORD.expiresAt)).toBe(false)
    expect(isLive(RECORD, RECORD.expiresAt + 1)).toBe(false)
    const used = { ...RECORD, expiresAt: RECORD.absoluteAt }
    expect([isLive(used, used.absoluteAt - 1), isLive(used, used.absoluteAt)]).toEqual([true, false])
  })

  test('T46: dies at the absolute deadline even when a record says otherwise', () => {
    const wrong = { ...RECORD, expiresAt: RECORD.absoluteAt + HOUR }
    expect(isLive(wrong, RECORD.absoluteAt)).toBe(false)
  })

  test('T46: is none when it has ended, whatever its deadlines say', () => {
    const ended = { ...RECORD, ended: { at: NOW + TEN_YEARS, reason: 'logout' } as const }
    expect(isLive(ended, NOW)).toBe(false)
    expect(isLive(Object.assign({ ...RECORD }, { ended: undefined }), NOW)).toBe(false)
  })

  test('T46: is none when any of its deadlines is broken, at any time (V16)', () => {
    expect(immortals(isLive)).toEqual([])
  })

  test.each<[string, typeof isLive]>([
    ['asks whether the deadline is past', (record, now) => !(now >= record.expiresAt)],
    ['looks at the idle deadline alone', (record, now) => now < record.expiresAt],
    ['takes every number', (record, now) => typeof record.seenAt === 'number' && now < record.absoluteAt],
  ])('T46: the corpus catches a check that %s', (_name, lives) => {
    expect(immortals(lives)).not.toEqual([])
  })

  test('T46, T49: a hundred thousand records live exactly until the earlier deadline of one clock', () => {
    const chance = new Chance(46)
    const wrong: unknown[] = []
    for (let turn = 0; turn < inputs(100_000); turn += 1) {
      const seenAt = NOW + chance.below(TEN_YEARS)
      const absoluteAt = seenAt + chance.below(LIFETIME_CEILING_MS)
      const expiresAt = expiryOf(seenAt, 1 + chance.below(24 * HOUR), absoluteAt)
      const now = expiresAt + (chance.pick([-TEN_YEARS, -HOUR, -1, 0, 1, HOUR, TEN_YEARS]) ?? 0)
      const lives = isLive({ ...RECORD, seenAt, expiresAt, absoluteAt }, now)
      if (lives !== now < expiresAt || expiresAt > absoluteAt)
        wrong.push({ seenAt, absoluteAt, expiresAt, now })
    }
    expect(wrong).toEqual([])
  })
})

describe('deadlines', () => {
  test('T46: are the idle time after the last use, and never after the absolute one', () => {
    expect(expiryOf(NOW, 30 * MINUTE, NOW + HOUR)).toBe(NOW + 30 * MINUTE)
    expect(expiryOf(NOW + 45 * MINUTE, 30 * MINUTE, NOW + HOUR)).toBe(NOW + HOUR)
  })
})

describe('durations', () => {
  test.each([
    [1, 1],
    ['90s', 90_000],
    ['250ms', 250],
    ['30m', 30 * MINUTE],
    ['8h', 8 * HOUR],
    ['30d', 720 * HOUR],
    ['007m', 7 * MINUTE],
  ])('%j is %i milliseconds', (text, ms) => expect(parseDuration(text, 'idle')).toBe(ms))

  test.each([
    ...BROKEN.filter((value) => value !== 2 ** 53 && value !== NEVER + 1),
    0,
    -0,
    2 ** 53,
    '0m',
    '30',
    '30 m',
    ' 30m',
    '30m ',
    '30M',
    '1.5h',
    '-30m',
    '+30m',
    '3e2s',
    '0x10m',
    '30m30s',
    '30mm',
    '٣m',
    '9999999999999d',
    '999999999999d',
    'constructor',
    Symbol('30m'),
    Object.create(null),
    '1'.repeat(100_000),
  ])('T46: %o is no duration', (value) => {
    expect(() => parseDuration(value, 'lifetime.idle')).toThrowError(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/lifetime\.idle must be .{1,150}$/),
      }),
    )
  })

  test('T81: a duration of ten megabytes is refused in no time', () => {
    const huge = `${'9'.repeat(10_000_000)}m`
    expect(turnOf(() => expect(() => parseDuration(huge, 'idle')).toThrow())).toBeLessThan(LONGEST_TURN_MS)
  })

  test('T161.23: idle above absolute, and absolute without end, are refused with both times', () => {
    expect(() => lifetimeOf({ idle: '2h', absolute: '1h' })).toThrowError(
      'lifetime.idle (7200000 ms) must not exceed lifetime.absolute (3600000 ms).',
    )
    expect(lifetimeOf({ idle: '1h', absolute: '1h' })).toMatchObject({ idle: HOUR, absolute: HOUR })
    expect(lifetimeOf({ idle: '1h', absolute: '400d' })).toMatchObject({ absolute: LIFETIME_CEILING_MS })
    for (const absolute of [LIFETIME_CEILING_MS + 1, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER]) {
      expect(() => lifetimeOf({ idle: '1h', absolute })).toThrowError(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
    }
  })

  test('T47, T161.23: the throttle is the tenth of idle, a minute at most, and no option', () => {
    const chance = new Chance(47)
    for (let turn = 0; turn < 10_000; turn += 1) {
      const idle = 1 + chance.below(2 ** (1 + chance.below(34)))
      const { throttle } = lifetimeOf({ idle, absolute: LIFETIME_CEILING_MS })
      expect(throttle).toBeLessThanOrEqual(Math.min(MINUTE, idle / 10))
      expect(throttle).toBeGreaterThan(Math.min(MINUTE, idle / 10) - 1)
    }
    const asked = { idle: HOUR, absolute: HOUR, throttle: 10 * HOUR }
    expect(lifetimeOf(asked).throttle).toBe(MINUTE)
  })
})
