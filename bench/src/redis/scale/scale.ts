import { availableParallelism, freemem } from 'node:os'
import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from 'sojourn-servers'
import { Child } from '../../child.ts'
import { conditionsOf } from '../../conditions.ts'
import { readResults, writeResults } from '../../results-file.ts'
import { asText, count } from '../../tables.ts'
import { type Verdict, verdictTable } from '../../verdicts.ts'
import type { CallSample } from '../measure-calls.ts'
import { Clones } from './clones.ts'
import type { ScaleAnswer, ScaleRequest } from './scale-process.ts'
import { type ScaleMeasured, type ScaleReport, scaleTable, scaleVerdicts } from './scale-report.ts'
import { openScaleStore } from './scale-store.ts'
import { SCALE_VERBS, type ScaleVerb } from './scale-verbs.ts'
import type { SweepCosts } from './sweep-cost.ts'

export interface ScaleOptions {
  readonly mode: 'full' | 'quick'
  readonly sessions: number
  readonly json: string | null
}

const REPORT = 'redis-scale'
const PACKAGES = ['ioredis', 'msgpackr']
const FEW = 10_000
/** How much of the memory that is free a fill may take, and what a small session takes at most. */
const MOST_MEMORY_SHARE = 0.8
const MOST_SESSION_BYTES = 900
const CONCURRENCY = 16
const EXTENTS = {
  full: { rounds: 7, calls: 10_000, slowCalls: 500, tokens: 50_000, sweep: 50_000, starts: 5 },
  quick: { rounds: 1, calls: 200, slowCalls: 20, tokens: 500, sweep: 2_000, starts: 1 },
} as const
/** What needs sessions of its own for each call. */
const SLOW_VERBS: readonly ScaleVerb[] = ['revokeUser', 'list']

interface Side {
  readonly sessions: number
  readonly server: RedisServer
  readonly child: Child<ScaleRequest, ScaleAnswer>
  /** Of any session of the fill. */
  readonly token: string
  readonly bytesPerSession: number
  readonly fillSeconds: number
}

/** One store with many sessions beside one with few, each on a server of its own. */
export async function runScale(options: ScaleOptions): Promise<readonly Verdict[]> {
  assertMemory(options.sessions)
  const startedAt = performance.now()
  const conditions = conditionsOf(PACKAGES)
  const sides: Side[] = []
  try {
    sides.push(await open(Math.min(FEW, Math.ceil(options.sessions / 10)), options.mode))
    sides.push(await open(options.sessions, options.mode))
    const found = await measure(sides, options.mode)
    const seconds = (performance.now() - startedAt) / 1_000
    const verdicts = scaleVerdicts(found)
    const report: ScaleReport = { mode: options.mode, conditions, seconds, verdicts, ...found }
    console.log(`\n${asText(scaleTable(report))}\n\n${asText(verdictTable(verdicts))}\n`)
    console.log(`samples: ${writeResults(REPORT, report, options.json ?? undefined)}`)
    return verdicts
  } finally {
    for (const { child } of sides) await child.stop()
    for (const { server } of sides) await server.stop()
  }
}

/** The last run; null when there is none. */
export function lastScaleRun(): ScaleReport | null {
  return readResults(REPORT)
}

async function open(sessions: number, mode: ScaleOptions['mode']): Promise<Side> {
  const server = await startRedis()
  const client = new Redis(server.url)
  const store = await openScaleStore({ client })
  const userId = 'user-00000000000a'
  const { token } = await store.create({ userId })
  await store.close()
  client.disconnect()
  const before = await usedMemory(server)
  const startedAt = performance.now()
  const clones = await Clones.of({ token, userId }, server)
  await clones.fill(sessions, server)
  const fillSeconds = (performance.now() - startedAt) / 1_000
  const bytesPerSession = ((await usedMemory(server)) - before) / sessions
  const child = await Child.start<ScaleRequest, ScaleAnswer>('scale', ['serve-scale', server.url])
  const tokens = Array.from({ length: EXTENTS[mode].tokens }, () =>
    clones.tokenOf(Math.floor(Math.random() * sessions)),
  )
  await child.ask({ tokens })
  return { sessions, server, child, token, bytesPerSession, fillSeconds }
}

async function measure(sides: readonly Side[], mode: ScaleOptions['mode']) {
  const measured = await measureVerbs(sides, mode)
  const startMs = await measureStarts(sides, EXTENTS[mode].starts)
  const stored = sides.map(({ sessions, bytesPerSession, fillSeconds }) => {
    return { sessions, bytesPerSession, fillSeconds }
  })
  return { measured, startMs, stored, sweep: await sweepOf(sides, EXTENTS[mode].sweep) }
}

/** In turns, the first one another in each round. */
async function measureVerbs(sides: readonly Side[], mode: ScaleOptions['mode']): Promise<ScaleMeasured[]> {
  const measured: ScaleMeasured[] = []
  for (const verb of SCALE_VERBS) {
    for (let round = 0; round < EXTENTS[mode].rounds; round += 1) {
      for (const side of round % 2 === 0 ? sides : [...sides].reverse()) {
        measured.push({ sessions: side.sessions, verb, round, sample: await slice(side, verb, mode) })
      }
    }
  }
  return measured
}

async function measureStarts(sides: readonly Side[], starts: number) {
  const startMs: { sessions: number; ms: number }[] = []
  for (let start = 0; start < starts; start += 1) {
    for (const { sessions, child, token } of sides) {
      const answer = await child.get({ start: token })
      if ('startMs' in answer) startMs.push({ sessions, ms: answer.startMs })
    }
  }
  return startMs
}

async function slice({ child }: Side, verb: ScaleVerb, mode: ScaleOptions['mode']): Promise<CallSample> {
  const extent = EXTENTS[mode]
  const calls = SLOW_VERBS.includes(verb) ? extent.slowCalls : extent.calls
  const answer = await child.get({ verb, calls, concurrency: CONCURRENCY })
  if (!('p99' in answer)) throw new Error('There is no sample.')
  return answer
}

/** On the large server: the lists of what is due are beside everything else. */
async function sweepOf(sides: readonly Side[], sessions: number): Promise<SweepCosts> {
  const answer = await sides.at(-1)?.child.get({ sweep: sessions })
  if (answer === undefined || !('idle' in answer)) throw new Error('There is no cost of a sweep.')
  return answer
}

function assertMemory(sessions: number): void {
  const most = Math.floor((freemem() * MOST_MEMORY_SHARE) / MOST_SESSION_BYTES)
  if (sessions > most) {
    throw new Error(`There is memory for ${count(most)} sessions here, on ${availableParallelism()} cores.`)
  }
}

async function usedMemory(server: RedisServer): Promise<number> {
  const [, bytes] = /^used_memory:(\d+)/m.exec(String(await server.cli('INFO', 'memory'))) ?? []
  return Number(bytes)
}
