import { archiveTo, createSessionStore } from 'sojourn'
import { BenchClock } from './bench-clock.ts'
import type { BenchPlaces } from './bench-places.ts'
import { ENGINES, type EngineName } from './engines.ts'

export interface Promptness {
  readonly engine: EngineName
  /** From the deadline of the only session until the archive has it, by the store's clock. */
  readonly waits: readonly number[]
}

const LIFE = '2s'

/** Idle stores with one session each, side by side, with a clock that is so many times as fast. */
export async function measurePromptness(
  engines: readonly EngineName[],
  stores: number,
  speed: number,
  places: BenchPlaces,
): Promise<Promptness[]> {
  const each = engines.map(async (engine) => {
    const waits = Array.from({ length: stores }, () => waitOf(engine, speed, places))
    return { engine, waits: await Promise.all(waits) }
  })
  return Promise.all(each)
}

async function waitOf(name: EngineName, speed: number, places: BenchPlaces): Promise<number> {
  const clock = new BenchClock(speed)
  const { engine, release } = await ENGINES[name].open(places.next())
  let archived: (at: number) => void = () => undefined
  const archivedAt = new Promise<number>((resolve) => {
    archived = resolve
  })
  const store = await createSessionStore({
    ...{ engine, clock, lifetime: { idle: LIFE, absolute: LIFE }, timeout: '60s' },
    atEnd: archiveTo(async () => archived(clock.now())),
  })
  // The sweep's timer keeps no process alive.
  const alive = setInterval(() => undefined, 1_000)
  const { session } = await store.create({ userId: 'ada' })
  const waited = (await archivedAt) - session.expiresAt
  clearInterval(alive)
  await store.close()
  await release()
  return waited
}
