import { randomBytes } from 'node:crypto'
import type { SessionId } from '../../core/port.ts'
import type { RedisClient } from './client.ts'
import { gap } from './invalidations-gap.ts'
import { TrackedKeys } from './invalidations-keys.ts'
import type { Subscriber } from './invalidations-subscriber.ts'
import { numberOf } from './replies.ts'

/** Where a RESP2 connection gets what the server has to say of tracked keys. */
const CHANNEL = '__redis__:invalidate'
const BEAT_KEPT_MS = '1000'

/** What a track tells. */
export interface TrackEvents {
  readonly changed: (ids: readonly SessionId[]) => void
  /** Anything may have gone unheard; the connection is of no more use. */
  readonly broken: (why: Error) => void
}

/** Whom a track is for: the client that the engine reads with, and a bucket of the server that is tracked. */
export interface TrackPlace {
  readonly client: RedisClient
  readonly prefix: string
  readonly bucket: string
}

interface Beat {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * One connection that hears of every key of the store that changes on one server: broadcast tracking that is
 * redirected to the connection itself, so that with it everything ends.
 */
export class Track {
  readonly #subscriber: Subscriber
  readonly #place: TrackPlace
  readonly #events: TrackEvents
  readonly #keys: TrackedKeys
  readonly #beats = new Map<string, Beat>()
  #count = 0

  constructor(subscriber: Subscriber, place: TrackPlace, events: TrackEvents) {
    this.#subscriber = subscriber
    this.#place = place
    this.#events = events
    this.#keys = new TrackedKeys(place.prefix, randomBytes(9).toString('base64url'))
  }

  async open(): Promise<void> {
    const subscriber = this.#subscriber
    await subscriber.connect({
      message: (payload) => this.#hear(payload),
      close: () => this.#events.broken(gap('the tracking connection was lost.')),
    })
    const id = String(numberOf(await subscriber.send(['CLIENT', 'ID'])))
    const { sessions, beats } = this.#keys
    const prefixes = ['PREFIX', sessions, 'PREFIX', beats]
    await subscriber.send(['CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', ...prefixes])
    await subscriber.subscribe(CHANNEL)
  }

  /**
   * Writes a key through the engine's client and waits to hear of it here. So it proves at once that the
   * connection lives, that tracking is on, that it is the server that the engine reads from, and that
   * everything written there before has been heard: the server tells in the order of its writes.
   */
  async beat(): Promise<void> {
    const { client, bucket } = this.#place
    this.#count += 1
    const key = this.#keys.beat(this.#count, bucket)
    const heard = new Promise<void>((resolve, reject) => this.#beats.set(key, { resolve, reject }))
    try {
      const written = client.sendAll([{ key, args: ['SET', key, '', 'PX', BEAT_KEPT_MS] }])
      await Promise.all([heard, ...written])
    } finally {
      this.#beats.delete(key)
    }
  }

  close(): void {
    this.#subscriber.close()
    for (const beat of this.#beats.values()) beat.reject(gap('the tracking connection is gone.'))
    this.#beats.clear()
  }

  /** The names of keys, or null for all keys there are. */
  #hear(payload: unknown): void {
    if (!Array.isArray(payload)) {
      this.#events.broken(gap('the server was emptied.'))
      return
    }
    const names: readonly unknown[] = payload
    const ids: SessionId[] = []
    for (const name of names) {
      const key = String(name)
      const id = this.#keys.idOf(key)
      if (id !== null) ids.push(id)
      else if (this.#keys.isBeat(key)) this.#beats.get(key)?.resolve()
    }
    if (ids.length > 0) this.#events.changed(ids)
  }
}
