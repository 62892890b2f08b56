import type { Engine, SessionId } from '../../core/port.ts'
import type { StoreUnderTest } from '../../testing/index.ts'
import { type DriverName, type OpenClient, openClient } from './clients.test-support.ts'
import { clientOf } from './driver.ts'
import { bucketOf, Keys } from './keys.ts'
import { redis } from './redis.ts'
import type { RedisOptions } from './redis-options.ts'
import type { Topology } from './topologies.test-support.ts'

/** Two clients of one driver, as two processes have them. Close them when the tests are over. */
export interface Clients {
  readonly pair: readonly [OpenClient, OpenClient]
  close(): void
}

export async function openClients(driver: DriverName, { place, login }: Topology): Promise<Clients> {
  const pair = [await openClient(driver, place, login), await openClient(driver, place, login)] as const
  return {
    pair,
    close: () => {
      for (const client of pair) client.close()
    },
  }
}

let stores = 0

/** A prefix that no other store of this process has; the rights of the tests' user end at `tests:`. */
export function freshPrefix(): string {
  stores += 1
  return `tests:${stores}`
}

/** An empty store for the conformance suite; its handles go over one client and the other in turn. */
export async function redisStore(
  { pair }: Clients,
  options: Omit<RedisOptions, 'client' | 'url'> = {},
): Promise<StoreUnderTest> {
  const prefix = freshPrefix()
  let opened = 0
  return {
    open: (): Promise<Engine> => {
      opened += 1
      return redis({ ...options, prefix, client: pair[opened % 2 === 0 ? 1 : 0].driver })
    },
    loseIndexEntry: (userId, id) => loseIndexEntry(pair[0], [prefix, userId, id]),
  }
}

/** How an index names a session: without its bucket. */
export function memberOf(id: SessionId): string {
  return id.slice(2)
}

/** The sessions among the members of an index in the bucket of the samples; the others say of themselves what they are. */
export function idsAmong(members: readonly string[]): SessionId[] {
  return members.filter((member) => member.length === 14).map((member) => `Ab${member}`)
}

/** What only a fault could do: an index without one of its sessions. */
export async function loseIndexEntry(
  { driver }: OpenClient,
  [prefix, userId, id]: readonly [string, string, SessionId],
): Promise<void> {
  const key = new Keys(prefix).index(bucketOf(id), userId).key
  const [removed] = await Promise.all(clientOf(driver).sendAll([{ key, args: ['ZREM', key, memberOf(id)] }]))
  if (removed !== 1) throw new Error(`${id} was not in the index of ${userId}.`)
}
