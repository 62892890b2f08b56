import type { DriverName } from './clients.test-support.ts'
import type { TopologyName } from './topologies.test-support.ts'

/** Where the engine must be right, and over which drivers. */
export const PLACES: readonly (readonly [TopologyName, readonly DriverName[]])[] = [
  ['one server', ['ioredis', 'node-redis', 'iovalkey']],
  ['Sentinel', ['ioredis', 'node-redis']],
]
