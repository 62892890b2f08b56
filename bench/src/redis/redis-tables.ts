import { median } from '../statistics.ts'
import { count, short, type Table, time } from '../tables.ts'
import { CLUSTER_CONCURRENCIES, CLUSTER_CONTESTANTS, type ClusterFindings } from './cluster.ts'
import { VERBS, type Verb } from './contestants/contestant.ts'
import { REDIS_CONTESTANT_NAMES, REDIS_CONTESTANTS } from './contestants/contestants.ts'
import { CONCURRENCIES } from './extents.ts'
import type { CallSample } from './measure-calls.ts'
import type { MemoryUse } from './memory.ts'
import { clusterSamplesOf, samplesOf } from './redis-goals.ts'
import type { RoundTrips } from './round-trips.ts'
import type { RedisMeasured } from './side-by-side.ts'

const HEAD = ['', 'at once', 'per second', 'p50', 'p99', 'p99.9', 'client CPU each', 'server CPU each']
const PLACES = { one: 'one server', cluster: 'three primaries' } as const
/** Below this, a part in a thousand of the calls is no call at all. */
const LEAST_FOR_P999 = 1_000

/** What each call of a verb costs: of every number the median of the rounds. */
export function verbTable(measured: readonly RedisMeasured[], verb: Verb): Table {
  const rows = REDIS_CONTESTANT_NAMES.flatMap((name) =>
    CONCURRENCIES.flatMap((concurrency) => {
      const samples = samplesOf(measured, name, verb, concurrency)
      if (samples.length === 0) return []
      return [[REDIS_CONTESTANTS[name].title, count(concurrency), ...cellsOf(samples)]]
    }),
  )
  return [HEAD, ...rows]
}

function cellsOf(samples: readonly CallSample[]): string[] {
  const of = (key: keyof CallSample) => median(samples.map((sample) => sample[key]))
  return [
    count(of('perSecond')),
    time(of('p50')),
    time(of('p99')),
    of('calls') < LEAST_FOR_P999 ? '' : time(of('p999')),
    time(of('cpu')),
    time(of('serverCpu')),
  ]
}

export function roundTripTable(counted: readonly RoundTrips[]): Table {
  const head = ['', ...VERBS.flatMap((verb) => [verb, `${verb}, 64 at once`])]
  const names = REDIS_CONTESTANT_NAMES.filter((name) => counted.some(({ contestant }) => contestant === name))
  return [
    head,
    ...names.map((name) => [
      REDIS_CONTESTANTS[name].title,
      ...VERBS.flatMap((verb) => [1, 64].map((concurrency) => cellOf(counted, { name, verb, concurrency }))),
    ]),
  ]
}

function cellOf(
  counted: readonly RoundTrips[],
  { name, verb, concurrency }: { name: string; verb: Verb; concurrency: number },
): string {
  const found = counted.find(
    (each) => each.contestant === name && each.verb === verb && each.concurrency === concurrency,
  )
  return found === undefined ? '' : short(found.each)
}

export function memoryTable(memory: readonly MemoryUse[]): Table {
  return [
    ['', 'bytes per session'],
    ...memory.map(({ contestant, bytesPerSession }) => [
      REDIS_CONTESTANTS[contestant].title,
      count(bytesPerSession),
    ]),
  ]
}

/** Reads on three primaries beside reads on one server; round trips were counted there. */
export function clusterTable({ measured, roundTrips }: ClusterFindings): Table {
  const [, , ...head] = HEAD
  const rows = CLUSTER_CONTESTANTS.flatMap((name) =>
    CLUSTER_CONCURRENCIES.flatMap((concurrency) =>
      (['one', 'cluster'] as const).map((place) => {
        const counted = roundTrips.find(
          (each) => each.contestant === name && each.concurrency === concurrency,
        )
        return [
          REDIS_CONTESTANTS[name].title,
          PLACES[place],
          count(concurrency),
          ...cellsOf(clusterSamplesOf(measured, name, place, concurrency)),
          place === 'cluster' && counted !== undefined ? short(counted.each) : '',
        ]
      }),
    ),
  )
  return [['', 'on', 'at once', ...head, 'round trips'], ...rows]
}
