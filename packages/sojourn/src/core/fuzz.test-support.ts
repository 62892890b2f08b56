import { env } from 'node:process'

const { SOJOURN_FUZZ } = env

/** How many inputs a fuzz test tries: its own number, or `SOJOURN_FUZZ` for a long run. */
export function inputs(usually: number): number {
  return SOJOURN_FUZZ === undefined ? usually : Number(SOJOURN_FUZZ)
}

/**
 * How long one turn takes, in milliseconds: the quickest of three, because a machine with other work to do can
 * make any single one look long.
 */
export function turnOf(run: () => unknown): number {
  let quickest = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 3 && quickest > LONGEST_TURN_MS / 2; attempt += 1) {
    const startedAt = performance.now()
    run()
    quickest = Math.min(quickest, performance.now() - startedAt)
  }
  return quickest
}

/** No input may hold up the event loop for longer (SECURITY T81). */
export const LONGEST_TURN_MS = 50
