import type { Instant } from '../../core/port.ts'
import { fail, ok, type Result, warn } from './doctor-finding.ts'

const NOTICED_MS = 1_000
/** Half of the minute that the server keeps a record past its deadline. */
const DANGEROUS_MS = 30_000

export interface ServerTime {
  readonly askedAt: Instant
  readonly serverAt: Instant
  readonly answeredAt: Instant
}

/** Only the part of the difference that the time of the round trip cannot explain. */
export function checkClock({ askedAt, serverAt, answeredAt }: ServerTime): Result {
  const ahead = Math.max(0, serverAt - answeredAt)
  const behind = Math.max(0, askedAt - serverAt)
  const found = `the server’s clock is ${sentence(ahead, behind)}`
  const set = 'Let a time service set both clocks.'
  if (ahead >= DANGEROUS_MS) return fail(found, 'It deletes sessions before they expire.', set)
  if (Math.max(ahead, behind) < NOTICED_MS) return ok(found, 'It deletes nothing early.')
  const means =
    ahead > 0
      ? 'The minute that it keeps sessions past their deadline gets shorter.'
      : 'It keeps sessions longer than needed. Whether one lives is decided by your clock, not by its.'
  return warn(found, means, set)
}

function sentence(ahead: number, behind: number): string {
  if (ahead === 0 && behind === 0) return 'the same'
  return ahead > 0 ? `${ahead} ms ahead` : `${behind} ms behind`
}
