import { median, type Spread, spreadAround, undisturbedRatio } from '../statistics.ts'
import { count } from '../tables.ts'
import { atLeast, atMost, told, type Verdict } from '../verdicts.ts'
import type { ArchiveFindings, Throughput } from './archive-report.ts'
import type { BacklogRun } from './backlog.ts'
import { type BesideSample, LOADS, type LoadName } from './beside.ts'
import { DESTINATIONS } from './destinations.ts'
import { ENGINE_NAMES, ENGINES } from './engines.ts'

/** Sessions a second. */
const LEAST = { function: 20_000, postgres: 5_000 } as const
const MOST_READ_P99 = 1.2
const MOST_MEMORY = 1.5
/** What the docs promise of an idle store. */
const MOST_WAIT_MS = 10_000
export const BETTER = { p50: 'lower', p99: 'lower', perSecond: 'higher' } as const
const WHO = { nobody: 'nobody', same: 'the same process', other: 'another process' } as const

export function archiveVerdicts(findings: ArchiveFindings): Verdict[] {
  const { throughput, beside, promptness, backlog } = findings
  return [
    ...throughputVerdicts(throughput),
    ...pairsIn(beside).flatMap(besideVerdicts),
    ...promptness.map(({ engine, waits }) => {
      const value = { value: Math.max(...waits), min: Math.min(...waits), max: Math.max(...waits) }
      return ms(atMost(MOST_WAIT_MS, `${ENGINES[engine].title}: idle, from deadline to archive`, value))
    }),
    ...backlog.flatMap(backlogVerdicts),
  ]
}

/** What expired, with data: that is the most work. */
function throughputVerdicts(throughput: readonly Throughput[]): Verdict[] {
  return ENGINE_NAMES.flatMap((engine) =>
    (['function', 'postgres'] as const).flatMap((destination) => {
      const rates = throughput
        .filter((each) => each.engine === engine && each.destination === destination)
        .filter(({ kind, selects }) => kind === 'expired' && selects)
        .map(({ perSecond }) => perSecond)
      if (rates.length === 0) return []
      const goal = `${ENGINES[engine].title}: expired, into ${DESTINATIONS[destination].title}`
      return [{ ...atLeast(LEAST[destination], goal, spreadAround(rates)), unit: '/s' }]
    }),
  )
}

/** The samples of each way to read beside a settler, in the order in which they were taken. */
export function pairsIn(beside: readonly BesideSample[]): BesideSample[][] {
  const pairs = new Map<string, BesideSample[]>()
  for (const sample of beside) {
    const key = pairTitle(sample)
    const pair = pairs.get(key)
    if (pair === undefined) pairs.set(key, [sample])
    else pair.push(sample)
  }
  return [...pairs.values()]
}

export function pairTitle({ engine, destination, who, when }: BesideSample): string {
  return `${ENGINES[engine].title}, settled ${when} by ${WHO[who]} into ${DESTINATIONS[destination].title}`
}

/** A rate is what users are. Callers that wait for each read only show how the two share what there is. */
function besideVerdicts(pair: readonly BesideSample[]): Verdict[] {
  return LOADS.flatMap((load) => {
    const samples = pair.filter((sample) => sample.load === load)
    const [first] = samples
    if (first === undefined) return []
    const title = pairTitle(first)
    const p99 = ratioOf(samples, 'p99')
    const about = `read p99: ${title}, of that without`
    if (load === 'rate')
      return [first.who === 'nobody' ? told(about, p99) : atMost(MOST_READ_P99, about, p99)]
    const name: Record<LoadName, string> = { rate: 'reads at a rate', callers: 'reads of 64 callers' }
    return [told(`${name[load]} a second: ${title}, of those without`, ratioOf(samples, 'perSecond'))]
  })
}

export function ratioOf(samples: readonly BesideSample[], key: keyof typeof BETTER): Spread {
  return undisturbedRatio(
    samples.map(({ beside }) => beside[key]),
    samples.map(({ without }) => without[key]),
    BETTER[key],
  )
}

/** Bounded means: no more in the second half than in the first, garbage that waits included. */
function backlogVerdicts({ engine, destination, sessions, samples }: BacklogRun): Verdict[] {
  const halfway = Math.ceil(samples.length / 2)
  const memory = samples.map(({ memoryBytes }) => memoryBytes)
  const ratio = median(memory.slice(halfway)) / median(memory.slice(0, halfway))
  const title = `${ENGINES[engine].title}, ${count(sessions)} due at once, into ${DESTINATIONS[destination].title}`
  const seconds = spreadAround([(samples.at(-1)?.ms ?? Number.NaN) / 1_000])
  return [
    { ...told(`${title}: all settled after`, seconds), unit: 's' },
    atMost(MOST_MEMORY, `${title}: memory in the second half, of the first`, spreadAround([ratio])),
  ]
}

function ms(verdict: Verdict): Verdict {
  return { ...verdict, unit: 'ms' }
}
