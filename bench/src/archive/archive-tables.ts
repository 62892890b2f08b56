import { median, undisturbed } from '../statistics.ts'
import { count, short, type Table, time } from '../tables.ts'
import { BETTER, pairsIn, pairTitle, ratioOf } from './archive-goals.ts'
import type { ArchiveFindings, Throughput } from './archive-report.ts'
import type { BacklogRun, BacklogSample } from './backlog.ts'
import { type BesideSample, LOADS } from './beside.ts'
import { DESTINATION_NAMES, DESTINATIONS } from './destinations.ts'
import { ENGINE_NAMES, ENGINES } from './engines.ts'
import { KINDS } from './throughput.ts'

const MIB = 2 ** 20
const LOAD_TITLES = { rate: 'at a rate', callers: '64 callers' } as const
/** So many points of a backlog are shown. */
const POINTS = 10

/** Sessions a second, and what one costs with its data. */
export function throughputTable(throughput: readonly Throughput[]): Table {
  const pairs = ENGINE_NAMES.flatMap((engine) =>
    DESTINATION_NAMES.map((destination) => ({ engine, destination })),
  )
  const head = [
    '',
    'into',
    'expired',
    'no data',
    'logged out',
    'no data',
    'CPU each',
    'loop felt p99',
    'loop busy',
  ]
  const rows = pairs.flatMap(({ engine, destination }) => {
    const own = throughput.filter((each) => each.engine === engine && each.destination === destination)
    if (own.length === 0) return []
    const cells = KINDS.flatMap((kind) => [true, false].map((selects) => ({ kind, selects })))
    const of = (key: 'perSecond' | 'cpu' | 'felt' | 'busy', { kind, selects }: (typeof cells)[number]) =>
      median(own.filter((each) => each.kind === kind && each.selects === selects).map((each) => each[key]))
    const [hardest = { kind: 'expired', selects: true }] = cells
    const rates = cells.map((cell) => short(of('perSecond', cell)))
    const costs = [time(of('cpu', hardest)), time(of('felt', hardest)), time(of('busy', hardest))]
    return [[ENGINES[engine].title, DESTINATIONS[destination].title, ...rates, ...costs]]
  })
  return [head, ...rows]
}

export function besideTable(beside: readonly BesideSample[]): Table {
  const head = ['', 'reads', 'p50', 'p99', 'p99 beside', 'ratio', 'reads/s', 'beside', 'settled/s']
  const rows = pairsIn(beside).flatMap((pair) =>
    LOADS.flatMap((load) => {
      const samples = pair.filter((sample) => sample.load === load)
      const [first] = samples
      if (first === undefined) return []
      const of = (side: 'without' | 'beside', key: keyof typeof BETTER) =>
        undisturbed(
          samples.map((sample) => sample[side][key]),
          BETTER[key],
        )
      return [
        [
          pairTitle(first),
          LOAD_TITLES[load],
          time(of('without', 'p50')),
          time(of('without', 'p99')),
          time(of('beside', 'p99')),
          `${short(ratioOf(samples, 'p99').value)} ×`,
          count(of('without', 'perSecond')),
          count(of('beside', 'perSecond')),
          count(median(samples.map(({ settledPerSecond }) => settledPerSecond))),
        ],
      ]
    }),
  )
  return [head, ...rows]
}

export function promptnessTable(promptness: ArchiveFindings['promptness']): Table {
  return [
    ['idle store', 'sessions', 'median', 'latest'],
    ...promptness.map(({ engine, waits }) => [
      ENGINES[engine].title,
      count(waits.length),
      time(median(waits)),
      time(Math.max(...waits)),
    ]),
  ]
}

/** How far a backlog had come, at instants spread over the time it took. */
export function backlogTable(backlog: readonly BacklogRun[]): Table {
  const head = ['', 'into', 'after', 'settled', 'a second', 'lag', 'own memory']
  const rows = backlog.flatMap(({ engine, destination, samples }) =>
    pointsOf(samples).map(({ ms, settled, lagMs, memoryBytes }) => [
      ENGINES[engine].title,
      DESTINATIONS[destination].title,
      `${short(ms / 1_000)} s`,
      count(settled),
      short((settled / ms) * 1_000),
      `${short(lagMs / 1_000)} s`,
      `${short(memoryBytes / MIB)} MiB`,
    ]),
  )
  return [head, ...rows]
}

function pointsOf(samples: readonly BacklogSample[]): BacklogSample[] {
  const step = Math.max(1, Math.ceil(samples.length / POINTS))
  return samples.filter((_, index) => index === samples.length - 1 || index % step === step - 1)
}
