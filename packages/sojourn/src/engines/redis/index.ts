export type { Driver } from './driver.ts'
export { redis } from './redis.ts'
export type { Durability, RedisOptions } from './redis-options.ts'
