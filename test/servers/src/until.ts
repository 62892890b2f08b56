import { setTimeout as pause } from 'node:timers/promises'

const STEP_MS = 15

/**
 * Asks again and again until the answer is not null. Servers tell nobody when they have elected or synced,
 * so they must be asked. An error of `ask` counts as null.
 * @throws after `limitMs`, with `what` and the last error as its cause
 */
export async function until<T>(what: string, ask: () => Promise<T | null>, limitMs: number): Promise<T> {
  const endAt = performance.now() + limitMs
  let cause: unknown = null
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== null) return answer
    } catch (error) {
      cause = error
    }
    if (performance.now() > endAt) throw new Error(`Not within ${limitMs} ms: ${what}.`, { cause })
    await pause(STEP_MS)
  }
}
