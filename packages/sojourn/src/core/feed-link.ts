import type { StoreContext } from './context.ts'
import { within } from './deadline.ts'
import { SessionError } from './errors.ts'
import { type EventFeed, FEED_NAMES, type FeedEars, type FeedEvent, type FeedLine } from './feed.ts'
import type { Milliseconds } from './port.ts'

/** How many events are sent at once. */
const BATCH = 500
/** How many wait while the feed is slow; what comes beyond is not told, and counted. */
const OUTBOX_LIMIT = 10_000
/** How long closing a store waits for its last events to be sent. */
const FAREWELL_MS: Milliseconds = 1_000

type Links = Pick<StoreContext<unknown>, 'clock' | 'counters' | 'events'>

/**
 * Joins a store's events with those of other processes. What happens here goes out off the caller's path, what one
 * turn of the event loop brings in one batch; what others tell is told here, marked as `remote`, and never sent on.
 */
export class FeedLink {
  readonly #context: Links
  readonly #line: FeedLine
  readonly #outbox: FeedEvent[] = []
  #sending: Promise<void> | null = null
  #isClosed = false

  constructor(context: Links, feed: EventFeed) {
    this.#context = context
    this.#line = feed.open(this.#ears(), context.clock)
    const carries = new Set(feed.carries)
    for (const name of carries) {
      if (name !== 'ended') context.events.on(name, (event) => this.#hear({ name, ...event }))
    }
    if (carries.has('ended')) context.events.on('ended', (event) => this.#hear({ name: 'ended', ...event }))
  }

  /** Never rejects, and does not wait for ever: a store without its feed is slower to learn, and right. */
  async listen(timeout: Milliseconds): Promise<void> {
    const late = () => new SessionError('ENGINE_UNAVAILABLE', 'The feed did not answer.')
    try {
      await within(this.#line.listen(), { clock: this.#context.clock, timeout }, late)
    } catch {
      this.#context.counters.add('feedFailures')
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const patience = { clock: this.#context.clock, timeout: FAREWELL_MS }
    const late = () => new SessionError('ENGINE_UNAVAILABLE', 'The feed did not take the last events.')
    await within(this.#sending ?? Promise.resolve(), patience, late).catch(() => undefined)
    this.#lose(this.#outbox.splice(0).length)
    const closing = begun(() => this.#line.close())
    await within(closing, patience, late).catch(() => this.#context.counters.add('feedFailures'))
  }

  #hear(event: FeedEvent & { readonly remote?: true }): void {
    if (event.remote === true || this.#isClosed) return
    if (this.#outbox.length >= OUTBOX_LIMIT) {
      this.#lose(1)
      return
    }
    this.#outbox.push(event)
    this.#sending ??= this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#outbox.length > 0) await this.#send(this.#outbox.splice(0, BATCH))
    this.#sending = null
  }

  async #send(batch: readonly FeedEvent[]): Promise<void> {
    const told = await begun(() => this.#line.publish(batch)).catch(() => 0)
    // A feed that answers nonsense has told nobody for certain.
    this.#lose(told >= 0 && told <= batch.length ? batch.length - told : batch.length)
  }

  #lose(count: number): void {
    this.#context.counters.add('feedUntold', count)
  }

  #ears(): FeedEars {
    const { counters, events, clock } = this.#context
    return {
      told: (event) => this.#tell(event),
      missed: () => {
        if (this.#isClosed) return
        counters.add('feedGaps')
        events.emit('feedGap', { at: clock.now() })
      },
      refused: () => counters.add('feedRefusals'),
      failed: () => counters.add('feedFailures'),
    }
  }

  #tell(event: FeedEvent): void {
    if (this.#isClosed) return
    const { at, id, userId } = event
    const about = { at, id, userId, remote: true } as const
    const { events } = this.#context
    if (event.name === 'ended') events.emit('ended', { ...about, reason: event.reason })
    else events.emit(event.name, about)
  }
}

/** @throws SessionError `INVALID_ARGUMENT` for what is no feed */
export function checkFeed(feed: EventFeed | undefined): EventFeed | null {
  if (feed === undefined) return null
  const isFeed = typeof feed === 'object' && feed !== null && typeof feed.open === 'function'
  if (isFeed && Array.isArray(feed.carries) && feed.carries.every((name) => FEED_NAMES.includes(name))) {
    return feed
  }
  throw new SessionError('INVALID_ARGUMENT', 'feed must be an event feed, such as redisFeed() makes.')
}

/** A feed that throws has failed like one that rejects. */
async function begun<T>(run: () => Promise<T>): Promise<T> {
  return run()
}
