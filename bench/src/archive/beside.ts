import type { ArchiveChild, BenchPlaces, StoreChoice } from './bench-places.ts'
import type { DestinationName } from './destinations.ts'
import type { EngineName } from './engines.ts'
import type { ReadLoad, ReadSample } from './reads.ts'
import { EXPIRY_MS } from './settling-store.ts'

/** Who settles: the process that reads, or another one while that one has `sweep: false`. */
type Who = 'same' | 'other'
export const LOADS = ['rate', 'callers'] as const
export type LoadName = (typeof LOADS)[number]

export interface BesideSample {
  readonly engine: EngineName
  readonly destination: DestinationName
  readonly who: Who
  readonly load: LoadName
  readonly round: number
  /** While nothing is due. */
  readonly without: ReadSample
  /** While a backlog drains, and how many sessions of it a second. */
  readonly beside: ReadSample
  readonly settledPerSecond: number
}

export interface BesideExtent {
  readonly pairs: readonly Pick<BesideSample, 'destination' | 'who'>[]
  readonly rounds: number
  readonly live: number
  readonly backlog: number
  readonly sliceMs: number
  /** Reads a second of the load that has a rate. */
  readonly perSecond: number
}

interface Sides {
  readonly reader: ArchiveChild
  readonly settler: ArchiveChild
}

const CONCURRENCY = 64
const WARMUP_SHARE = 0.25

/** Alternating slices with and without a backlog that drains, one after the other in each round. */
export async function measureBeside(
  engines: readonly EngineName[],
  extent: BesideExtent,
  places: BenchPlaces,
): Promise<BesideSample[]> {
  const measured: BesideSample[] = []
  for (const engine of engines) {
    for (const { destination, who } of extent.pairs) {
      measured.push(...(await measurePair({ engine, destination }, who, extent, places)))
    }
  }
  return measured
}

async function measurePair(
  choice: StoreChoice,
  who: Who,
  extent: BesideExtent,
  places: BenchPlaces,
): Promise<BesideSample[]> {
  const sides = await open(choice, who, places)
  const { engine, destination } = choice
  const measured: BesideSample[] = []
  try {
    await sides.settler.ask({ backlog: extent.backlog })
    await sides.reader.ask({ live: extent.live })
    for (let round = 0; round < extent.rounds; round += 1) {
      for (const load of LOADS) {
        const slices = await measureSlices(sides, load, extent, round)
        if ((await settledBy(sides)) >= extent.backlog) return measured
        measured.push({ engine, destination, who, load, round, ...slices })
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
  if (who === 'same') return { reader: settler, settler }
  // By the settler's clock half an hour will have gone by.
  const reader = await places.start({ ...choice, sweep: false, aheadMs: EXPIRY_MS }, place)
  return { reader, settler }
}

/** The first one another in each round. */
async function measureSlices(sides: Sides, load: LoadName, extent: BesideExtent, round: number) {
  const { sliceMs, perSecond } = extent
  const read: ReadLoad =
    load === 'rate' ? { perSecond, durationMs: sliceMs } : { concurrency: CONCURRENCY, durationMs: sliceMs }
  const quiet = () => slice(sides, read)
  const first = round % 2 === 0 ? await quiet() : null
  const settledBefore = await settledBy(sides)
  const startedAt = performance.now()
  await sides.settler.ask({ drain: true })
  const beside = await slice(sides, read)
  await sides.settler.ask({ drain: false })
  const seconds = (performance.now() - startedAt) / 1_000
  const settledPerSecond = ((await settledBy(sides)) - settledBefore) / seconds
  return { without: first ?? (await quiet()), beside, settledPerSecond }
}

async function slice({ reader }: Sides, read: ReadLoad): Promise<ReadSample> {
  await reader.ask({ read: { ...read, durationMs: read.durationMs * WARMUP_SHARE } })
  const answer = await reader.get({ read })
  if ('reads' in answer) return answer.reads
  throw new Error('There is no sample of reads.')
}

async function settledBy({ settler }: Sides): Promise<number> {
  const answer = await settler.get({ status: true })
  return 'status' in answer ? answer.status.settled : Number.NaN
}
