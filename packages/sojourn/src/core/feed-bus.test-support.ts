import type { EventFeed, FeedEars, FeedEvent, FeedLine, FeedName } from './feed.ts'

/** How a bus answers who publishes. */
export type BusMood = 'well' | 'rejects' | 'throws' | 'hangs'

/** A feed within one process: what one end tells, all others hear at once. */
export class TestBus implements EventFeed {
  readonly carries: readonly FeedName[]
  /** Each call of `publish`, as it came. */
  readonly published: (readonly FeedEvent[])[] = []
  readonly ends: FeedEars[] = []
  mood: BusMood = 'well'
  /** Resolves `listen`; left alone it has resolved. */
  listening: Promise<void> = Promise.resolve()

  constructor(carries: readonly FeedName[] = ['ended', 'reuseDetected']) {
    this.carries = carries
  }

  readonly open = (ears: FeedEars): FeedLine => {
    this.ends.push(ears)
    return {
      listen: () => this.listening,
      publish: (events) => this.#publish(ears, events),
      close: async () => void this.ends.splice(this.ends.indexOf(ears), 1),
    }
  }

  #publish(from: FeedEars, events: readonly FeedEvent[]): Promise<number> {
    if (this.mood === 'throws') throw new Error('the bus')
    if (this.mood === 'rejects') return Promise.reject(new Error('the bus'))
    if (this.mood === 'hangs') return new Promise(() => undefined)
    this.published.push(events)
    for (const ears of this.ends) if (ears !== from) for (const event of events) ears.told(event)
    return Promise.resolve(events.length)
  }
}
