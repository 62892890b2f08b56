import { CONTESTANTS } from '../contestants/contestants.ts'
import type { Verdict } from './goals.ts'
import type { Line, Spread } from './results.ts'

/** A table as rows of cells; the first row is its head. */
export type Table = readonly (readonly string[])[]

/** The lines of one operation, with times in microseconds or milliseconds as they are. */
export function operationTable(lines: readonly Line[]): Table {
  const hasLoop = lines.some(({ loop }) => loop !== null)
  const head = [
    '',
    'at once',
    'per second',
    'p50',
    'p99',
    'CPU each',
    ...(hasLoop ? ['loop p99', 'loop busy', 'felt p99'] : []),
  ]
  return [
    head,
    ...lines.map((line) => [
      CONTESTANTS[line.contestant].title,
      count(line.concurrency),
      count(line.perSecond),
      time(line.p50),
      time(line.p99),
      time(line.cpu),
      ...(hasLoop
        ? [line.loop?.p99, line.loop?.busy, line.loop?.felt].map((ms) => (ms === undefined ? '' : time(ms)))
        : []),
    ]),
  ]
}

export function verdictTable(verdicts: readonly Verdict[]): Table {
  return [
    ['goal', 'wanted', 'measured', 'single rounds', ''],
    ...verdicts.map(({ goal, limit, unit, value, isMet }) => [
      goal,
      limit === null ? '' : `${limit} ${unit}`,
      `${short(value.value)} ${unit}`,
      range(value),
      limit === null ? 'told' : isMet ? 'met' : 'MISSED',
    ]),
  ]
}

/** For a terminal: columns under each other, numbers to the right. */
export function asText(table: Table): string {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  )
  const line = (row: readonly string[]) =>
    row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  ')
  return table.map((row) => `  ${line(row)}`.trimEnd()).join('\n')
}

export function asMarkdown([head = [], ...rows]: Table): string {
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  const rule = `|${head.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}

function range({ min, max }: Spread): string {
  return `${short(min)} … ${short(max)}`
}

/** Three digits are what a noisy machine can tell. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  return value >= 100 ? count(value) : String(Number(value.toPrecision(3)))
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function time(ms: number): string {
  return ms < 0.1 ? `${short(ms * 1_000)} µs` : `${short(ms)} ms`
}
