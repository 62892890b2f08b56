import type { Conditions } from '../conditions.ts'
import type { Verdict } from '../verdicts.ts'
import type { Findings } from './redis-goals.ts'

/** A run, as it is kept: every sample, so that other questions can be asked of it later. */
export interface RedisReport extends Findings {
  readonly mode: 'full' | 'quick'
  readonly conditions: Conditions
  /** What the server says of itself. */
  readonly server: string
  readonly seconds: number
  readonly verdicts: readonly Verdict[]
}
