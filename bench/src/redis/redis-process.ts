import { serveParent } from '../child.ts'
import type { Servers } from './contestants/contestant.ts'
import { REDIS_CONTESTANTS, type RedisContestantName } from './contestants/contestants.ts'
import type { CallSample } from './measure-calls.ts'
import { type RedisOrder, RedisSlices, type Users } from './redis-slice.ts'
import { ServerCpu } from './server-cpu.ts'

/** What the parent asks for; sessions and users must have been filled before a slice needs them. */
export type RedisRequest =
  | { readonly fill: number }
  | { readonly listed: Users }
  | { readonly ended: Users }
  | { readonly slice: RedisOrder }

export interface Place extends Servers {
  /** The servers themselves, where `urls` are those of proxies. */
  readonly watched: readonly string[]
}

/** One contestant in a process of its own, so that its processor's time and garbage are nobody else's. */
export async function serveRedisContestant(name: RedisContestantName, place: Place): Promise<void> {
  const contestant = await REDIS_CONTESTANTS[name].open(place)
  const cpu = new ServerCpu(place.watched)
  const slices = new RedisSlices(contestant, cpu)
  const carryOut = async (request: RedisRequest): Promise<CallSample | null> => {
    if ('slice' in request) return slices.run(request.slice)
    if ('fill' in request) await contestant.fill(request.fill)
    else if ('listed' in request) await slices.fillListed(request.listed)
    else await slices.fillEnded(request.ended)
    return null
  }
  serveParent(carryOut, async () => {
    cpu.close()
    await contestant.close()
  })
}
