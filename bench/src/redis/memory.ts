import { setTimeout as pause } from 'node:timers/promises'
import type { RedisServer } from 'sojourn-servers'
import type { RedisContestantName } from './contestants/contestants.ts'
import { withContestant } from './redis-contestant-child.ts'

export interface MemoryUse {
  readonly contestant: RedisContestantName
  /** One session of one user, with everything that is kept for it. */
  readonly bytesPerSession: number
}

const LOOK_EACH_MS = 200
const MOST_LOOKS = 50

/** How much memory of the server a session takes: the difference that many make. */
export async function measureMemory(
  names: readonly RedisContestantName[],
  sessions: number,
  server: RedisServer,
): Promise<MemoryUse[]> {
  const measured: MemoryUse[] = []
  for (const contestant of names) {
    await server.cli('FLUSHALL')
    const place = { urls: [server.url], isCluster: false, watched: [] }
    const bytes = await withContestant(contestant, place, async (child) => {
      const before = await usedMemory(server)
      await child.ask({ fill: sessions })
      return (await usedMemory(server)) - before
    })
    measured.push({ contestant, bytesPerSession: bytes / sessions })
  }
  await server.cli('FLUSHALL')
  return measured
}

/** Once it stands still: a server moves its tables and frees buffers after the last command. */
async function usedMemory(server: RedisServer): Promise<number> {
  let last = await usedNow(server)
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    await pause(LOOK_EACH_MS)
    const now = await usedNow(server)
    if (Math.abs(now - last) < 4_096) return now
    last = now
  }
  throw new Error('The memory of the server does not come to rest.')
}

async function usedNow(server: RedisServer): Promise<number> {
  const [, bytes] = /^used_memory:(\d+)/m.exec(String(await server.cli('INFO', 'memory'))) ?? []
  return Number(bytes)
}
