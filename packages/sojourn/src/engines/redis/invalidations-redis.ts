import { SessionError } from '../../core/errors.ts'
import type { InvalidationListener, Invalidations } from '../invalidations.ts'
import { failureOf } from './failures.ts'
import { gap } from './invalidations-gap.ts'
import { Thread, type ThreadParts } from './invalidations-thread.ts'

/** Broadcast tracking for a near cache: one thread at a time, a new one by the next `confirm` after it broke. */
export class RedisInvalidations implements Invalidations {
  readonly #parts: ThreadParts
  #listener: InvalidationListener | null = null
  #thread: Thread | null = null
  #isClosed = false

  constructor(parts: ThreadParts) {
    this.#parts = parts
  }

  listen(listener: InvalidationListener): void {
    this.#listener = listener
  }

  async confirm(): Promise<void> {
    if (this.#isClosed) throw new SessionError('STORE_CLOSED')
    this.#thread ??= this.#spin()
    try {
      await this.#thread.confirm()
    } catch (error) {
      throw failureOf(error, 'ENGINE_UNAVAILABLE')
    }
  }

  abandon(): void {
    this.#thread?.break(gap('the server has been silent for too long.'))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#thread?.break(new SessionError('STORE_CLOSED'))
  }

  #spin(): Thread {
    return new Thread(this.#parts, {
      changed: (ids) => this.#listener?.changed(ids),
      broken: () => {
        this.#thread = null
        this.#listener?.lost()
      },
    })
  }
}
