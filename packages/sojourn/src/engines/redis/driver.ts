import type { RedisClient } from './client.ts'
import { IoredisClient, type IoredisCluster, type IoredisNode, isIoredis } from './ioredis-client.ts'
import {
  isNodeRedis,
  NodeRedisClient,
  type NodeRedisCluster,
  type NodeRedisNode,
  type NodeRedisSentinel,
} from './node-redis-client.ts'
import { refusal } from './refusal.ts'

/** A client of ioredis, iovalkey or node-redis, described by what is called on it. */
export type Driver = IoredisNode | IoredisCluster | NodeRedisNode | NodeRedisCluster | NodeRedisSentinel

/** @throws SessionError `INVALID_ARGUMENT` for what is no client, or one whose settings would break sessions */
export function clientOf(driver: Driver): RedisClient {
  if (isIoredis(driver)) return new IoredisClient(driver)
  if (isNodeRedis(driver)) return new NodeRedisClient(driver)
  throw refusal('client must be a client of ioredis, iovalkey or node-redis')
}
