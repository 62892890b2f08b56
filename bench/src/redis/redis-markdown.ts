import { conditionsText } from '../conditions.ts'
import { updateMarks } from '../page.ts'
import { asMarkdown } from '../tables.ts'
import { verdictTable } from '../verdicts.ts'
import { VERBS } from './contestants/contestant.ts'
import { lastRun } from './redis-bench.ts'
import type { RedisReport } from './redis-report.ts'
import { clusterTable, memoryTable, roundTripTable, verbTable } from './redis-tables.ts'
import { lastScaleRun } from './scale/scale.ts'
import { type ScaleReport, scaleTable } from './scale/scale-report.ts'

/** Puts the tables of the last runs into the pages of docs. What was not run stays. */
export function updateRedisPages(): void {
  const report = lastRun()
  const scale = lastScaleRun()
  updateMarks('performance.md', { redis: report && textOf(report) })
  updateMarks('scale.md', { 'redis-scale': scale && scaleText(scale) })
  updateMarks('operations/redis.md', { 'redis-memory': report && memoryText(report) })
}

function textOf({ measured, roundTrips, memory, cluster, verdicts, ...run }: RedisReport): string {
  const rounds = Math.max(...measured.map(({ round }) => round)) + 1
  const facts = `${conditionsText(run.conditions)}; Redis ${run.server}; ${rounds} rounds in ${Math.round(run.seconds)} s.`
  const tables = VERBS.map((verb) => `### ${verb} in Redis\n\n${asMarkdown(verbTable(measured, verb))}`)
  return [
    facts,
    asMarkdown(verdictTable(verdicts)),
    ...tables,
    `### Round trips\n\n${asMarkdown(roundTripTable(roundTrips))}`,
    `### Memory\n\n${asMarkdown(memoryTable(memory))}`,
    ...(cluster === null ? [] : [`### Reads in a cluster\n\n${asMarkdown(clusterTable(cluster))}`]),
  ].join('\n\n')
}

function scaleText({ conditions, seconds, verdicts, ...findings }: ScaleReport): string {
  const facts = `${conditionsText(conditions)}; ${Math.round(seconds)} s in all.`
  return [facts, asMarkdown(verdictTable(verdicts)), asMarkdown(scaleTable(findings))].join('\n\n')
}

function memoryText({ conditions, memory }: RedisReport): string {
  return `${conditions.startedAt.slice(0, 10)}, \`npm run bench -- redis\`:\n\n${asMarkdown(memoryTable(memory))}`
}
