import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { undisturbedRatio } from '../statistics.ts'
import { count } from '../tables.ts'
import { atMost, told, type Verdict } from '../verdicts.ts'
import type { OpenedSample } from './open-store.ts'
import { spreadOf } from './results.ts'

export interface ManySample extends OpenedSample {
  readonly sessions: number
  readonly round: number
  readonly bytesPerSession: number
}

const FEW = 10_000
const MOST_OPEN_MS = 1_000
const MOST_P99_RATIO = 1.5
/** How much the memory of a process's own may grow with a hundred times the sessions and still be called flat. */
const MOST_MEMORY_RATIO = 1.1
/** How much is measured: in each round every store is opened once, and read so often. */
const EXTENTS = {
  full: { rounds: 5, reads: 200_000 },
  quick: { rounds: 1, reads: 500 },
} as const
const MEBIBYTE = 2 ** 20

const run = promisify(execFile)

/**
 * Fills two stores, one small, one large, and opens them in turns, each time in a fresh process that opens,
 * reads random sessions and tells what it took.
 */
export async function measureManySessions(
  sessions: number,
  mode: keyof typeof EXTENTS,
  folder: string,
): Promise<ManySample[]> {
  const stores = [Math.min(FEW, Math.ceil(sessions / 10)), sessions]
  for (const size of stores) await child(['fill', join(folder, String(size)), String(size)])
  const measured: ManySample[] = []
  const { rounds, reads } = EXTENTS[mode]
  for (let round = 0; round < rounds; round += 1) {
    for (const size of stores) {
      const path = join(folder, String(size))
      const opened: OpenedSample = JSON.parse(await child(['open', path, String(size), String(reads)]))
      const bytesPerSession = statSync(join(path, 'store', 'data.mdb')).size / size
      measured.push({ ...opened, sessions: size, round, bytesPerSession })
    }
  }
  return measured
}

export function manyVerdicts(measured: readonly ManySample[]): Verdict[] {
  const sizes = measured.map(({ sessions }) => sessions)
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  const few = measured.filter(({ sessions }) => sessions === least)
  const many = measured.filter(({ sessions }) => sessions === most)
  const spread = (value: (sample: ManySample) => number) => spreadOf(many.map(value), 'lower')
  const ratio = (value: (sample: ManySample) => number) =>
    undisturbedRatio(many.map(value), few.map(value), 'lower')
  const [ofFew, ofMany] = [`of that at ${count(least)}`, `at ${count(most)}`]
  const added = spread(({ afterReads, afterOpen }) => (afterReads.anonymous - afterOpen.anonymous) / MEBIBYTE)
  const start = spread(({ openMs }) => openMs)
  return [
    { ...atMost(MOST_OPEN_MS, `start ${ofMany} sessions, first read included`, start), unit: 'ms' },
    atMost(
      MOST_P99_RATIO,
      `p99 of a read ${ofMany}, ${ofFew}`,
      ratio(({ p99 }) => p99),
    ),
    atMost(
      MOST_MEMORY_RATIO,
      `own memory ${ofMany}, ${ofFew}`,
      ratio(({ afterReads }) => afterReads.anonymous),
    ),
    { ...told(`own memory that the reads added ${ofMany}`, added), unit: 'MiB' },
    {
      ...told(
        `file for each session ${ofMany}`,
        spread(({ bytesPerSession }) => bytesPerSession),
      ),
      unit: 'B',
    },
  ]
}

/** What a fresh process of this program printed. */
async function child(args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['--expose-gc', process.argv[1] ?? '', ...args])
  return stdout
}
