import type { Row } from './play.ts'
import { brokenPromises } from './verdict.ts'

const COLUMNS = [
  'fault',
  'topology',
  'client',
  'durability',
  'writes confirmed',
  'lost',
  'log-outs confirmed',
  'undone',
  'made twice',
  'outage ms',
  'of it after the servers were back',
  'errors seen by callers',
]

/** The rows as a Markdown table. */
export function tableOf(rows: readonly Row[]): string {
  const lines = [COLUMNS, COLUMNS.map(() => '---'), ...rows.map(cellsOf)]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function cellsOf(row: Row): readonly string[] {
  const { fault, variant, errors } = row
  const { durability, security, replicas } = variant
  return [
    fault.name,
    fault.topology,
    variant.driver,
    `${durability === security ? durability : `${durability}, security: ${security}`}${replicas > 1 ? `, replicas: ${replicas}` : ''}`,
    ...[row.writes, row.lost, row.logOuts, row.undone, row.twice, row.outageMs, row.afterElectionMs].map(
      (value) => String(Math.round(value)),
    ),
    [...errors].map(([code, count]) => `${code} ${count}`).join(', ') || 'none',
  ]
}

/** One line for each promise that was not kept. */
export function complaintsOf(rows: readonly Row[]): readonly string[] {
  return rows.flatMap((row) => {
    const [fault, topology, client, durability] = cellsOf(row)
    return brokenPromises(row).map((what) => `${fault}, ${topology}, ${client}, ${durability}: ${what}`)
  })
}
