import { cpuUsage, env } from 'node:process'

const { SOJOURN_FUZZ } = env

/** How many inputs a fuzz test tries: its own number, or `SOJOURN_FUZZ` for a long run. */
export function inputs(usually: number): number {
  return SOJOURN_FUZZ === undefined ? usually : Number(SOJOURN_FUZZ)
}

/**
 * How long one turn takes, in milliseconds of the processor: a machine with other work to do makes every turn
 * look long by the clock on the wall. The quickest of five, because the first ones are compiled on the way.
 */
export function turnOf(run: () => unknown): number {
  let quickest = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 5 && quickest > LONGEST_TURN_MS / 2; attempt += 1) {
    const before = cpuUsage()
    run()
    const { user, system } = cpuUsage(before)
    quickest = Math.min(quickest, (user + system) / 1_000)
  }
  return quickest
}

/** No input may hold up the event loop for longer (SECURITY T81). */
export const LONGEST_TURN_MS = 50
