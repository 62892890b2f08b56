import { conditionsText } from '../conditions.ts'
import { updateMarks } from '../page.ts'
import { asMarkdown } from '../tables.ts'
import { verdictTable } from '../verdicts.ts'
import { VERBS } from './contestants/contestant.ts'
import { lastRun } from './redis-bench.ts'
import type { RedisReport } from './redis-report.ts'
import { memoryTable, roundTripTable, verbTable } from './redis-tables.ts'

/** Puts the tables of the last run into docs/performance.md. */
export function updateRedisPage(): void {
  const report = lastRun()
  updateMarks('performance.md', { redis: report && textOf(report) })
}

function textOf({
  conditions,
  server,
  seconds,
  verdicts,
  measured,
  roundTrips,
  memory,
}: RedisReport): string {
  const rounds = Math.max(...measured.map(({ round }) => round)) + 1
  const facts = `${conditionsText(conditions)}; Redis ${server}; ${rounds} rounds in ${Math.round(seconds)} s.`
  const tables = VERBS.map((verb) => `### ${verb}\n\n${asMarkdown(verbTable(measured, verb))}`)
  return [
    facts,
    asMarkdown(verdictTable(verdicts)),
    ...tables,
    `### Round trips\n\n${asMarkdown(roundTripTable(roundTrips))}`,
    `### Memory\n\n${asMarkdown(memoryTable(memory))}`,
  ].join('\n\n')
}
