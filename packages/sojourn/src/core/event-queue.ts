/** How many events wait for one consumer; what comes beyond is dropped and counted (SECURITY, limits). */
export const QUEUE_LIMIT = 1_000

/** What a queue asks of whoever fills it. */
export interface QueueOwner<Event> {
  /** The event that tells the consumer how many others it was too slow for. */
  readonly gap: (count: number) => Event
  /** The consumer has left: nothing more is to come. */
  readonly left: () => void
}

/**
 * The events that one consumer has not yet taken. Whoever pushes never waits: what a consumer is too slow for is
 * dropped, and where it is missing stands the number of what is.
 */
export class EventQueue<Event> implements AsyncIterator<Event, undefined> {
  readonly #owner: QueueOwner<Event>
  readonly #takers: ((result: IteratorResult<Event, undefined>) => void)[] = []
  #events: Event[] = []
  #missed = 0
  #hasEnded = false

  constructor(owner: QueueOwner<Event>) {
    this.#owner = owner
  }

  /** False when it had to be dropped. */
  push(event: Event): boolean {
    if (this.#hasEnded) return true
    const taker = this.#takers.shift()
    if (taker !== undefined) {
      taker({ done: false, value: event })
      return true
    }
    const isRoom = this.#events.length + (this.#missed > 0 ? 1 : 0) < QUEUE_LIMIT
    if (!isRoom) {
      this.#missed += 1
      return false
    }
    this.#markGap()
    this.#events.push(event)
    return true
  }

  /** Nothing more comes; what waits can still be taken. */
  end(): void {
    this.#hasEnded = true
    for (const taker of this.#takers.splice(0)) taker({ done: true, value: undefined })
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    if (this.#events.length === 0) this.#markGap()
    const event = this.#events.shift()
    if (event !== undefined) return Promise.resolve({ done: false, value: event })
    if (this.#hasEnded) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#takers.push(resolve))
  }

  /** The consumer leaves: what `break` and `return` do in a loop. */
  return(): Promise<IteratorResult<Event, undefined>> {
    this.#events = []
    this.#missed = 0
    this.end()
    this.#owner.left()
    return Promise.resolve({ done: true, value: undefined })
  }

  #markGap(): void {
    if (this.#missed > 0) this.#events.push(this.#owner.gap(this.#missed))
    this.#missed = 0
  }
}
