import { type RedisServer, startProxy } from 'sojourn-servers'
import type { Child } from '../child.ts'
import { VERBS, type Verb } from './contestants/contestant.ts'
import { isAble, type RedisContestantName } from './contestants/contestants.ts'
import type { Extent } from './extents.ts'
import type { CallSample } from './measure-calls.ts'
import { withContestant } from './redis-contestant-child.ts'
import type { RedisRequest } from './redis-process.ts'
import type { RedisOrder } from './redis-slice.ts'

/** How often the direction turned from question to answer, divided by the calls. */
export interface RoundTrips {
  readonly contestant: RedisContestantName
  readonly verb: Verb
  readonly concurrency: 1 | 64
  readonly each: number
}

type RemoteContestant = Child<RedisRequest, CallSample>

const LIMIT_MS = 30_000
/** The first calls load scripts. */
const WARMUP_CALLS = 3
/** Where 64 call at once, so many times more are counted, so that not all begin in one turn. */
const TIMES_AT_64 = 20

/** Counts what passes a proxy in front of the server. It says nothing about time. */
export async function countRoundTrips(
  names: readonly RedisContestantName[],
  extent: Extent,
  server: RedisServer,
): Promise<RoundTrips[]> {
  const counted: RoundTrips[] = []
  for (const name of names) {
    const proxy = await startProxy({ to: server })
    try {
      const place = { urls: [proxy.url], isCluster: false, watched: [server.url] }
      const read = () => proxy.counters.roundTrips
      counted.push(...(await withContestant(name, place, (child) => countOf(name, child, extent, read))))
    } finally {
      await proxy.stop()
    }
    await server.cli('FLUSHALL')
  }
  return counted
}

async function countOf(
  name: RedisContestantName,
  child: RemoteContestant,
  extent: Extent,
  roundTrips: () => number,
): Promise<RoundTrips[]> {
  await child.ask({ fill: extent.sessions })
  if (isAble(name, 'list', 1)) await child.ask({ listed: extent.listed })
  const counted: RoundTrips[] = []
  for (const verb of VERBS) {
    for (const concurrency of [1, 64] as const) {
      if (!isAble(name, verb, concurrency)) continue
      const order = orderOf(verb, concurrency, extent)
      const ended = { ...order.ended, users: order.most + WARMUP_CALLS }
      if (verb === 'revokeUser') await child.ask({ ended })
      await child.get({ slice: { ...order, most: WARMUP_CALLS } })
      const before = roundTrips()
      const sample = await child.get({ slice: order })
      counted.push({ contestant: name, verb, concurrency, each: (roundTrips() - before) / sample.calls })
    }
  }
  return counted
}

function orderOf(verb: Verb, concurrency: 1 | 64, extent: Extent): RedisOrder {
  const { sessions, listed, endedSessions } = extent
  const most = extent.countedCalls * (concurrency === 1 ? 1 : TIMES_AT_64)
  const ended = { users: 0, sessions: endedSessions }
  return { verb, concurrency, sessions, listed, ended, most, warmupMs: 0, measureMs: LIMIT_MS }
}
