import { SessionError } from './errors.ts'
import { type Instant, LIFETIME_CEILING_MS, type Milliseconds, NEVER, type SessionRecord } from './port.ts'

/** A duration: milliseconds, or a whole number with a unit, such as `'90s'`, `'30m'`, `'8h'`, `'30d'`. */
export type Duration = Milliseconds | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNITS = new Map<string, Milliseconds>([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])
const DURATION = /^([0-9]{1,12})(ms|s|m|h|d)$/

/** The longest time between two recorded activities of a session in constant use (SECURITY T47). */
const LONGEST_THROTTLE_MS = 60_000
const THROTTLE_SHARE = 10

/** How long a session lives: without use, and in all. */
export interface Lifetime {
  readonly idle: Milliseconds
  readonly absolute: Milliseconds
  /** Activity is recorded at most once in this time. */
  readonly throttle: Milliseconds
}

/** @throws SessionError `INVALID_ARGUMENT` when `value` is no positive, finite duration. */
export function parseDuration(value: unknown, name: string): Milliseconds {
  const ms = typeof value === 'string' ? durationOfText(value) : value
  if (typeof ms === 'number' && Number.isSafeInteger(ms) && ms > 0) return ms
  throw new SessionError(
    'INVALID_ARGUMENT',
    `${name} must be a whole number of milliseconds above 0 or text such as '30m'; got ${shown(value)}.`,
  )
}

function durationOfText(text: string): number {
  const [, count = '', unit = ''] = DURATION.exec(text) ?? []
  return Number(count || Number.NaN) * (UNITS.get(unit) ?? Number.NaN)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40))
  return typeof value === 'number' ? String(value) : typeof value
}

/**
 * Checks two durations against each other and derives the throttle, `min(60 s, idle / 10)`.
 * @throws SessionError `INVALID_ARGUMENT` when idle exceeds absolute, or absolute the ceiling of 400 days.
 */
export function lifetimeOf(options: { readonly idle: Duration; readonly absolute: Duration }): Lifetime {
  const idle = parseDuration(options.idle, 'lifetime.idle')
  const absolute = parseDuration(options.absolute, 'lifetime.absolute')
  if (idle > absolute) {
    throw new SessionError(
      'INVALID_ARGUMENT',
      `lifetime.idle (${idle} ms) must not exceed lifetime.absolute (${absolute} ms).`,
    )
  }
  if (absolute > LIFETIME_CEILING_MS) {
    throw new SessionError('INVALID_ARGUMENT', `lifetime.absolute must be at most ${LIFETIME_CEILING_MS} ms.`)
  }
  return { idle, absolute, throttle: throttleFor(idle) }
}

/** The deadline after activity at `seenAt` (SECURITY T46). */
export function expiryOf(seenAt: Instant, idle: Milliseconds, absoluteAt: Instant): Instant {
  return Math.min(seenAt + idle, absoluteAt)
}

/** Whether a record is neither ended nor expired. A record with a broken deadline is dead (SECURITY T46). */
export function isLive(record: SessionRecord, now: Instant): boolean {
  return (
    record.ended === null && hasSoundDeadlines(record) && now < record.expiresAt && now < record.absoluteAt
  )
}

function hasSoundDeadlines(record: SessionRecord): boolean {
  return (
    isInstant(record.createdAt) &&
    isInstant(record.seenAt) &&
    isInstant(record.expiresAt) &&
    isInstant(record.absoluteAt)
  )
}

/** Comparisons with null or NaN answer the wrong way round, so each deadline is tested by itself (N18). */
function isInstant(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= NEVER
}

/** How long a use may wait to be recorded where a session lives so long for it: `min(60 s, a tenth)` (SECURITY T47). */
export function throttleFor(span: Milliseconds): Milliseconds {
  return Math.min(LONGEST_THROTTLE_MS, Math.floor(span / THROTTLE_SHARE))
}
