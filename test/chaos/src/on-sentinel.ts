import { setTimeout as pause } from 'node:timers/promises'
import { type RedisServer, type SentinelGroup, startSentinel, until } from 'sojourn-servers'
import { everybody, type Fault, type Reach, type Scene } from './scene.ts'

/** Long enough for writes that no replica gets; too short for a Sentinel to take the replicas for dead. */
const ALONE_MS = 300
const FOLLOW_LIMIT_MS = 20_000

type Strike = (group: SentinelGroup, primary: RedisServer) => Promise<unknown>

export const ON_SENTINEL: readonly Fault[] = [
  fault('SIGKILL of the primary', 'one replica', (_group, primary) => primary.kill()),
  fault('SIGSTOP of the primary', 'one replica', async (group, primary) => {
    primary.pause()
    await group.nextPrimary(primary)
  }),
  fault('manual fail-over', 'all replicas', ({ name, sentinels: [first] }) =>
    Promise.resolve(first?.cli('SENTINEL', 'FAILOVER', name)),
  ),
  fault('replicas cut off, then SIGKILL', 'one replica', async (group, primary) => {
    await killAlone(primary, await group.replicas())
  }),
]

/** The last that the primary confirms, it confirms alone. */
export async function killAlone(primary: RedisServer, replicas: readonly RedisServer[]): Promise<void> {
  for (const replica of replicas) replica.pause()
  await primary.cli('CLIENT', 'KILL', 'TYPE', 'REPLICA')
  await pause(ALONE_MS)
  await primary.kill()
  for (const replica of replicas) replica.resume()
}

/** Waits until a replica follows this primary. */
export async function followedAt(primary: RedisServer): Promise<number> {
  const isFollowed = async () => {
    const info = String(await primary.cli('INFO', 'replication'))
    return /^slave\d+:.*state=online/m.test(info) ? true : null
  }
  await until('a replica follows the new primary', isFollowed, FOLLOW_LIMIT_MS)
  return performance.now()
}

function fault(name: string, survivedBy: Reach, strike: Strike): Fault {
  const isSilent = name.startsWith('SIGSTOP')
  return { name, topology: 'Sentinel', survivedBy, isSilent, start: () => start(strike) }
}

async function start(strike: Strike): Promise<Scene> {
  const group = await startSentinel()
  let struck: RedisServer | null = null
  const sentinels = group.sentinels.map(({ host, port }) => `${host}:${port}`)
  return {
    url: `redis+sentinel://${sentinels.join(',')}/${group.name}`,
    reached: everybody,
    strike: async () => {
      const primary = await group.primary()
      struck = primary
      await strike(group, primary)
      const next = await group.nextPrimary(primary)
      return { servedAt: performance.now(), followedAt: await followedAt(next) }
    },
    settle: async () => {
      struck?.resume()
      if (struck?.isRunning === false) await struck.restart()
      await group.settled()
    },
    stop: () => group.stop(),
  }
}
