import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { OPERATIONS } from '../contestants/contestant.ts'
import type { Conditions } from './conditions.ts'
import { manyTable } from './many-table.ts'
import { type ManySessionsReport, readReports, type SideBySideReport } from './report.ts'
import { linesOf } from './results.ts'
import { asMarkdown, operationTable, verdictTable } from './tables.ts'

const PAGE = fileURLToPath(new URL('../../../docs/performance.md', import.meta.url))

/** Puts the tables of the last runs into docs/performance.md, between their marks. What was not run stays. */
export function updatePage(): void {
  const { sideBySide, manySessions } = readReports()
  let page = readFileSync(PAGE, 'utf8')
  if (sideBySide !== null) page = between(page, 'side-by-side', sideBySideText(sideBySide))
  if (manySessions !== null) page = between(page, 'many-sessions', manySessionsText(manySessions))
  writeFileSync(PAGE, page)
  console.log(`written: ${PAGE}`)
}

function between(page: string, mark: string, text: string): string {
  const [start, end] = [`<!-- bench: ${mark} -->`, `<!-- end: ${mark} -->`]
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`docs/performance.md has lost its marks ${start} and ${end}.`)
  return `${page.slice(0, from + start.length)}\n${text}\n${page.slice(to)}`
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

function conditionsText(conditions: Conditions): string {
  const { startedAt, node, system, processor, cores, load, versions } = conditions
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return (
    `${startedAt.slice(0, 10)}: Node ${node} on ${system}, ${cores} cores (${processor}), ` +
    `load ${load.toFixed(1)} before the run; ${packages.join(', ')}`
  )
}
