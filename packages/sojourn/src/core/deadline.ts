import type { Clock } from './clock.ts'
import type { Milliseconds } from './port.ts'

/** How long to wait, and by which clock. */
export interface Patience {
  readonly clock: Clock
  readonly timeout: Milliseconds
}

/** What `work` resolves to; rejects with `late()` when it takes too long. */
export function within<T>(work: PromiseLike<T>, patience: Patience, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = patience.clock.after(patience.timeout, () => reject(late()))
    work.then(resolve, reject).then(cancel, cancel)
  })
}
