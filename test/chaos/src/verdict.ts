import type { Row, Variant } from './play.ts'
import { REACHES, type Reach } from './scene.ts'

/** The time in which a client must find the servers again, once they are there. */
const AFTER_ELECTION_MS = 1_000
/**
 * A connection that is silent is given up after two or three seconds. With Sentinels node-redis waits a second
 * between two looks for a primary, and may need some.
 */
const SLOW_MS = 4_000
/** What the errors of a store may be while servers are away; anything else is a fault of ours. */
const EXPECTED: readonly string[] = ['ENGINE_UNAVAILABLE', 'OUTCOME_UNKNOWN']

/** What is wrong in a row; empty when every promise was kept. */
export function brokenPromises(row: Row): readonly string[] {
  const { fault, variant, lost, undone, twice, afterElectionMs, errors } = row
  const survives = (reach: Reach) => REACHES.indexOf(reach) >= REACHES.indexOf(fault.survivedBy)
  // With every replica asked to confirm, nothing is confirmed until the one that fell is back.
  const mustBeQuick = variant.replicas < 2
  return [
    ...(survives(reachOf(variant, variant.durability)) && lost > 0 ? [`${lost} confirmed writes lost`] : []),
    ...(survives(reachOf(variant, variant.security)) && undone > 0 ? [`${undone} log-outs undone`] : []),
    ...(twice > 0 ? [`${twice} changes made twice`] : []),
    ...(mustBeQuick && afterElectionMs > limitOf(row)
      ? [`no success for ${Math.round(afterElectionMs)} ms after the servers were back`]
      : []),
    ...[...errors.keys()].filter((code) => !EXPECTED.includes(code)).map((code) => `error ${code}`),
  ]
}

function limitOf({ fault: { topology, isSilent }, variant: { driver } }: Row): number {
  const isSlow = isSilent || (driver === 'node-redis' && topology === 'Sentinel')
  return isSlow ? SLOW_MS : AFTER_ELECTION_MS
}

function reachOf({ replicas }: Variant, durability: Variant['durability']): Reach {
  if (durability === 'acknowledged') return 'the primary'
  return replicas < 2 ? 'one replica' : 'all replicas'
}
