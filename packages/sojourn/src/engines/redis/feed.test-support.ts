import type { RedisServer } from 'sojourn-servers'
import { createSessionStore } from '../../core/create-session-store.ts'
import type { StoreEvent } from '../../core/events.ts'
import type { EventFeed } from '../../core/feed.ts'
import type { StoreOptions } from '../../core/options.ts'
import type { SessionStore } from '../../core/session-store.ts'
import type { RedisClient } from './client.ts'
import { type DriverName, type OpenClient, openClient, type Place } from './clients.test-support.ts'
import { clientOf, type Driver } from './driver.ts'
import { feedKey } from './feed-key.ts'
import { RedisFeedLine } from './feed-line.ts'
import { checkFeedOptions, type RedisFeedOptions } from './feed-options.ts'
import { freshPrefix } from './redis.test-support.ts'
import { redis } from './redis.ts'

type Feeding = Omit<RedisFeedOptions, 'client' | 'url' | 'prefix'>

/** Looks often, so that tests wait for nothing but what they are about. */
export const OFTEN: Feeding = { every: 50 }

/** Several stores over one prefix, each with a client of its own, as in as many processes. */
export class FeedWorld implements AsyncDisposable {
  readonly prefix = freshPrefix()
  readonly key = feedKey(this.prefix)
  readonly #closings: (() => unknown)[] = []

  async client(driver: DriverName, place: Place): Promise<Driver> {
    const client: OpenClient = await openClient(driver, place)
    this.#closings.unshift(() => client.close())
    return client.driver
  }

  /** `wrap` stands between the feed and the driver. */
  async store(
    client: Driver,
    feeding: Feeding & { readonly wrap?: (client: RedisClient) => RedisClient } = OFTEN,
    options: Partial<StoreOptions<object>> = {},
  ): Promise<SessionStore<object>> {
    const { wrap = (each) => each, ...rest } = feeding
    const engine = redis({ client, prefix: this.prefix })
    const feed = feedOver(wrap(clientOf(client)), { client, prefix: this.prefix, ...rest })
    const store = await createSessionStore<object>({ engine, feed, ...options })
    this.#closings.unshift(() => store.close())
    return store
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const closing of this.#closings) await closing()
  }
}

/** What `redisFeed` makes, over this client. */
function feedOver(client: RedisClient, options: RedisFeedOptions): EventFeed {
  const checked = checkFeedOptions(options)
  const parts = { client: Promise.resolve(client), ownsClient: false, options: checked }
  return {
    carries: checked.events,
    open: (ears, clock) => new RedisFeedLine(parts, ears, clock),
  }
}

/** What a store tells from now on until the event that `isLast` knows, that one too. */
export function toldUntil(
  store: SessionStore<object>,
  isLast: (event: StoreEvent) => boolean,
): Promise<StoreEvent[]> {
  const iteration = store.events[Symbol.asyncIterator]()
  const collect = async (): Promise<StoreEvent[]> => {
    const told: StoreEvent[] = []
    for await (const event of { [Symbol.asyncIterator]: () => iteration }) {
      told.push(event)
      if (isLast(event)) break
    }
    return told
  }
  return collect()
}

/** Ends a session of a new user; its id. */
export async function logOut(store: SessionStore<object>, userId = 'u_1'): Promise<string> {
  const { token, session } = await store.create({ userId })
  await store.revoke(token)
  return session.id
}

/** Who tells the last thing that a test waits for: what came before it has been told then. */
export const LAST_USER = 'the last one'
export const isLast = (event: StoreEvent): boolean =>
  'userId' in event && event.userId === LAST_USER && 'remote' in event

/** An entry as this release writes it, with other values. */
export function fieldsWith(values: Readonly<Record<string, string>> = {}): string[] {
  const entry = { v: '1', origin: 'SomebodyElse-123', seq: '1', name: 'ended', at: '1800000000000' }
  const whole = { ...entry, id: 'AbCdEfGhIjKlMnOp', user: 'u_1', reason: 'logout', ...values }
  return Object.entries(whole).flat()
}

/** Adds entries past everything, as whoever has the password could. */
export async function plant(
  server: RedisServer,
  key: string,
  ...entries: readonly string[][]
): Promise<void> {
  for (const fields of entries) await server.cli('XADD', key, '*', ...fields)
}
