import { LoopProbe } from '../loop-delay.ts'
import { feltP99 } from '../statistics.ts'
import { ENDED_MS, EXPIRY_MS, type SettlingStore } from './settling-store.ts'

/** How sessions come to be due. Logged out they have ended already: one step less. */
export const KINDS = ['expired', 'logged out'] as const
type Kind = (typeof KINDS)[number]

export interface ThroughputSample {
  readonly kind: Kind
  readonly sessions: number
  /** From the first lease to the last settling, by the sweep as it comes by itself. */
  readonly perSecond: number
  /** Of all threads of the process, in milliseconds. */
  readonly cpu: number
  /** The wait for the event loop that 1 in 100 requests would meet meanwhile. */
  readonly felt: number
  /** The same of what the loop itself worked, without what it waited for a core; NaN but on Linux. */
  readonly busy: number
  /** What the destination got of this kind. */
  readonly archived: number
  readonly withData: number
}

const WARMUP_SHARE = 0.4
/** From a tombstone until it is due, with a minute to spare. */
const TOMBSTONE_MS = 11 * 60_000

/** In this order: tombstones of what expired are due later than what is logged out after them. */
export async function measureThroughput(
  settling: SettlingStore,
  sessions: number,
): Promise<ThroughputSample[]> {
  await warmUp(settling, Math.ceil(sessions * WARMUP_SHARE))
  const samples: ThroughputSample[] = []
  for (const kind of KINDS) samples.push(await measureKind(settling, kind, sessions))
  return samples
}

/** Code that has never run is slow, and a settler runs for months. Nothing stays of these sessions. */
async function warmUp(settling: SettlingStore, sessions: number): Promise<void> {
  await settling.create(sessions)
  for (const ms of [EXPIRY_MS, TOMBSTONE_MS]) {
    settling.clock.hold()
    settling.clock.advance(ms)
    const settled = settling.engine.untilSettled(sessions)
    settling.engine.open()
    settling.clock.release()
    await settled
    await settling.rest()
  }
}

async function measureKind(settling: SettlingStore, kind: Kind, sessions: number): Promise<ThroughputSample> {
  const { clock, engine, destination } = settling
  clock.hold()
  engine.shut()
  const tokens = await settling.create(sessions)
  if (kind === 'logged out') await settling.logOut(tokens)
  clock.advance(kind === 'expired' ? EXPIRY_MS : ENDED_MS)
  const before = { ...(await destination.held()) }
  const settled = engine.untilSettled(sessions)
  const probe = new LoopProbe()
  const cpuAtStart = process.cpuUsage()
  engine.open()
  clock.release()
  await settled
  const { user, system } = process.cpuUsage(cpuAtStart)
  const { gaps, busy } = probe.stop()
  const after = await destination.held()
  // The next sweep is in sight again.
  await settling.rest()
  return {
    kind,
    sessions,
    perSecond: (sessions / engine.settlingMs) * 1_000,
    cpu: (user + system) / 1_000 / sessions,
    felt: feltP99(gaps),
    busy: busy.length > 0 ? feltP99(busy) : Number.NaN,
    archived: after.sessions - before.sessions,
    withData: after.withData - before.withData,
  }
}
