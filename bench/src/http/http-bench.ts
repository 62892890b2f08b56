import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { conditionsOf } from '../conditions.ts'
import { writeResults } from '../results-file.ts'
import { asText } from '../tables.ts'
import { type Verdict, verdictTable } from '../verdicts.ts'
import { FRAMEWORKS, type FrameworkName } from './frameworks.ts'
import { httpVerdicts } from './http-goals.ts'
import type { HttpBenchOptions } from './http-options.ts'
import type { HttpReport } from './http-report.ts'
import { httpTable } from './http-tables.ts'
import { HTTP_EXTENTS, measureFrameworks } from './side-by-side.ts'

/** Measures, prints, keeps the samples; the verdicts. */
export async function runHttp(options: HttpBenchOptions): Promise<readonly Verdict[]> {
  const { mode, frameworks, parent, json } = options
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'sojourn-bench-'))
  try {
    const conditions = conditionsOf(packagesOf(frameworks))
    const startedAt = performance.now()
    const extent = HTTP_EXTENTS[mode]
    const rounds = options.rounds ?? extent.rounds
    const measured = await measureFrameworks(frameworks, { ...extent, rounds }, folder)
    const verdicts = httpVerdicts(measured)
    const seconds = (performance.now() - startedAt) / 1_000
    const report: HttpReport = { mode, conditions, seconds, verdicts, measured }
    console.log(`\n${asText(httpTable(measured))}\n\n${asText(verdictTable(verdicts))}\n`)
    console.log(`samples: ${writeResults('http', report, json ?? undefined)}`)
    return verdicts
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function packagesOf(frameworks: readonly FrameworkName[]): readonly string[] {
  return ['lmdb', ...new Set(frameworks.flatMap((name) => FRAMEWORKS[name].packages))]
}
