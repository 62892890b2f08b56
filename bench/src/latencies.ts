import { setImmediate as turn } from 'node:timers/promises'

/** How hard something is asked. */
export interface Load {
  readonly concurrency: number
  /** Nothing begins after it. */
  readonly durationMs: number
  /** Nor beyond so many calls: latencies are kept, and a store must not grow without end. */
  readonly most: number
}

/** Steps through all sessions in an order that looks random: a prime that is no factor of their number. */
const STRIDE = 7_919

/** So often a lone caller waits for a turn of the loop: without, timers pile up as they do in no application. */
const TURN_EACH = 64

/** One of `sessions` for each call, another each time until all were met. */
export function drawn(call: number, sessions: number): number {
  return (call * STRIDE) % sessions
}

/**
 * How long each call took, in milliseconds. Each of the callers begins anew as soon as its last call is done;
 * calls are counted from 1.
 */
export async function latenciesOf(load: Load, make: (call: number) => Promise<void>): Promise<Float64Array> {
  const latencies = new Float64Array(load.most)
  const endAt = performance.now() + load.durationMs
  let begun = 0
  let done = 0
  const caller = async () => {
    for (let own = 1; performance.now() < endAt && begun < latencies.length; own += 1) {
      begun += 1
      const startedAt = performance.now()
      await make(begun)
      latencies[done] = performance.now() - startedAt
      done += 1
      if (load.concurrency === 1 && own % TURN_EACH === 0) await turn()
    }
  }
  await Promise.all(Array.from({ length: load.concurrency }, caller))
  return latencies.subarray(0, done)
}
