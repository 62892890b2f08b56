import type { Conditions } from '../conditions.ts'
import type { Verdict } from '../verdicts.ts'
import type { MemoryUse } from './memory.ts'
import type { RoundTrips } from './round-trips.ts'
import type { RedisMeasured } from './side-by-side.ts'

/** A run, as it is kept: every sample, so that other questions can be asked of it later. */
export interface RedisReport {
  readonly mode: 'full' | 'quick'
  readonly conditions: Conditions
  /** What the server says of itself. */
  readonly server: string
  readonly seconds: number
  readonly verdicts: readonly Verdict[]
  readonly measured: readonly RedisMeasured[]
  readonly roundTrips: readonly RoundTrips[]
  readonly memory: readonly MemoryUse[]
}
