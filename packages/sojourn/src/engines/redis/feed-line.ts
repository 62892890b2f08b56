import { randomBytes } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import type { FeedEars, FeedEvent, FeedLine } from '../../core/feed.ts'
import type { Instant, Milliseconds } from '../../core/port.ts'
import type { Command, RedisClient } from './client.ts'
import { fieldsOf } from './feed-entry.ts'
import type { CheckedFeed } from './feed-options.ts'
import { type FeedPage, FeedStream } from './feed-stream.ts'

/** What a line is made of. */
export interface FeedParts {
  readonly client: Promise<RedisClient>
  readonly ownsClient: boolean
  readonly options: CheckedFeed
}

const ORIGIN_BYTES = 12
/** Of so many entries is known that they were told: far more than a driver sends again. */
const TOLD_LIMIT = 4_096
/** A day after the last event the stream leaves, and with it the user ids that it holds. */
const RETENTION_MS: Milliseconds = 86_400_000
const RENEWED_EVERY_MS: Milliseconds = 3_600_000

/** A store's end of a stream: it looks for what others told every so often, on a connection that others share. */
export class RedisFeedLine implements FeedLine {
  readonly #parts: FeedParts
  readonly #ears: FeedEars
  readonly #clock: Clock
  readonly #origin = randomBytes(ORIGIN_BYTES).toString('base64url')
  readonly #told = new Set<string>()
  #stream: FeedStream | null = null
  #sequence = 0
  #renewedAt: Instant = Number.NEGATIVE_INFINITY
  #cancel: (() => void) | null = null
  #isClosed = false

  constructor(parts: FeedParts, ears: FeedEars, clock: Clock) {
    this.#parts = parts
    this.#ears = ears
    this.#clock = clock
    // Whoever waits for the client is told; nobody may wait yet.
    parts.client.catch(() => null)
  }

  async listen(): Promise<void> {
    try {
      this.#stream = await this.#begin()
    } finally {
      this.#schedule()
    }
  }

  async publish(events: readonly FeedEvent[]): Promise<number> {
    const client = await this.#parts.client
    const commands = events.map((event) => this.#commandFor(event))
    const sent = client.sendAll([...commands, ...this.#renewal()])
    const settled = await Promise.allSettled(sent)
    if (settled.at(-1)?.status === 'rejected') this.#renewedAt = Number.NEGATIVE_INFINITY
    return settled.slice(0, events.length).filter(({ status }) => status === 'fulfilled').length
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel?.()
    if (this.#parts.ownsClient) await (await this.#parts.client).close()
  }

  async #begin(): Promise<FeedStream> {
    const stream = new FeedStream(await this.#parts.client, this.#parts.options.key, null)
    await stream.toEnd()
    return stream
  }

  #schedule(): void {
    if (this.#isClosed) return
    this.#cancel = this.#clock.after(this.#parts.options.every, () => {
      this.#look().then(
        () => this.#schedule(),
        () => this.#fail(),
      )
    })
  }

  #fail(): void {
    if (!this.#isClosed) this.#ears.failed()
    this.#schedule()
  }

  async #look(): Promise<void> {
    if (this.#stream === null) {
      this.#stream = await this.#begin()
      this.#ears.missed()
    }
    for (let isFull = true; isFull && !this.#isClosed; ) {
      const page = await this.#stream.next()
      if (!this.#isClosed) this.#hear(page)
      isFull = page.isFull
    }
  }

  #hear({ entries, refused, isGap }: FeedPage): void {
    if (isGap) this.#ears.missed()
    for (let count = 0; count < refused; count += 1) this.#ears.refused()
    for (const { origin, sequence, event } of entries) {
      if (origin !== this.#origin && this.#isNew(`${origin}${sequence}`)) this.#ears.told(event)
    }
  }

  /** A driver may send again what it has lost the answer to: the entry then lies there twice. */
  #isNew(name: string): boolean {
    if (this.#told.has(name)) return false
    const [oldest] = this.#told
    if (this.#told.size >= TOLD_LIMIT && oldest !== undefined) this.#told.delete(oldest)
    this.#told.add(name)
    return true
  }

  #commandFor(event: FeedEvent): Command {
    const { key, maxEntries, userIds } = this.#parts.options
    this.#sequence += 1
    const told = userIds ? event : { ...event, userId: null }
    const fields = fieldsOf({ origin: this.#origin, sequence: this.#sequence, event: told })
    return { key, args: ['XADD', key, 'MAXLEN', '~', String(maxEntries), '*', ...fields] }
  }

  #renewal(): readonly Command[] {
    const now = this.#clock.now()
    if (Math.abs(now - this.#renewedAt) < RENEWED_EVERY_MS) return []
    this.#renewedAt = now
    const { key } = this.#parts.options
    return [{ key, args: ['PEXPIREAT', key, String(now + RETENTION_MS)] }]
  }
}
