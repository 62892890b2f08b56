import { Child } from '../child.ts'
import type { RedisContestantName } from './contestants/contestants.ts'
import type { CallSample } from './measure-calls.ts'
import type { Place, RedisRequest } from './redis-process.ts'

/** A contestant in its own process, seen from the process that measures. */
export interface RemoteRedis {
  readonly name: RedisContestantName
  readonly child: Child<RedisRequest, CallSample>
}

export async function startContestant(name: RedisContestantName, place: Place): Promise<RemoteRedis> {
  return { name, child: await Child.start(name, ['serve-redis', name, JSON.stringify(place)]) }
}

/** Does something with a contestant, and ends its process whatever comes of it. */
export async function withContestant<T>(
  name: RedisContestantName,
  place: Place,
  use: (child: RemoteRedis['child']) => Promise<T>,
): Promise<T> {
  const { child } = await startContestant(name, place)
  try {
    return await use(child)
  } finally {
    await child.stop()
  }
}
