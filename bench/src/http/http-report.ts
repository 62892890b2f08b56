import type { Conditions } from '../conditions.ts'
import type { Verdict } from '../verdicts.ts'
import type { HttpMeasured } from './side-by-side.ts'

/** A run, as it is kept: every sample, so that other questions can be asked of it later. */
export interface HttpReport {
  readonly mode: 'full' | 'quick'
  readonly conditions: Conditions
  readonly seconds: number
  readonly verdicts: readonly Verdict[]
  readonly measured: readonly HttpMeasured[]
}
