import { setTimeout as pause } from 'node:timers/promises'
import { type RedisCluster, type RedisServer, startCluster } from 'sojourn-servers'
import { followedAt, killAlone } from './on-sentinel.ts'
import type { Fault, Placed, Reach, Scene } from './scene.ts'

/** The first primary has two replicas: when one of them takes its place, one is left to confirm writes. */
const SERVERS = { primaries: 3, replicas: 4 }
/** The time between the steps of a move, in which the slot is half here and half there. */
const STEP_MS = 40
const STEPS = 5
const KEYS_AT_ONCE = 20

interface Struck {
  readonly cluster: RedisCluster
  readonly primary: RedisServer
  /** Slots of the primary in which there are sessions. */
  readonly slots: readonly number[]
}

/** Does it, and resolves with the primary that serves the slots then. */
type Strike = (struck: Struck) => Promise<RedisServer>

export const ON_CLUSTER: readonly Fault[] = [
  fault('SIGKILL of a primary', 'one replica', async (struck) => {
    await struck.primary.kill()
    return elected(struck)
  }),
  fault('SIGSTOP of a primary', 'one replica', async (struck) => {
    struck.primary.pause()
    return elected(struck)
  }),
  fault('manual fail-over', 'the primary', async (struck) => {
    const [replica] = await struck.cluster.replicasOf(struck.primary)
    await replica?.cli('CLUSTER', 'FAILOVER')
    return elected(struck)
  }),
  fault('replicas cut off, then SIGKILL', 'one replica', async (struck) => {
    await killAlone(struck.primary, await struck.cluster.replicasOf(struck.primary))
    return elected(struck)
  }),
  fault('slots move to another primary', 'the primary', moveSlots),
]

function elected({ cluster, primary, slots: [slot = 0] }: Struck): Promise<RedisServer> {
  return cluster.nextOwner(slot, primary)
}

async function moveSlots({ cluster, primary, slots }: Struck): Promise<RedisServer> {
  const to = cluster.servers.find((server, index) => index < SERVERS.primaries && server !== primary)
  if (to === undefined) throw new Error('A cluster has another primary.')
  for (const slot of slots) {
    const move = await cluster.moveSlot(slot, to)
    await move.begin()
    for (let step = 0; step < STEPS; step += 1) {
      await move.migrate(KEYS_AT_ONCE)
      await pause(STEP_MS)
    }
    while ((await move.migrate()) > 0);
    await move.finish()
  }
  return to
}

function fault(name: string, survivedBy: Reach, strike: Strike): Fault {
  const isSilent = name.startsWith('SIGSTOP')
  return { name, topology: 'Cluster', survivedBy, isSilent, start: () => start(strike) }
}

async function start(strike: Strike): Promise<Scene> {
  const cluster = await startCluster(SERVERS)
  const [primary] = cluster.servers
  if (primary === undefined) throw new Error('A cluster has servers.')
  const slots = new Set<number>()
  return {
    url: `redis+cluster://${cluster.nodes.map(({ host, port }) => `${host}:${port}`).join(',')}`,
    reached: async (users) => {
      const places = await Promise.all(users.map((user) => placeOf(cluster, user)))
      const here = places.filter(({ owner }) => owner === primary)
      for (const { slot } of here) slots.add(slot)
      return here.map(({ userId }) => userId)
    },
    strike: async () => {
      const next = await strike({ cluster, primary, slots: [...slots] })
      return { servedAt: performance.now(), followedAt: await followedAt(next) }
    },
    settle: async () => {
      primary.resume()
      if (!primary.isRunning) await primary.restart()
      await cluster.settled()
    },
    stop: () => cluster.stop(),
  }
}

async function placeOf(cluster: RedisCluster, { userId, bucket }: Placed) {
  const slot = await cluster.slotOf(`{${bucket}}`)
  return { userId, slot, owner: await cluster.ownerOf(slot) }
}
