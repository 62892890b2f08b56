import { medianRatio, type Spread, spreadAround } from '../statistics.ts'
import { atLeast, atMost, told, type Verdict } from '../verdicts.ts'
import type { ClusterFindings, ClusterMeasured } from './cluster.ts'
import type { Verb } from './contestants/contestant.ts'
import type { RedisContestantName } from './contestants/contestants.ts'
import type { Concurrency } from './extents.ts'
import type { CallSample } from './measure-calls.ts'
import type { MemoryUse } from './memory.ts'
import type { RoundTrips } from './round-trips.ts'
import type { RedisMeasured } from './side-by-side.ts'

/** All that a run found out. */
export interface Findings {
  readonly measured: readonly RedisMeasured[]
  readonly roundTrips: readonly RoundTrips[]
  readonly memory: readonly MemoryUse[]
  /** Null when the contestants were chosen, and with them what is to be seen. */
  readonly cluster: ClusterFindings | null
}

interface Pair {
  readonly verb: Verb
  readonly concurrency: Concurrency
  readonly key: Exclude<keyof CallSample, 'calls'>
  readonly ours: RedisContestantName
  readonly against: RedisContestantName
}

const OURS = [
  { ours: 'sojourn-ioredis', driver: 'ioredis', bare: 'raw-ioredis' },
  { ours: 'sojourn-node-redis', driver: 'node-redis', bare: 'raw-node-redis' },
] as const

/** Callers at once that keep more than one server busy. */
const MANY = 256
const LEAST_READS = 5
const MOST_READ_P99 = 1 / 5
const MOST_READ_CPU = 1 / 4
const MOST_LONE_READ = 1.1
const LEAST_REWRITES = 2
const MOST_REWRITE_CPU = 1 / 3
const MOST_MEMORY = 1
const STRETCH_MEMORY = 0.8
/** A read of the record about the store comes along twice a second. */
const COUNT_TOLERANCE = 0.05

/** The goals on Redis, for either driver. */
export function redisVerdicts(findings: Findings): Verdict[] {
  const { cluster } = findings
  return [
    ...OURS.flatMap((each) => speedVerdicts(findings, each)),
    ...memoryVerdicts(findings),
    ...(cluster === null ? [] : OURS.flatMap((each) => clusterVerdicts(cluster, each))),
  ]
}

function speedVerdicts(
  { measured, roundTrips }: Findings,
  { ours, driver, bare }: (typeof OURS)[number],
): Verdict[] {
  const ratio = (
    verb: Verb,
    concurrency: Concurrency,
    key: Pair['key'],
    against: RedisContestantName = 'connect-redis',
  ) => ratioIn(measured, { verb, concurrency, key, ours, against })
  const count = (verb: Verb) => countedIn(roundTrips, ours, verb)
  return [
    atLeast(
      LEAST_READS,
      `${driver}: reads per second at 64, of connect-redis`,
      ratio('read', 64, 'perSecond'),
    ),
    atMost(MOST_READ_P99, `${driver}: p99 of a read at 64, of connect-redis`, ratio('read', 64, 'p99')),
    atMost(
      MOST_READ_CPU,
      `${driver}: client CPU of a read at 64, of connect-redis`,
      ratio('read', 64, 'cpu'),
    ),
    told(`${driver}: server CPU of a read at 64, of connect-redis`, ratio('read', 64, 'serverCpu')),
    atMost(MOST_LONE_READ, `${driver}: p50 of a lone read, of the bare GET`, ratio('read', 1, 'p50', bare)),
    atLeast(
      LEAST_REWRITES,
      `${driver}: updates per second at 64, version known, of connect-redis's set`,
      ratio('rewrite', 64, 'perSecond'),
    ),
    atMost(
      MOST_REWRITE_CPU,
      `${driver}: client CPU of that update, of connect-redis's set`,
      ratio('rewrite', 64, 'cpu'),
    ),
    told(`${driver}: server CPU of that update, of connect-redis's set`, ratio('rewrite', 64, 'serverCpu')),
    counted(1, `${driver}: round trips of an update, version known`, count('rewrite')),
    counted(2, `${driver}: round trips of an update, version not known`, count('update')),
  ]
}

function memoryVerdicts({ memory }: Findings): Verdict[] {
  const bytesOf = (name: RedisContestantName) =>
    memory.find(({ contestant }) => contestant === name)?.bytesPerSession ?? Number.NaN
  const ratio = (name: RedisContestantName) => spreadAround([bytesOf(name) / bytesOf('connect-redis')])
  return [
    atMost(
      MOST_MEMORY,
      'memory of a session with its user index, of connect-redis',
      ratio('sojourn-ioredis'),
    ),
    atMost(STRETCH_MEMORY, '… the stretch goal', ratio('sojourn-ioredis')),
    told('… with due: true', ratio('sojourn-due')),
  ]
}

function clusterVerdicts({ measured, roundTrips }: ClusterFindings, { ours, driver }: (typeof OURS)[number]) {
  const readsOf = (place: ClusterMeasured['place']) =>
    clusterSamplesOf(measured, ours, place, MANY).map(({ perSecond }) => perSecond)
  const lone = roundTrips.find((each) => each.contestant === ours && each.concurrency === 1)
  const three = `${driver}: reads per second at ${MANY} on three primaries, of one server`
  return [
    told(three, medianRatio(readsOf('cluster'), readsOf('one'))),
    counted(
      1,
      `${driver}: round trips of a lone read in a cluster`,
      spreadAround([lone?.each ?? Number.NaN]),
    ),
  ]
}

/** Round after round. */
export function clusterSamplesOf(
  measured: readonly ClusterMeasured[],
  contestant: RedisContestantName,
  place: ClusterMeasured['place'],
  concurrency: number,
): CallSample[] {
  return measured
    .filter((each) => each.contestant === contestant && each.place === place)
    .filter((each) => each.concurrency === concurrency)
    .sort((a, b) => a.round - b.round)
    .map(({ sample }) => sample)
}

/** Within each round, then the median of the rounds. */
function ratioIn(
  measured: readonly RedisMeasured[],
  { verb, concurrency, key, ours, against }: Pair,
): Spread {
  const of = (name: RedisContestantName) =>
    samplesOf(measured, name, verb, concurrency).map((sample) => sample[key])
  return medianRatio(of(ours), of(against))
}

/** Round after round. */
export function samplesOf(
  measured: readonly RedisMeasured[],
  contestant: RedisContestantName,
  verb: Verb,
  concurrency: Concurrency,
): CallSample[] {
  return measured
    .filter((each) => each.contestant === contestant && each.verb === verb)
    .filter((each) => each.concurrency === concurrency)
    .sort((a, b) => a.round - b.round)
    .map(({ sample }) => sample)
}

function countedIn(counted: readonly RoundTrips[], contestant: RedisContestantName, verb: Verb): Spread {
  const found = counted.find(
    (each) => each.contestant === contestant && each.verb === verb && each.concurrency === 1,
  )
  return spreadAround([found?.each ?? Number.NaN])
}

function counted(limit: number, goal: string, value: Spread): Verdict {
  return { goal, limit: `${limit}`, unit: '', value, isMet: Math.abs(value.value - limit) <= COUNT_TOLERANCE }
}
