import type { Clock } from '../../core/clock.ts'
import { SessionError } from '../../core/errors.ts'
import type { FeedEvent } from '../../core/feed.ts'
import type { Instant } from '../../core/port.ts'
import { systemClock } from '../../core/system-clock.ts'
import type { RedisClient } from './client.ts'
import { feedClient } from './feed.ts'
import { type CheckedFeed, checkFeedPlace, type FeedPlace } from './feed-options.ts'
import { type FeedPage, FeedStream, isEntryId } from './feed-stream.ts'
import { refusal } from './refusal.ts'

export interface ReadFeedOptions extends FeedPlace {
  /**
   * Where to begin: behind an entry that was read before, by its `entryId`; `'oldest'`; or `'now'`, with what is told
   * from the first look on. `'now'`.
   */
  readonly from?: string
  readonly clock?: Clock
}

/**
 * An event, and the entry that it is: keep the last id that you have dealt with, and begin there the next time.
 * `feedGap`: events may have left before they were read.
 */
export type FeedItem = (FeedEvent | { readonly name: 'feedGap'; readonly at: Instant }) & {
  /** Null for a gap. */
  readonly entryId: string | null
}

/**
 * The events of a store, for a service that has none: `for await (const { name, id, entryId } of readFeed(…))`. Each
 * iteration begins at `from` and is pulled: who is slow is sent nothing. While the server is away it waits; a server
 * that refuses rejects it.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function readFeed(options: ReadFeedOptions): FeedReading {
  const { from = 'now', clock = systemClock, ...place } = options
  if (from !== 'now' && from !== 'oldest' && !isEntryId(from)) {
    throw refusal("from must be 'now', 'oldest' or the entryId of an event")
  }
  return new FeedReading({ from, clock, options: checkFeedPlace(place, []) }, place)
}

interface ReadingParts {
  readonly from: string
  readonly clock: Clock
  readonly options: CheckedFeed
}

export class FeedReading implements AsyncIterable<FeedItem> {
  readonly #parts: ReadingParts
  readonly #place: FeedPlace
  readonly #sleepers = new Set<() => void>()
  #client: Promise<RedisClient> | null = null
  #refused = 0
  #failures = 0
  #isClosed = false

  /** Made by `readFeed`. */
  constructor(parts: ReadingParts, place: FeedPlace) {
    this.#parts = parts
    this.#place = place
  }

  /** How many entries were no events, and were passed over. */
  get refused(): number {
    return this.#refused
  }

  /** How many looks failed because the server was away. */
  get failures(): number {
    return this.#failures
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FeedItem, undefined> {
    const { from, clock, options } = this.#parts
    this.#client ??= feedClient(this.#place)
    const stream = new FeedStream(await this.#client, options.key, isEntryId(from) ? from : null)
    let isPlaced = from !== 'now'
    while (!this.#isClosed) {
      const page: FeedPage | null = await this.#look(stream, isPlaced)
      isPlaced ||= page !== null
      if (page?.isGap === true) yield { name: 'feedGap', at: clock.now(), entryId: null }
      for (const { event, entryId } of page?.entries ?? []) yield { ...event, entryId }
      if (page?.isFull !== true) await this.#sleep()
    }
  }

  /** Ends every iteration. Needed only to end one that waits, or when a `url` was given. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const wake of this.#sleepers) wake()
    const client = await this.#client?.catch(() => null)
    if (this.#place.client === undefined) await client?.close()
  }

  /** Null when the server was away. */
  async #look(stream: FeedStream, isPlaced: boolean): Promise<FeedPage | null> {
    try {
      if (!isPlaced) await stream.toEnd()
      const page = await stream.next()
      this.#refused += page.refused
      return page
    } catch (error) {
      if (!(error instanceof SessionError && error.code === 'ENGINE_UNAVAILABLE')) throw error
      this.#failures += 1
      return null
    }
  }

  async #sleep(): Promise<void> {
    if (this.#isClosed) return
    let cancel = (): void => undefined
    let wake = (): void => undefined
    await new Promise<void>((resolve) => {
      wake = resolve
      this.#sleepers.add(wake)
      cancel = this.#parts.clock.after(this.#parts.options.every, resolve)
    })
    cancel()
    this.#sleepers.delete(wake)
  }
}
