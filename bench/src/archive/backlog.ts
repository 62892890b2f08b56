import { setTimeout as pause } from 'node:timers/promises'
import type { SettlerStatus } from './archive-process.ts'
import type { BenchPlaces, StoreChoice } from './bench-places.ts'
import { EXPIRY_MS } from './settling-store.ts'

export interface BacklogSample extends SettlerStatus {
  /** Since the sweep was woken. */
  readonly ms: number
}

export interface BacklogRun {
  readonly engine: StoreChoice['engine']
  readonly destination: StoreChoice['destination']
  readonly sessions: number
  readonly fillSeconds: number
  readonly samples: readonly BacklogSample[]
}

/** So often somebody looks. */
const LOOK_MS = 250

/** Many sessions that are due at once, filled in by one process and settled by a fresh one. */
export async function measureBacklog(
  choice: StoreChoice,
  sessions: number,
  places: BenchPlaces,
): Promise<BacklogRun> {
  const place = places.next()
  const startedAt = performance.now()
  const filler = await places.start({ ...choice, destination: 'function', sweep: false }, place)
  await filler.ask({ live: sessions })
  await filler.stop()
  const fillMs = performance.now() - startedAt
  const settler = await places.start({ ...choice, aheadMs: EXPIRY_MS }, place)
  try {
    const samples = await drain(settler, sessions)
    const { engine, destination } = choice
    return { engine, destination, sessions, fillSeconds: fillMs / 1_000, samples }
  } finally {
    await settler.stop()
    await places.clear()
  }
}

async function drain(
  settler: Awaited<ReturnType<BenchPlaces['start']>>,
  sessions: number,
): Promise<BacklogSample[]> {
  const samples: BacklogSample[] = []
  await settler.ask({ drain: true })
  const startedAt = performance.now()
  for (let settled = 0; settled < sessions; await pause(LOOK_MS)) {
    const answer = await settler.get({ status: true })
    if (!('status' in answer)) throw new Error('The settler does not tell how it is doing.')
    settled = answer.status.settled
    samples.push({ ms: performance.now() - startedAt, ...answer.status })
  }
  return samples
}
