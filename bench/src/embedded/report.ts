import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Conditions } from './conditions.ts'
import type { Verdict } from './goals.ts'
import type { ManySample } from './many-sessions.ts'
import type { Measured } from './side-by-side.ts'

/** A run, as it is kept: every sample, so that other questions can be asked of it later. */
export type Report = SideBySideReport | ManySessionsReport

export interface SideBySideReport {
  readonly kind: 'side-by-side'
  readonly mode: 'full' | 'quick'
  readonly conditions: Conditions
  readonly seconds: number
  readonly verdicts: readonly Verdict[]
  readonly measured: readonly Measured[]
}

export interface ManySessionsReport {
  readonly kind: 'many-sessions'
  readonly conditions: Conditions
  readonly seconds: number
  readonly verdicts: readonly Verdict[]
  readonly measured: readonly ManySample[]
}

const FOLDER = fileURLToPath(new URL('../../results', import.meta.url))

/** Where the newest report of a kind lies when the command line says nothing else. */
function reportPath(kind: Report['kind']): string {
  return join(FOLDER, `embedded-${kind}.json`)
}

export function writeReport(report: Report, path = reportPath(report.kind)): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(report, null, 1)}\n`)
  return path
}

/** The newest reports, as they were written by this program; null where none was. */
export function readReports(): {
  readonly sideBySide: SideBySideReport | null
  readonly manySessions: ManySessionsReport | null
} {
  return { sideBySide: read('side-by-side'), manySessions: read('many-sessions') }
}

function read(kind: Report['kind']) {
  const path = reportPath(kind)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
}
