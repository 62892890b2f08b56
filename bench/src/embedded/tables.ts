import { CONTESTANTS } from '../contestants/contestants.ts'
import { count, type Table, time } from '../tables.ts'
import type { Line } from './results.ts'

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
