import { VERBS, type Verb } from './contestants/contestant.ts'
import { isAble, type RedisContestantName } from './contestants/contestants.ts'
import { CONCURRENCIES, type Concurrency, type Extent } from './extents.ts'
import type { CallSample } from './measure-calls.ts'
import { type RemoteRedis, startContestant } from './redis-contestant-child.ts'
import type { RedisOrder } from './redis-slice.ts'

export interface RedisMeasured {
  readonly contestant: RedisContestantName
  readonly verb: Verb
  readonly concurrency: Concurrency
  readonly round: number
  readonly sample: CallSample
}

interface Cell {
  readonly verb: Verb
  readonly concurrency: Concurrency
  readonly round: number
}

/** Latencies are kept, and the server must not grow without end. */
const MOST_CALLS = 100_000
const MOST_CREATES = 5_000
/** A slice of `revokeUser` ends when its users are used up. */
const ENDED_LIMIT_MS = 60_000

/**
 * Measures all contestants on one server, each in a database of its own: they take turns in short slices, round
 * after round, so that what else the machine does meets all alike. Creates come last, because they make a
 * database larger, and some lists read all of it.
 */
export async function measureSideBySide(
  names: readonly RedisContestantName[],
  extent: Extent,
  url: string,
): Promise<RedisMeasured[]> {
  const contestants: RemoteRedis[] = []
  try {
    for (const [database, name] of names.entries()) {
      const place = { urls: [`${url}/${database}`], isCluster: false, watched: [url] }
      contestants.push(await startContestant(name, place))
    }
    for (const contestant of contestants) await fill(contestant, extent)
    const measured: RedisMeasured[] = []
    for (const verb of [...VERBS.filter((each) => each !== 'create'), 'create' as const]) {
      const rounds = verb === 'revokeUser' ? extent.endedRounds : extent.rounds
      for (let round = 0; round < rounds; round += 1) {
        for (const concurrency of CONCURRENCIES) {
          measured.push(...(await takeTurns(contestants, { verb, concurrency, round }, extent)))
        }
      }
    }
    return measured
  } finally {
    await Promise.all(contestants.map(({ child }) => child.stop()))
  }
}

async function fill({ name, child }: RemoteRedis, extent: Extent): Promise<void> {
  await child.ask({ fill: extent.sessions })
  if (isAble(name, 'list', 1)) await child.ask({ listed: extent.listed })
}

/** One slice of each, the first one another in each round. */
async function takeTurns(
  contestants: readonly RemoteRedis[],
  cell: Cell,
  extent: Extent,
): Promise<RedisMeasured[]> {
  const { verb, concurrency, round } = cell
  const able = contestants.filter(({ name }) => isAble(name, verb, concurrency))
  const first = round % Math.max(1, able.length)
  const measured: RedisMeasured[] = []
  const order = orderFor(cell, extent)
  for (const { name, child } of [...able.slice(first), ...able.slice(0, first)]) {
    if (verb === 'revokeUser') await child.ask({ ended: order.ended })
    measured.push({ contestant: name, verb, concurrency, round, sample: await child.get({ slice: order }) })
  }
  return measured
}

function orderFor({ verb, concurrency }: Cell, extent: Extent): RedisOrder {
  const { sessions, listed, endedSessions } = extent
  const ended = { users: extent.endedUsers[concurrency], sessions: endedSessions }
  const order = { verb, concurrency, sessions, listed, ended }
  if (verb === 'revokeUser') return { ...order, most: ended.users, warmupMs: 0, measureMs: ENDED_LIMIT_MS }
  const most = verb === 'create' ? MOST_CREATES : MOST_CALLS
  return { ...order, most, warmupMs: extent.warmupMs, measureMs: extent.sliceMs }
}
