import type { Engine, Instant } from '../../core/port.ts'
import type { AclOptions } from './acl.ts'
import type { RedisClient } from './client.ts'
import { examine } from './doctor-examination.ts'
import type { Finding } from './doctor-finding.ts'
import { DoctorServer } from './doctor-server.ts'
import { subjectOf } from './doctor-subject.ts'
import type { Driver } from './driver.ts'
import { failureOf } from './failures.ts'
import { BUCKETS, Keys } from './keys.ts'

export interface DoctorOptions {
  /** The caller's clock, beside which the servers' are held. */
  readonly now: () => Instant
  /** The application's user, and what it needs beyond what is known. Without `user` the one who looks is meant. */
  readonly acl?: AclOptions
  /** How many replicas a write waits for; an engine's own number when left out. */
  readonly replicas?: number
  /** Whether an eviction policy `volatile-…` is agreed to, while there is room. False. */
  readonly allowVolatile?: boolean
  /** How many keys of each server are looked at. 10,000. */
  readonly maxKeys?: number
}

const MAX_KEYS = 10_000

/**
 * What the settings of every primary mean for sessions. It changes nothing. What the client's user may not
 * look at is a finding as well: give it a client whose user has the rights of `doctorRule`.
 * @throws SessionError `ENGINE_UNAVAILABLE` when a server does not answer, `INVALID_ARGUMENT`
 */
export async function doctor(
  engineOrClient: Engine | Driver,
  options: DoctorOptions,
): Promise<readonly Finding[]> {
  const { client, ...known } = subjectOf(engineOrClient)
  const { now, replicas = known.replicas, allowVolatile = false, maxKeys = MAX_KEYS } = options
  const acl = { ...known.acl, ...options.acl }
  const questions = { now, acl, replicas, allowVolatile, maxKeys }
  const findings = [...keyOfEach(client, acl.prefix)].map(async ([node, key]) => {
    const connection = await client.connect(key).catch((error: unknown) => {
      throw failureOf(error, 'ENGINE_UNAVAILABLE')
    })
    try {
      return await examine(new DoctorServer(node, connection), questions)
    } finally {
      connection.close()
    }
  })
  return (await Promise.all(findings)).flat()
}

/** A key of each primary's: every one holds slots of many buckets. */
function keyOfEach(client: RedisClient, prefix = 'sojourn'): ReadonlyMap<string, string> {
  const keys = new Keys(prefix)
  const nodes = new Map<string, string>()
  for (const bucket of BUCKETS) {
    const key = keys.due(bucket)
    const node = client.primaryOf(key)
    if (!nodes.has(node)) nodes.set(node, key)
  }
  return nodes
}
