import type { Operation } from '../contestants/contestant.ts'
import { CONTESTANTS, type ContestantName } from '../contestants/contestants.ts'
import { type LoopGaps, LoopProbe } from '../loop-delay.ts'
import { RemoteContestant } from '../remote-contestant.ts'
import type { Sample } from '../slice.ts'

export const CONCURRENCIES = [1, 64, 1_024] as const
export type Concurrency = (typeof CONCURRENCIES)[number]

/** How much is measured. Durations are milliseconds, of one slice. */
export interface Extent {
  readonly rounds: number
  readonly sessions: number
  readonly readMs: number
  readonly writeMs: number
}

export const EXTENTS = {
  full: { rounds: 12, sessions: 10_000, readMs: 100, writeMs: 160 },
  quick: { rounds: 1, sessions: 500, readMs: 10, writeMs: 20 },
} as const satisfies Record<string, Extent>

const WARMUP_SHARE = 0.25

export interface Measured {
  readonly contestant: ContestantName
  readonly operation: Operation
  readonly concurrency: Concurrency
  readonly round: number
  readonly sample: Sample
  /** The event loop of this process, which does nothing meanwhile: what the machine alone makes of a loop. */
  readonly idleLoop: LoopGaps | null
}

interface Cell {
  readonly operation: Operation
  readonly concurrency: Concurrency
}

/**
 * Measures all contestants side by side: they take turns in short slices, round after round, so that what else
 * the machine does meets all alike. Creates come last, because they make a store larger.
 */
export async function measureSideBySide(
  names: readonly ContestantName[],
  extent: Extent,
  folder: string,
): Promise<Measured[]> {
  const contestants: RemoteContestant[] = []
  try {
    for (const name of names) contestants.push(await RemoteContestant.start(name, folder))
    for (const contestant of contestants) await contestant.fill(extent.sessions)
    const measured: Measured[] = []
    for (const operation of ['read', 'update', 'create'] as const) {
      for (let round = 0; round < extent.rounds; round += 1) {
        for (const concurrency of CONCURRENCIES) {
          measured.push(...(await takeTurns(contestants, { operation, concurrency }, round, extent)))
        }
      }
    }
    return measured
  } finally {
    await Promise.all(contestants.map((contestant) => contestant.stop()))
  }
}

/** One slice of each, the first one another in each round. */
async function takeTurns(
  contestants: readonly RemoteContestant[],
  { operation, concurrency }: Cell,
  round: number,
  extent: Extent,
): Promise<Measured[]> {
  const able = contestants.filter(({ name }) => isAble(name, operation))
  const first = round % Math.max(1, able.length)
  const base = operation === 'read' ? extent.readMs : extent.writeMs
  const measureMs = concurrency === 1_024 ? 3 * base : base
  const measured: Measured[] = []
  const probeLoop = operation !== 'read' && concurrency === 1_024
  const warmupMs = measureMs * WARMUP_SHARE
  for (const contestant of [...able.slice(first), ...able.slice(0, first)]) {
    const idle = probeLoop ? new LoopProbe() : null
    const order = { operation, concurrency, warmupMs, measureMs, sessions: extent.sessions, probeLoop }
    const sample = await contestant.run(order)
    const idleLoop = idle?.stop() ?? null
    measured.push({ contestant: contestant.name, operation, concurrency, round, sample, idleLoop })
  }
  return measured
}

function isAble(name: ContestantName, operation: Operation): boolean {
  return CONTESTANTS[name].operations.some((able) => able === operation)
}
