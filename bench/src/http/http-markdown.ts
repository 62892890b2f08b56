import { conditionsText } from '../conditions.ts'
import { updateMarks } from '../page.ts'
import { readResults } from '../results-file.ts'
import { asMarkdown } from '../tables.ts'
import { verdictTable } from '../verdicts.ts'
import type { HttpReport } from './http-report.ts'
import { httpTable } from './http-tables.ts'

/** Puts the tables of the last run into docs/performance.md. */
export function updateHttpPage(): void {
  const report: HttpReport | null = readResults('http')
  updateMarks('performance.md', { http: report && textOf(report) })
}

function textOf({ conditions, seconds, verdicts, measured }: HttpReport): string {
  return [
    `${conditionsText(conditions)}; ${Math.round(seconds)} s.`,
    asMarkdown(verdictTable(verdicts)),
    asMarkdown(httpTable(measured)),
  ].join('\n\n')
}
