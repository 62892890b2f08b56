import { conditionsOf } from '../conditions.ts'
import { readResults, writeResults } from '../results-file.ts'
import { asText, type Table } from '../tables.ts'
import { type Verdict, verdictTable } from '../verdicts.ts'
import { archiveVerdicts } from './archive-goals.ts'
import type { ArchiveBenchOptions, Part } from './archive-options.ts'
import type { ArchiveFindings, ArchiveReport, Throughput } from './archive-report.ts'
import { backlogTable, besideTable, promptnessTable, throughputTable } from './archive-tables.ts'
import { type BacklogRun, measureBacklog } from './backlog.ts'
import { BenchPlaces } from './bench-places.ts'
import { type BesideExtent, measureBeside } from './beside.ts'
import { DESTINATION_NAMES, type DestinationName } from './destinations.ts'
import type { EngineName } from './engines.ts'
import { measurePromptness } from './promptness.ts'

const PACKAGES = ['lmdb', 'ioredis', 'redis', 'pg', '@electric-sql/pglite', 'msgpackr']

/** Where sessions go, and whether with their data. */
interface Way {
  readonly destination: DestinationName
  readonly selects: boolean
}

interface Extent {
  readonly rounds: number
  /** Sessions of one measurement of throughput. */
  readonly sessions: number
  readonly ways: readonly Way[]
  readonly beside: Omit<BesideExtent, 'rounds'>
  /** Idle stores of each engine, and how fast their clock is. */
  readonly idleStores: number
  readonly speed: number
  readonly backlog: number
}

const EXTENTS: Readonly<Record<ArchiveBenchOptions['mode'], Extent>> = {
  full: {
    rounds: 2,
    sessions: 5_000,
    ways: DESTINATION_NAMES.flatMap((destination) =>
      [true, false].map((selects) => ({ destination, selects })),
    ),
    beside: {
      pairs: [
        { destination: 'function', who: 'nobody', when: 'in time' },
        { destination: 'function', who: 'same', when: 'in time' },
        { destination: 'function', who: 'other', when: 'in time' },
        { destination: 'function', who: 'same', when: 'late' },
        { destination: 'function', who: 'other', when: 'late' },
        { destination: 'postgres', who: 'same', when: 'in time' },
      ],
      live: 1_000,
      backlog: 100_000,
      endsPerSecond: 250,
      sliceMs: 2_000,
      perSecond: 2_000,
    },
    idleStores: 6,
    speed: 1,
    backlog: 100_000,
  },
  quick: {
    rounds: 1,
    sessions: 250,
    ways: [
      { destination: 'postgres', selects: true },
      { destination: 'function', selects: false },
    ],
    beside: {
      pairs: [
        { destination: 'function', who: 'nobody', when: 'in time' },
        { destination: 'function', who: 'same', when: 'in time' },
        { destination: 'function', who: 'other', when: 'late' },
      ],
      live: 50,
      backlog: 2_500,
      endsPerSecond: 50,
      sliceMs: 60,
      perSecond: 1_000,
    },
    idleStores: 1,
    speed: 8,
    backlog: 500,
  },
}
/** More than of throughput, because a slice is short. */
const BESIDE_ROUNDS = 12
/** What web processes share. */
const BESIDE_ENGINES: readonly EngineName[] = ['lmdb', 'redis-ioredis']
const NOTHING: ArchiveFindings = { throughput: [], beside: [], promptness: [], backlog: [] }

/** Measures, prints, keeps the samples; the verdicts. */
export async function runArchive(options: ArchiveBenchOptions): Promise<readonly Verdict[]> {
  const conditions = conditionsOf(PACKAGES)
  const startedAt = performance.now()
  const places = await BenchPlaces.open(options.parent)
  try {
    const findings = await measure(options, places)
    const verdicts = archiveVerdicts(findings)
    const seconds = (performance.now() - startedAt) / 1_000
    const report: ArchiveReport = { mode: options.mode, conditions, seconds, verdicts, ...findings }
    print(report)
    const name = options.sessions === null ? 'archive' : 'archive-backlog'
    console.log(`samples: ${writeResults(name, report, options.json ?? undefined)}`)
    return verdicts
  } finally {
    await places.close()
  }
}

/** The last run, and the last one of a backlog alone; null where there is none. */
export function lastArchiveRuns(): Readonly<Record<'all' | 'backlog', ArchiveReport | null>> {
  return { all: readResults('archive'), backlog: readResults('archive-backlog') }
}

async function measure(options: ArchiveBenchOptions, places: BenchPlaces): Promise<ArchiveFindings> {
  const extent = EXTENTS[options.mode]
  const rounds = options.rounds ?? extent.rounds
  const { engines } = options
  const web = BESIDE_ENGINES.filter((engine) => engines.includes(engine))
  const of = <Found>(part: Part, run: () => Promise<readonly Found[]>, none: readonly Found[]) =>
    options.parts.includes(part) ? run() : Promise.resolve(none)
  const beside = { ...extent.beside, rounds: rounds * (options.mode === 'quick' ? 1 : BESIDE_ROUNDS) }
  return {
    throughput: await of(
      'throughput',
      () => throughputOf(engines, { ...extent, rounds }, places),
      NOTHING.throughput,
    ),
    beside: await of('beside', () => measureBeside(web, beside, places), NOTHING.beside),
    promptness: await of(
      'promptness',
      () => measurePromptness(engines, extent.idleStores, extent.speed, places),
      NOTHING.promptness,
    ),
    backlog: await of(
      'backlog',
      () => backlogOf(web, options.sessions ?? extent.backlog, places),
      NOTHING.backlog,
    ),
  }
}

/** Every way in turn, round after round, so that what else the machine does meets all alike. */
async function throughputOf(
  engines: readonly EngineName[],
  { rounds, sessions, ways }: Extent,
  places: BenchPlaces,
): Promise<Throughput[]> {
  const found: Throughput[] = []
  const all = engines.flatMap((engine) => ways.map((way) => ({ engine, ...way })))
  for (let round = 0; round < rounds; round += 1) {
    for (const { engine, destination, selects } of all) {
      const child = await places.start({ engine, destination, withData: selects })
      const answer = await child.get({ throughput: sessions })
      await child.stop()
      await places.clear()
      if (!('samples' in answer)) throw new Error('There is no sample of throughput.')
      found.push(...answer.samples.map((sample) => ({ engine, destination, selects, round, ...sample })))
    }
  }
  return found
}

async function backlogOf(
  engines: readonly EngineName[],
  sessions: number,
  places: BenchPlaces,
): Promise<BacklogRun[]> {
  const runs: BacklogRun[] = []
  for (const engine of engines) {
    runs.push(await measureBacklog({ engine, destination: 'postgres' }, sessions, places))
  }
  return runs
}

function print({ throughput, beside, promptness, backlog, verdicts }: ArchiveReport): void {
  const tables: readonly (readonly [string, boolean, Table])[] = [
    ['sessions settled a second', throughput.length > 0, throughputTable(throughput)],
    ['reads beside', beside.length > 0, besideTable(beside)],
    ['promptness', promptness.length > 0, promptnessTable(promptness)],
    ['backlog', backlog.length > 0, backlogTable(backlog)],
    ['goals', true, verdictTable(verdicts)],
  ]
  for (const [title, isThere, table] of tables) if (isThere) console.log(`\n${title}\n${asText(table)}`)
}
