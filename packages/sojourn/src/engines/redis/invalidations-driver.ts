import type { Driver } from './driver.ts'
import { ioredisSubscriber } from './invalidations-ioredis.ts'
import { nodeRedisSubscriber } from './invalidations-node-redis.ts'
import type { Subscriber } from './invalidations-subscriber.ts'
import { isIoredis } from './ioredis-client.ts'
import { isNodeRedis } from './node-redis-client.ts'
import { refusal } from './refusal.ts'

/** A connection to the primary of this key that listens, with the settings and credentials of the client. */
export async function subscriberOf(driver: Driver, key: string): Promise<Subscriber> {
  if (isIoredis(driver)) return ioredisSubscriber(driver, key)
  if (isNodeRedis(driver)) return nodeRedisSubscriber(driver, key)
  throw refusal('client must be a client of ioredis, iovalkey or node-redis')
}
