import { FEED_NAMES, type FeedName } from '../../core/feed.ts'
import type { Milliseconds } from '../../core/port.ts'
import { clientOf, type Driver } from './driver.ts'
import type { DriverName } from './driver-for-url.ts'
import { feedKey } from './feed-key.ts'
import { checkOptions } from './redis-options.ts'
import { refusal } from './refusal.ts'
import { serverUrlOf } from './server-url.ts'

/** Where a feed lies, and how often it is looked at. */
export interface FeedPlace {
  /** A client of ioredis, iovalkey or node-redis; the engine's own will do. It stays yours to close. */
  readonly client?: Driver
  /** Instead of a client, as for the engine. */
  readonly url?: string
  /** Which driver's client to make for `url`. */
  readonly driver?: DriverName
  /** Lets `url` name another host without TLS: user and session ids then travel readable. */
  readonly allowPlaintext?: boolean
  /** The store's prefix. `sojourn`. */
  readonly prefix?: string
  /** How often is looked for what others told; 50 to 5,000. 200 ms. */
  readonly every?: Milliseconds
}

export interface RedisFeedOptions extends FeedPlace {
  /** About how many events stay; older ones leave. 10,000. */
  readonly maxEntries?: number
  /** Which events are told. `ended` and `reuseDetected`. */
  readonly events?: readonly FeedName[]
  /** Whether the events hold user ids. True. */
  readonly userIds?: boolean
}

export interface CheckedFeed {
  readonly key: string
  readonly every: Milliseconds
  readonly maxEntries: number
  readonly events: readonly FeedName[]
  readonly userIds: boolean
}

const PLACE = ['client', 'url', 'driver', 'allowPlaintext', 'prefix', 'every']
const KNOWN = [...PLACE, 'maxEntries', 'events', 'userIds']
const EVERY_MS: Milliseconds = 200
const MIN_EVERY_MS: Milliseconds = 50
const MAX_EVERY_MS: Milliseconds = 5_000
const MAX_ENTRIES = 10_000
const MIN_ENTRIES = 100
const MOST_ENTRIES = 10_000_000
/** @throws SessionError `INVALID_ARGUMENT` */
export function checkFeedOptions(options: RedisFeedOptions, known: readonly string[] = KNOWN): CheckedFeed {
  if (typeof options !== 'object' || options === null) throw refusal('the options must be an object')
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw refusal(`the feed has no option "${unknown}"`)
  const { client, url, driver, allowPlaintext = false, prefix, every = EVERY_MS } = options
  const { maxEntries = MAX_ENTRIES, events = ['ended', 'reuseDetected'], userIds = true } = options
  const checked = checkOptions({
    ...(client === undefined ? {} : { client }),
    ...(url === undefined ? {} : { url }),
    ...(driver === undefined ? {} : { driver }),
    ...(prefix === undefined ? {} : { prefix }),
  })
  if (client === undefined) serverUrlOf(url, allowPlaintext)
  else clientOf(client)
  assertWithin(every, 'every', [MIN_EVERY_MS, MAX_EVERY_MS])
  assertWithin(maxEntries, 'maxEntries', [MIN_ENTRIES, MOST_ENTRIES])
  if (!Array.isArray(events) || !events.every((name) => FEED_NAMES.includes(name))) {
    throw refusal(`events must be some of ${FEED_NAMES.join(', ')}`)
  }
  if (typeof userIds !== 'boolean') throw refusal('userIds must be true or false')
  return { key: feedKey(checked.prefix), every, maxEntries, events: [...new Set(events)], userIds }
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function checkFeedPlace(place: FeedPlace, more: readonly string[]): CheckedFeed {
  return checkFeedOptions(place, [...PLACE, ...more])
}

function assertWithin(value: number, name: string, [min, max]: readonly [number, number]): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw refusal(`${name} must be a whole number from ${min} to ${max}`)
}
