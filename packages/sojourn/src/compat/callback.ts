/** How a callback contract is answered: with an error, or with null and the answer. */
export type Callback<Answer> = (error: unknown, answer?: Answer) => unknown

/**
 * Calls back exactly once, and from no try of ours: what the callback throws is its own, and never calls it again
 * (CONTRACTS L7). `failing` runs what follows from an error.
 */
export function callBack<Answer>(
  work: Promise<Answer>,
  callback: Callback<Answer> | undefined,
  failing: (follow: () => void) => void = (follow) => follow(),
): void {
  work.then(
    (answer) => queueMicrotask(() => callback?.(null, answer)),
    (error: unknown) => failing(() => queueMicrotask(() => callback?.(error))),
  )
}
