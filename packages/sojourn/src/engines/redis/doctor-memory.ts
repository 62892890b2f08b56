import { fail, ok, type Result, warn } from './doctor-finding.ts'

/** Above this share, a burst of log-ins meets a full server. */
const CROWDED = 0.8
const ALMOST_FULL = 0.95
const MIB = 2 ** 20

type Info = ReadonlyMap<string, string>

/** SECURITY T94. `allowVolatile`: the operator knows that a full server then logs people out. */
export function checkEviction(info: Info, allowVolatile: boolean): Result {
  const policy = info.get('maxmemory_policy') ?? 'unknown'
  const found = `maxmemory-policy ${policy}`
  if (policy === 'noeviction') return ok(found, 'A full server refuses writes. It forgets nobody.')
  const isAgreed = allowVolatile && policy.startsWith('volatile-') && shareOf(info) < CROWDED
  const means =
    'A full server forgets sessions, which logs people out, and users’ indexes and cut-offs, so that a ' +
    'log-out everywhere misses some sessions.'
  const set = 'CONFIG SET maxmemory-policy noeviction, and in its file.'
  return isAgreed ? warn(`${found}, as agreed`, means, set) : fail(found, means, set)
}

export function checkMemory(info: Info): Result {
  const max = Number(info.get('maxmemory') ?? 0)
  const used = Number(info.get('used_memory') ?? 0)
  if (max === 0) {
    return warn(
      `maxmemory 0, ${mib(used)} used`,
      'A server without a limit is ended by its system when memory runs out, with all that it has not saved.',
      'CONFIG SET maxmemory to about two thirds of the memory of its machine.',
    )
  }
  const found = `${mib(used)} of ${mib(max)} used`
  const means = 'A full server refuses log-ins, and may refuse log-outs.'
  const set = 'Raise maxmemory, or add a node.'
  if (shareOf(info) >= ALMOST_FULL) return fail(found, means, set)
  return shareOf(info) >= CROWDED ? warn(found, means, set) : ok(found, 'There is room.')
}

/** 0 where there is no limit. */
function shareOf(info: Info): number {
  const max = Number(info.get('maxmemory') ?? 0)
  return max === 0 ? 0 : Number(info.get('used_memory') ?? 0) / max
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}
