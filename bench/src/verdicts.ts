import type { Spread } from './statistics.ts'
import { short, type Table } from './tables.ts'

/** What was promised, and what was measured. */
export interface Verdict {
  readonly goal: string
  /** Null for a number that is told beside the goals and decides nothing. */
  readonly limit: string | null
  readonly unit: string
  readonly value: Spread
  readonly isMet: boolean
}

export function atMost(limit: number, goal: string, value: Spread): Verdict {
  return { goal, limit: `≤ ${short(limit)}`, unit: '×', value, isMet: value.value <= limit }
}

export function atLeast(limit: number, goal: string, value: Spread): Verdict {
  return { goal, limit: `≥ ${short(limit)}`, unit: '×', value, isMet: value.value >= limit }
}

/** A number that decides nothing. */
export function told(goal: string, value: Spread): Verdict {
  return { goal, limit: null, unit: '×', value, isMet: true }
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

function range({ min, max }: Spread): string {
  return `${short(min)} … ${short(max)}`
}
