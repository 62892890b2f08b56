import { conditionsText } from '../conditions.ts'
import { updateMarks } from '../page.ts'
import { asMarkdown } from '../tables.ts'
import { verdictTable } from '../verdicts.ts'
import { lastArchiveRuns } from './archive-bench.ts'
import type { ArchiveReport } from './archive-report.ts'
import { backlogTable, besideTable, promptnessTable, throughputTable } from './archive-tables.ts'

/** Puts the tables of the last runs into docs/performance.md. What was not run stays. */
export function updateArchivePage(): void {
  const { all, backlog } = lastArchiveRuns()
  updateMarks('performance.md', {
    archive: all && textOf(all),
    'archive-backlog': backlog && backlogText(backlog),
  })
}

function textOf(report: ArchiveReport): string {
  const { throughput, beside, promptness, backlog, verdicts } = report
  return [
    factsOf(report),
    asMarkdown(verdictTable(verdicts)),
    `### Sessions settled a second\n\n${asMarkdown(throughputTable(throughput))}`,
    `### Reads beside a settler\n\n${asMarkdown(besideTable(beside))}`,
    `### From deadline to archive\n\n${asMarkdown(promptnessTable(promptness))}`,
    `### Due at once\n\n${asMarkdown(backlogTable(backlog))}`,
  ].join('\n\n')
}

function backlogText(report: ArchiveReport): string {
  const { backlog, verdicts } = report
  return [factsOf(report), asMarkdown(verdictTable(verdicts)), asMarkdown(backlogTable(backlog))].join('\n\n')
}

function factsOf({ conditions, seconds }: ArchiveReport): string {
  return `${conditionsText(conditions)}; ${Math.round(seconds)} s.`
}
