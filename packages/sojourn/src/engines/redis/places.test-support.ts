import type { DriverName } from './clients.test-support.ts'
import type { TopologyName } from './topologies.test-support.ts'

/** Over which drivers the engine must be right, and where. */
export const DRIVERS: Readonly<Record<TopologyName, readonly DriverName[]>> = {
  'one server': ['ioredis', 'node-redis', 'iovalkey'],
  Sentinel: ['ioredis', 'node-redis'],
  Cluster: ['ioredis', 'node-redis'],
}
