import { setTimeout as pause } from 'node:timers/promises'
import type { SettlerStatus } from './archive-process.ts'
import type { ArchiveChild, BenchPlaces, StoreChoice } from './bench-places.ts'
import type { DestinationName } from './destinations.ts'
import type { EngineName } from './engines.ts'
import type { ReadLoad, ReadSample } from './reads.ts'
import { EXPIRY_MS } from './settling-store.ts'

/**
 * Who settles: the process that reads, or another one while that one has `sweep: false`. Nobody: how much two slices
 * differ by themselves.
 */
type Who = 'nobody' | 'same' | 'other'
/** Whether it settles what has just come due, evenly, or what is overdue already. */
type When = 'in time' | 'late'
export const LOADS = ['rate', 'callers'] as const
/** The goal is judged by the first one: so it comes in every round, the other one in each third. */
const CALLERS_EACH = 3
export type LoadName = (typeof LOADS)[number]

export interface BesideSample {
  readonly engine: EngineName
  readonly destination: DestinationName
  readonly who: Who
  readonly when: When
  readonly load: LoadName
  readonly round: number
  /** While nothing is due. */
  readonly without: ReadSample
  /** While sessions are settled, and how many a second. */
  readonly beside: ReadSample
  readonly settledPerSecond: number
}

export interface BesideExtent {
  readonly pairs: readonly Pick<BesideSample, 'destination' | 'who' | 'when'>[]
  readonly rounds: number
  readonly live: number
  readonly backlog: number
  /** How many fall due a second of those that are settled in time. */
  readonly endsPerSecond: number
  readonly sliceMs: number
  /** Reads a second of the load that has a rate. */
  readonly perSecond: number
}

type Pair = Pick<BesideSample, 'engine' | 'destination' | 'who' | 'when'>

interface Sides {
  readonly reader: ArchiveChild
  readonly settler: ArchiveChild
}

const CONCURRENCY = 64
/** So often somebody looks whether the settler has caught up. */
const LOOK_MS = 25
const WARMUP_SHARE = 0.25

/** Alternating slices with and without a backlog that drains, one after the other in each round. */
export async function measureBeside(
  engines: readonly EngineName[],
  extent: BesideExtent,
  places: BenchPlaces,
): Promise<BesideSample[]> {
  const measured: BesideSample[] = []
  for (const engine of engines) {
    for (const pair of extent.pairs)
      measured.push(...(await measurePair({ engine, ...pair }, extent, places)))
  }
  return measured
}

async function measurePair(pair: Pair, extent: BesideExtent, places: BenchPlaces): Promise<BesideSample[]> {
  const { engine, destination, who, when } = pair
  const sides = await open({ engine, destination }, who, places)
  const measured: BesideSample[] = []
  const perSecond = when === 'in time' ? extent.endsPerSecond : null
  try {
    await sides.settler.ask({ backlog: extent.backlog, perSecond })
    await sides.reader.ask({ live: extent.live })
    for (let round = 0; round < extent.rounds; round += 1) {
      for (const load of round % CALLERS_EACH === 0 ? LOADS : (['rate'] as const)) {
        const slices = await measureSlices(sides, pair, load, { ...extent, round })
        if ((await statusOf(sides)).settled >= extent.backlog) return measured
        measured.push({ ...pair, load, round, ...slices })
      }
    }
    return measured
  } finally {
    await sides.reader.stop()
    if (sides.settler !== sides.reader) await sides.settler.stop()
    await places.clear()
  }
}

async function open(choice: StoreChoice, who: Who, places: BenchPlaces): Promise<Sides> {
  const place = places.next()
  const settler = await places.start(choice, place)
  if (who !== 'other') return { reader: settler, settler }
  // By the settler's clock half an hour will have gone by.
  const reader = await places.start({ ...choice, sweep: false, aheadMs: EXPIRY_MS }, place)
  return { reader, settler }
}

/** Which one is the first changes with every round. */
async function measureSlices(
  sides: Sides,
  { who, when }: Pair,
  load: LoadName,
  { sliceMs, perSecond, round }: BesideExtent & { readonly round: number },
) {
  const read: ReadLoad =
    load === 'rate' ? { perSecond, durationMs: sliceMs } : { concurrency: CONCURRENCY, durationMs: sliceMs }
  const quiet = () => slice(sides, read)
  const first = round % 2 === 0 ? await quiet() : null
  const { settled } = await statusOf(sides)
  const startedAt = performance.now()
  if (who !== 'nobody') await sides.settler.ask({ drain: true })
  const beside = await slice(sides, read)
  const seconds = (performance.now() - startedAt) / 1_000
  const settledPerSecond = ((await statusOf(sides)).settled - settled) / seconds
  // Else it would be late the next time.
  if (when === 'in time') await caughtUp(sides)
  await sides.settler.ask({ drain: false })
  return { without: first ?? (await quiet()), beside, settledPerSecond }
}

async function slice({ reader }: Sides, read: ReadLoad): Promise<ReadSample> {
  await reader.ask({ read: { ...read, durationMs: read.durationMs * WARMUP_SHARE } })
  const answer = await reader.get({ read })
  if ('reads' in answer) return answer.reads
  throw new Error('There is no sample of reads.')
}

/** Resolves when the settler came to the end of what is due now. */
async function caughtUp(sides: Sides): Promise<void> {
  await sides.settler.ask({ hold: true })
  while ((await statusOf(sides)).lagMs > 0) await pause(LOOK_MS)
}

async function statusOf({ settler }: Sides): Promise<SettlerStatus> {
  const answer = await settler.get({ status: true })
  if ('status' in answer) return answer.status
  throw new Error('The settler does not tell how it is doing.')
}
