import type { Clock } from './clock.ts'

/** Node clamps longer delays to 1 ms, and would then spin (SECURITY N17). */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/** The one place of the domain that touches the real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delay, task) {
    const timer = setTimeout(task, Math.min(Math.max(delay, 0), LONGEST_DELAY_MS))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
