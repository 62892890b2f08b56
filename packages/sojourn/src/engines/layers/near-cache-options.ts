import type { Clock } from '../../core/clock.ts'
import { SessionError } from '../../core/errors.ts'
import type { EngineTraits, Milliseconds } from '../../core/port.ts'
import type { Invalidations } from '../invalidations.ts'
import type { CacheLimits } from './cached-records.ts'

export interface NearCacheOptions {
  /** Who tells of what other processes write, such as `invalidations({ client })` of `sojourn/redis`. */
  readonly invalidations: Invalidations
  /**
   * How long after a change a record may still be served when the server has fallen silent. While it answers,
   * a change takes as long as its message travels. 100 to 5,000 ms; 1,000 when left out.
   */
  readonly staleMs?: Milliseconds
  /** The most memory that records may take, about. 64 MiB. */
  readonly maxBytes?: number
  /** The most records. 100,000. */
  readonly maxSessions?: number
  readonly clock?: Clock
}

export interface NearCacheLimits extends CacheLimits {
  readonly staleMs: Milliseconds
}

const KNOWN = ['invalidations', 'staleMs', 'maxBytes', 'maxSessions', 'clock']
const METHODS = ['listen', 'confirm', 'abandon', 'close'] as const
/** The smallest is ten times what a fast network with a busy event loop takes; the largest, T59's. */
const BOUNDS = { staleMs: [100, 5_000], maxBytes: [1, 2 ** 40], maxSessions: [1, 2 ** 24] } as const

/** @throws SessionError `INVALID_ARGUMENT` */
export function checkOptions(options: NearCacheOptions): NearCacheLimits {
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name))
  if (unknown !== undefined) throw refusal(`there is no option "${unknown}"`)
  const { invalidations, staleMs = 1_000, maxBytes = 64 * 2 ** 20, maxSessions = 100_000 } = options
  if (!METHODS.every((method) => typeof invalidations?.[method] === 'function')) {
    throw refusal('invalidations must tell of changes, such as invalidations({ client }) of sojourn/redis')
  }
  const limits = { staleMs, maxBytes, maxSessions }
  for (const name of ['staleMs', 'maxBytes', 'maxSessions'] as const) {
    const [least, most] = BOUNDS[name]
    const value = limits[name]
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw refusal(`${name} must be a whole number from ${least} to ${most}`)
    }
  }
  return limits
}

/** A cut-off that is held against a session on read changes an answer without a write of which anybody hears. */
export function checkTraits({ name, checksCutOff }: EngineTraits): void {
  if (checksCutOff === 'on-write') return
  throw refusal(`${name} changes what a read answers without a write, so its records cannot be cached`)
}

function refusal(why: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `nearCache: ${why}.`)
}
