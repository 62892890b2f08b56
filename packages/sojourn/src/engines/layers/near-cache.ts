import type { Engine } from '../../core/port.ts'
import { systemClock } from '../../core/system-clock.ts'
import { CachedRecords } from './cached-records.ts'
import { Freshness } from './freshness.ts'
import {
  checkOptions,
  checkTraits,
  type NearCacheLimits,
  type NearCacheOptions,
} from './near-cache-options.ts'
import { NearCachedEngine, type NearCacheParts } from './near-cached-engine.ts'
import { ReadsInFlight } from './reads-in-flight.ts'
import { WritesInFlight } from './writes-in-flight.ts'

/**
 * The same engine with a cache in this process: reads of sessions that nobody has changed cost no round trip.
 * What this process writes it sees at once; what others write, when their invalidation has travelled here, and
 * in no case later than `staleMs`. The presets `banking`, `aal3` and `console` refuse it (SECURITY T60).
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function nearCache(
  engine: Engine | Promise<Engine>,
  options: NearCacheOptions,
): Promise<NearCachedEngine> {
  const cached = cachedEngine(engine, options)
  // Whoever was to await it may throw first: that must not end the process for the rejection left over.
  cached.catch(() => null)
  return cached
}

async function cachedEngine(
  opening: Engine | Promise<Engine>,
  options: NearCacheOptions,
): Promise<NearCachedEngine> {
  const limits = checkOptions(options)
  const engine = await opening
  checkTraits(engine.traits)
  return new NearCachedEngine(partsOf(engine, options, limits), limits.staleMs)
}

/** The parts as they are meant to be. */
export function partsOf(engine: Engine, options: NearCacheOptions, limits: NearCacheLimits): NearCacheParts {
  const { invalidations, clock = systemClock } = options
  return {
    engine,
    invalidations,
    clock,
    freshness: new Freshness(invalidations, clock, limits.staleMs),
    cached: new CachedRecords(limits),
    reads: new ReadsInFlight(),
    writes: new WritesInFlight(),
  }
}
