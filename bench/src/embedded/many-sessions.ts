import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { atMost, type Verdict } from './goals.ts'
import type { OpenedSample } from './open-store.ts'
import { ratioOf, type Spread, spreadOf } from './results.ts'

export interface ManySample extends OpenedSample {
  readonly sessions: number
  readonly round: number
  readonly bytesPerSession: number
}

const FEW = 10_000
const ROUNDS = 3
const MOST_OPEN_MS = 1_000
const MOST_P99_RATIO = 1.5
/** How much the memory of a process's own may grow with a hundred times the sessions and still be called flat. */
const MOST_MEMORY_RATIO = 1.1
const MEBIBYTE = 2 ** 20

const run = promisify(execFile)

/**
 * Fills two stores, one small, one large, and opens them in turns, each time in a fresh process that opens,
 * reads random sessions and tells what it took.
 */
export async function measureManySessions(
  sessions: number,
  folder: string,
  log: (line: string) => void,
): Promise<ManySample[]> {
  const stores = [...new Set([Math.min(FEW, sessions), sessions])]
  for (const count of stores) {
    const startedAt = performance.now()
    await child(['fill', join(folder, String(count)), String(count)])
    log(`filled with ${count} sessions in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`)
  }
  const measured: ManySample[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const count of stores) {
      const path = join(folder, String(count))
      const opened: OpenedSample = JSON.parse(await child(['open', path, String(count)]))
      const bytesPerSession = statSync(join(path, 'store', 'data.mdb')).size / count
      measured.push({ ...opened, sessions: count, round, bytesPerSession })
    }
  }
  return measured
}

export function manyVerdicts(measured: readonly ManySample[]): Verdict[] {
  const most = Math.max(...measured.map(({ sessions }) => sessions))
  const few = measured.filter(({ sessions }) => sessions !== most)
  const many = measured.filter(({ sessions }) => sessions === most)
  const ratio = (value: (sample: ManySample) => number) => ratioOf(many.map(value), few.map(value))
  const grown = scaled(
    spreadOf(many.map(({ afterReads, afterOpen }) => afterReads.anonymous - afterOpen.anonymous)),
  )
  return [
    atMost(
      MOST_OPEN_MS,
      `start with ${most.toLocaleString('en-US')} sessions, first read included`,
      spreadOf(many.map(({ openMs }) => openMs)),
      'ms',
    ),
    atMost(
      MOST_P99_RATIO,
      'p99 of a read, of that at ten thousand',
      ratio(({ p99 }) => p99),
    ),
    atMost(
      MOST_MEMORY_RATIO,
      'own memory after 200,000 reads, of that at ten thousand',
      ratio(({ afterReads }) => afterReads.anonymous),
    ),
    { goal: 'own memory that 200,000 reads added', limit: null, unit: 'MiB', value: grown, isMet: true },
    {
      goal: 'file size for each session',
      limit: null,
      unit: 'B',
      value: spreadOf(many.map(({ bytesPerSession }) => bytesPerSession)),
      isMet: true,
    },
  ]
}

function scaled({ median, min, max }: Spread): Spread {
  return { median: median / MEBIBYTE, min: min / MEBIBYTE, max: max / MEBIBYTE }
}

/** What a fresh process of this program printed. */
async function child(args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['--expose-gc', process.argv[1] ?? '', ...args])
  return stdout
}
