import { conditionsText } from '../conditions.ts'
import { OPERATIONS } from '../contestants/contestant.ts'
import { updateMarks } from '../page.ts'
import { asMarkdown } from '../tables.ts'
import { verdictTable } from '../verdicts.ts'
import { manyTable } from './many-table.ts'
import { type ManySessionsReport, readReports, type SideBySideReport } from './report.ts'
import { linesOf } from './results.ts'
import { operationTable } from './tables.ts'

/** Puts the tables of the last runs into docs/performance.md. What was not run stays. */
export function updatePage(): void {
  const { sideBySide, manySessions } = readReports()
  updateMarks('performance.md', {
    'side-by-side': sideBySide && sideBySideText(sideBySide),
    'many-sessions': manySessions && manySessionsText(manySessions),
  })
}

function sideBySideText({ conditions, seconds, verdicts, measured }: SideBySideReport): string {
  const rounds = Math.max(...measured.map(({ round }) => round)) + 1
  const tables = OPERATIONS.map((operation) => {
    return `### ${operation}\n\n${asMarkdown(operationTable(linesOf(measured, operation)))}`
  })
  const facts = `${conditionsText(conditions)}; ${rounds} rounds in ${Math.round(seconds)} s.`
  return [facts, asMarkdown(verdictTable(verdicts)), ...tables].join('\n\n')
}

function manySessionsText({ conditions, seconds, verdicts, measured }: ManySessionsReport): string {
  const facts = `${conditionsText(conditions)}; ${Math.round(seconds)} s, most of it filling.`
  return [facts, asMarkdown(verdictTable(verdicts)), asMarkdown(manyTable(measured))].join('\n\n')
}
