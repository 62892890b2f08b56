import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { EmbeddedOptions } from '../command-line.ts'
import { OPERATIONS } from '../contestants/contestant.ts'
import { asText } from '../tables.ts'
import { type Verdict, verdictTable } from '../verdicts.ts'
import { conditionsIn } from './conditions.ts'
import { verdictsOf } from './goals.ts'
import { manyVerdicts, measureManySessions } from './many-sessions.ts'
import { manyTable } from './many-table.ts'
import { type Report, writeReport } from './report.ts'
import { linesOf } from './results.ts'
import { EXTENTS, measureSideBySide } from './side-by-side.ts'
import { operationTable } from './tables.ts'

/** Measures, prints, keeps the samples; the verdicts. */
export async function runEmbedded(options: EmbeddedOptions): Promise<readonly Verdict[]> {
  mkdirSync(options.parent, { recursive: true })
  const folder = mkdtempSync(join(options.parent, 'sojourn-bench-'))
  try {
    const report = await (options.sessions === null
      ? sideBySide(options, folder)
      : manySessions(options.sessions, options.mode, folder))
    console.log(`\n${asText(verdictTable(report.verdicts))}\n`)
    console.log(`samples: ${writeReport(report, options.json ?? undefined)}`)
    return report.verdicts
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function sideBySide(options: EmbeddedOptions, folder: string): Promise<Report> {
  const conditions = await conditionsIn(folder)
  const startedAt = performance.now()
  const extent = EXTENTS[options.mode]
  const rounds = options.rounds ?? extent.rounds
  const measured = await measureSideBySide(options.contestants, { ...extent, rounds }, folder)
  for (const operation of OPERATIONS) {
    console.log(`\n${operation}\n${asText(operationTable(linesOf(measured, operation)))}`)
  }
  const verdicts = verdictsOf(measured)
  const seconds = (performance.now() - startedAt) / 1_000
  return { kind: 'side-by-side', mode: options.mode, conditions, seconds, verdicts, measured }
}

async function manySessions(
  sessions: number,
  mode: EmbeddedOptions['mode'],
  folder: string,
): Promise<Report> {
  const conditions = await conditionsIn(folder)
  const startedAt = performance.now()
  const measured = await measureManySessions(sessions, mode, folder)
  console.log(`\n${asText(manyTable(measured))}`)
  const seconds = (performance.now() - startedAt) / 1_000
  return { kind: 'many-sessions', conditions, seconds, verdicts: manyVerdicts(measured), measured }
}
