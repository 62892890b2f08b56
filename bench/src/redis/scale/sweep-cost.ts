import { Redis } from 'ioredis'
import type { Clock } from 'sojourn'
import { atOnce } from '../contestants/at-once.ts'
import type { ServerCpu } from '../server-cpu.ts'
import { openScaleStore } from './scale-store.ts'

/** What one sweep costs, in milliseconds of a core. */
export interface SweepCost {
  readonly client: number
  readonly server: number
  /** Records that it settled, on average. */
  readonly settled: number
}

export interface SweepCosts {
  /** With nothing to do. */
  readonly idle: SweepCost
  /** With more to do than a sweep takes on. */
  readonly busy: SweepCost
}

const AT_ONCE = 256
const IDLE_SWEEPS = 20
/** A sweep leaves what ended a moment ago for later: this one is as far ahead. */
const AHEAD_MS = 10_000
const MOST_TIMER_MS = 2 ** 31 - 1

/** Stores sessions with `due: true`, ends as many as there are, and sweeps. */
export async function measureSweep(url: string, sessions: number, cpu: ServerCpu): Promise<SweepCosts> {
  const client = new Redis(url)
  const store = await openScaleStore({ client, due: true })
  const ahead = await openScaleStore({ client, due: true, clock: CLOCK_AHEAD })
  const tokens: string[] = []
  await atOnce(sessions, AT_ONCE, async (index) => {
    tokens[index] = (await store.create({ userId: `user-${index}` })).token
  })
  const costOf = async (sweeps: number) => {
    const cpuAtStart = process.cpuUsage()
    const serverAtStart = await cpu.used()
    let settled = 0
    for (let sweep = 0; sweep < sweeps; sweep += 1) settled += await ahead.sweep()
    const { user, system } = process.cpuUsage(cpuAtStart)
    const server = ((await cpu.used()) - serverAtStart) / sweeps
    return { client: (user + system) / 1_000 / sweeps, server, settled: settled / sweeps }
  }
  await costOf(2)
  const idle = await costOf(IDLE_SWEEPS)
  await atOnce(sessions, AT_ONCE, async (index) => {
    await store.revoke(tokens[index] ?? '')
  })
  const { settled } = await costOf(1)
  const busy = await costOf(Math.max(1, Math.floor(sessions / settled / 2)))
  await store.close()
  await ahead.close()
  client.disconnect()
  return { idle, busy }
}

const CLOCK_AHEAD: Clock = {
  now: () => Date.now() + AHEAD_MS,
  monotonic: () => performance.now(),
  after(delay, task) {
    const timer = setTimeout(task, Math.min(delay, MOST_TIMER_MS)).unref()
    return () => clearTimeout(timer)
  },
}
