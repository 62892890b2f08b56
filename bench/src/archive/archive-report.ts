import type { Conditions } from '../conditions.ts'
import type { Verdict } from '../verdicts.ts'
import type { BacklogRun } from './backlog.ts'
import type { BesideSample } from './beside.ts'
import type { DestinationName } from './destinations.ts'
import type { EngineName } from './engines.ts'
import type { Promptness } from './promptness.ts'
import type { ThroughputSample } from './throughput.ts'

export interface Throughput extends ThroughputSample {
  readonly engine: EngineName
  readonly destination: DestinationName
  /** Whether `select` let the data through. */
  readonly selects: boolean
  readonly round: number
}

/** All that a run found out. */
export interface ArchiveFindings {
  readonly throughput: readonly Throughput[]
  readonly beside: readonly BesideSample[]
  readonly promptness: readonly Promptness[]
  readonly backlog: readonly BacklogRun[]
}

/** A run, as it is kept: every sample, so that other questions can be asked of it later. */
export interface ArchiveReport extends ArchiveFindings {
  readonly mode: 'full' | 'quick'
  readonly conditions: Conditions
  readonly seconds: number
  readonly verdicts: readonly Verdict[]
}
