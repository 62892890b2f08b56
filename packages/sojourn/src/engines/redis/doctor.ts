import type { Instant } from '../../core/port.ts'
import type { AclOptions } from './acl.ts'
import type { RedisClient } from './client.ts'
import { examine } from './doctor-examination.ts'
import type { Finding } from './doctor-finding.ts'
import { DoctorServer } from './doctor-server.ts'
import { clientOf, type Driver } from './driver.ts'
import { BUCKETS, Keys } from './keys.ts'

export interface DoctorOptions {
  /** The caller's clock, beside which the servers' are held. */
  readonly now: () => Instant
  /** The application's user and what it needs. Without `user` the one who looks is meant. */
  readonly acl?: AclOptions
  /** Whether an eviction policy `volatile-…` is agreed to, while there is room. False. */
  readonly allowVolatile?: boolean
  /** How many keys of each server are looked at. 10,000. */
  readonly maxKeys?: number
}

/**
 * What the settings of every primary mean for sessions. It changes nothing. What the client's user may not
 * look at is a finding as well; `doctorRule` is the rule for a user who may.
 * @throws SessionError `ENGINE_UNAVAILABLE` when a server does not answer
 */
export async function doctor(driver: Driver, options: DoctorOptions): Promise<readonly Finding[]> {
  const client = clientOf(driver)
  const keys = new Keys(options.acl?.prefix ?? 'sojourn')
  const findings = [...keyOfEach(client, keys)].map(async ([node, key]) => {
    const connection = await client.connect(key)
    try {
      return await examine(new DoctorServer(node, connection), options)
    } finally {
      connection.close()
    }
  })
  return (await Promise.all(findings)).flat()
}

/** A key of each primary's: every one holds slots of many buckets. */
function keyOfEach(client: RedisClient, keys: Keys): ReadonlyMap<string, string> {
  const nodes = new Map<string, string>()
  for (const bucket of BUCKETS) {
    const key = keys.due(bucket)
    const node = client.primaryOf(key)
    if (!nodes.has(node)) nodes.set(node, key)
  }
  return nodes
}
