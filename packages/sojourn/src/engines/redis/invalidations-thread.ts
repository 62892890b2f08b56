import type { SessionId } from '../../core/port.ts'
import type { RedisClient } from './client.ts'
import { bucketsByPrimary, SlotWatch } from './invalidations-cluster.ts'
import { gap } from './invalidations-gap.ts'
import type { Subscriber } from './invalidations-subscriber.ts'
import { Track, type TrackEvents } from './invalidations-track.ts'

/** What the listening connections are made from. */
export interface ThreadParts {
  readonly client: RedisClient
  readonly prefix: string
  /** Makes a connection to the primary of this key. */
  readonly subscriber: (key: string) => Promise<Subscriber>
}

export interface ThreadEvents {
  readonly changed: (ids: readonly SessionId[]) => void
  readonly broken: () => void
}

/** What ends a connection. */
interface Closable {
  close(): void
}

/**
 * Everything that is heard, without a gap, from connecting until the first thing goes wrong. One track for each
 * primary, and in a cluster a watch over its slots. It breaks once, as a whole, and never comes back.
 */
export class Thread {
  readonly #parts: ThreadParts
  readonly #events: ThreadEvents
  readonly #closables: Closable[] = []
  readonly #opened: Promise<readonly Track[]>
  readonly #watches: SlotWatch[] = []
  readonly #whenBroken: Promise<never>
  #refuse: (why: unknown) => void = () => undefined
  #isBroken = false

  constructor(parts: ThreadParts, events: ThreadEvents) {
    this.#parts = parts
    this.#events = events
    this.#whenBroken = new Promise((_, reject) => {
      this.#refuse = reject
    })
    this.#whenBroken.catch(() => undefined)
    this.#opened = this.#open()
    this.#opened.catch((error: unknown) => this.break(error))
  }

  /** Resolves when all that was written before is told. What is not as it was breaks the thread. */
  async confirm(): Promise<void> {
    await Promise.race([this.#whenBroken, this.#confirm()])
  }

  break(cause: unknown): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#refuse(cause)
    this.#events.broken()
    for (const each of this.#closables) each.close()
  }

  async #confirm(): Promise<void> {
    const tracks = await this.#opened
    await Promise.all([...tracks.map((track) => track.beat()), this.#lookAtSlots()])
  }

  async #lookAtSlots(): Promise<void> {
    try {
      await Promise.all(this.#watches.map((watch) => watch.look()))
    } catch (error) {
      this.break(error)
      throw error
    }
  }

  async #open(): Promise<readonly Track[]> {
    const { client, prefix } = this.#parts
    const primaries = [...bucketsByPrimary(client, prefix).values()]
    return Promise.all(primaries.map((buckets) => this.#openOrRefresh(buckets)))
  }

  /** Nobody else may ask for what was there: the client learns here that it is no more. */
  async #openOrRefresh(buckets: readonly string[]): Promise<Track> {
    const { client, prefix } = this.#parts
    try {
      return await this.#openTrack(buckets)
    } catch (error) {
      if (client.isCluster) await client.refresh(`${prefix}:{${buckets[0]}}:`)
      throw error
    }
  }

  async #openTrack(buckets: readonly string[]): Promise<Track> {
    const { client, prefix, subscriber } = this.#parts
    const [bucket = ''] = buckets
    const key = `${prefix}:{${bucket}}:`
    const events: TrackEvents = { changed: (ids) => this.#tell(ids), broken: (why) => this.break(why) }
    const track = this.#owned(new Track(await subscriber(key), { client, prefix, bucket }, events))
    await track.open()
    // After tracking is on: a slot that leaves from now on is either seen here or by the next look.
    if (client.isCluster) await this.#watchSlots(buckets, key)
    return track
  }

  async #watchSlots(buckets: readonly string[], key: string): Promise<void> {
    const { client, prefix } = this.#parts
    const watch = this.#owned(new SlotWatch(await client.connect(key)))
    await watch.look()
    const gone = watch.lacks(buckets)
    if (gone !== null) {
      // The client learns of a move by asking for what has moved.
      await client.refresh(`${prefix}:{${gone}}:`)
      throw gap('the client looks for slots where they are no more.')
    }
    this.#watches.push(watch)
  }

  #tell(ids: readonly SessionId[]): void {
    if (!this.#isBroken) this.#events.changed(ids)
  }

  /** To be closed with the thread; at once, when that has broken meanwhile. */
  #owned<T extends Closable>(closable: T): T {
    this.#closables.push(closable)
    if (!this.#isBroken) return closable
    closable.close()
    throw gap('given up while it was opened.')
  }
}
