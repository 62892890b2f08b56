import { readResults, writeResults } from '../results-file.ts'
import type { Verdict } from '../verdicts.ts'
import type { EmbeddedConditions } from './conditions.ts'
import type { ManySample } from './many-sessions.ts'
import type { Measured } from './side-by-side.ts'

/** A run, as it is kept: every sample, so that other questions can be asked of it later. */
export type Report = SideBySideReport | ManySessionsReport

export interface SideBySideReport {
  readonly kind: 'side-by-side'
  readonly mode: 'full' | 'quick'
  readonly conditions: EmbeddedConditions
  readonly seconds: number
  readonly verdicts: readonly Verdict[]
  readonly measured: readonly Measured[]
}

export interface ManySessionsReport {
  readonly kind: 'many-sessions'
  readonly conditions: EmbeddedConditions
  readonly seconds: number
  readonly verdicts: readonly Verdict[]
  readonly measured: readonly ManySample[]
}

export function writeReport(report: Report, path?: string): string {
  return writeResults(`embedded-${report.kind}`, report, path)
}

/** The newest reports, as they were written by this program; null where none was. */
export function readReports(): {
  readonly sideBySide: SideBySideReport | null
  readonly manySessions: ManySessionsReport | null
} {
  return {
    sideBySide: readResults('embedded-side-by-side'),
    manySessions: readResults('embedded-many-sessions'),
  }
}
