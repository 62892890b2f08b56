import type { EventFeed } from '../../core/feed.ts'
import type { RedisClient } from './client.ts'
import { clientOf } from './driver.ts'
import { driverFor } from './driver-for-url.ts'
import { RedisFeedLine } from './feed-line.ts'
import { checkFeedOptions, type FeedPlace, type RedisFeedOptions } from './feed-options.ts'

/**
 * Carries events between the processes of a store in a Redis stream, so that a log-out anywhere is told everywhere.
 * For `createSessionStore({ feed })`. `docs/events.md` says what is sent, and what is promised.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function redisFeed(options: RedisFeedOptions): EventFeed {
  const checked = checkFeedOptions(options)
  const ownsClient = options.client === undefined
  return {
    carries: checked.events,
    open: (ears, clock) =>
      new RedisFeedLine({ client: feedClient(options), ownsClient, options: checked }, ears, clock),
  }
}

/** The client of a place; one of its own for a URL. */
export async function feedClient(place: FeedPlace): Promise<RedisClient> {
  const { client, url, driver, allowPlaintext = false } = place
  return clientOf(client ?? (await driverFor(url, allowPlaintext, driver ?? null)))
}
