import { ON_CLUSTER } from './on-cluster.ts'
import { ON_SENTINEL } from './on-sentinel.ts'
import { ON_ONE_SERVER } from './one-server.ts'
import { DRIVERS, type Variant } from './play.ts'
import type { Fault } from './scene.ts'

export const FAULTS: readonly Fault[] = [...ON_ONE_SERVER, ...ON_SENTINEL, ...ON_CLUSTER]

const ACKNOWLEDGED = { durability: 'acknowledged', security: 'acknowledged', replicas: 0 } as const
/** Each primary that is struck has two replicas. */
const CONFIRMED = [
  { durability: 'acknowledged', security: 'replicated', replicas: 1 },
  { durability: 'replicated', security: 'replicated', replicas: 1 },
  { durability: 'replicated', security: 'replicated', replicas: 2 },
] as const

/** Each driver with each durability that the topology can give. */
export function variantsOf({ topology }: Fault): readonly Variant[] {
  const possible = topology === 'one server' ? [ACKNOWLEDGED] : [ACKNOWLEDGED, ...CONFIRMED]
  return DRIVERS.flatMap((driver) => possible.map((each) => ({ driver, ...each })))
}
