export type { InvalidationListener, Invalidations } from '../invalidations.ts'
export { nearCache } from './near-cache.ts'
export type { NearCacheOptions } from './near-cache-options.ts'
export type { NearCachedEngine, NearCacheStatus } from './near-cached-engine.ts'
