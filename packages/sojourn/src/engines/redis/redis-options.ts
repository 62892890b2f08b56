import type { Milliseconds } from '../../core/port.ts'
import type { Driver } from './driver.ts'
import { type DriverName, isDriverName } from './driver-for-url.ts'
import { refusal } from './refusal.ts'

/**
 * What an acknowledged write has reached. `acknowledged`: the primary's memory. `replicated`: also the memory
 * of so many replicas (WAIT). `fsync`: the disk of the primary, and of the replicas if asked for (WAITAOF,
 * Redis 7.2 and newer).
 */
export type Durability = 'acknowledged' | 'replicated' | 'fsync'

/**
 * How the engine's Lua reaches the servers. `scripts`: the engine loads it where it is missing. `functions`: an
 * administrator has loaded the library that `sojourn-doctor --library` prints, and the application may load no
 * code (Redis 7.0 and newer, SECURITY T91).
 */
export type CodeSource = 'scripts' | 'functions'

export interface RedisOptions {
  /** A client of ioredis, iovalkey or node-redis: one server, Sentinel or Cluster. It stays yours to close. */
  readonly client?: Driver
  /**
   * Instead of a client: `redis://host:port/database`, `redis+sentinel://host:port,host:port/name` or
   * `redis+cluster://host:port,host:port`, each with `user:password@` if there is one, and `rediss` for TLS.
   */
  readonly url?: string
  /** Which driver's client to make for `url`. The first that is installed: ioredis, iovalkey, node-redis. */
  readonly driver?: DriverName
  /** Lets `url` name another host without TLS: passwords, tokens' digests and data then travel readable. */
  readonly allowPlaintext?: boolean
  /** What every key begins with. Two stores on one server need two. `sojourn`. */
  readonly prefix?: string
  /**
   * Whether what ended or expired is listed until it is settled: needed for archives and for events of
   * expiry. Costs memory and a sweep. Without it, records leave by themselves. False.
   */
  readonly due?: boolean
  /** How long what is listed stays although nobody settles it. 30 days. */
  readonly retention?: Milliseconds
  /** `scripts` when left out. */
  readonly code?: CodeSource
  /** `acknowledged` when left out. */
  readonly durability?: Durability
  /** For what decides who is logged in: log-in, rotation and every end. The same as `durability`. */
  readonly security?: Durability
  /** How many replicas must confirm. 1 with `replicated`, else 0. */
  readonly replicas?: number
  /** How long a confirmation may take before the outcome is unknown. 500 ms. */
  readonly confirmWithin?: Milliseconds
}

export interface CheckedOptions {
  readonly prefix: string
  readonly due: boolean
  readonly retention: Milliseconds
  readonly code: CodeSource
  readonly durability: Durability
  readonly security: Durability
  readonly replicas: number
  readonly confirmWithin: Milliseconds
}

const KNOWN = [
  'client',
  'url',
  'driver',
  'allowPlaintext',
  'prefix',
  'due',
  'retention',
  'code',
  'durability',
  'security',
  'replicas',
  'confirmWithin',
]
/** No braces: the hash tag must be the bucket. No pattern characters: ACL rules name the prefix (T92). */
const PREFIX = /^[A-Za-z0-9:_-]{1,64}$/
const DURABILITIES = ['acknowledged', 'replicated', 'fsync'] as const
const CODE_SOURCES = ['scripts', 'functions'] as const
const RETENTION_MS = 30 * 86_400_000
const CONFIRM_MS = 500
const MAX_REPLICAS = 100
const MAX_CONFIRM_MS = 60_000

/** @throws SessionError `INVALID_ARGUMENT` */
export function checkOptions(options: RedisOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw refusal('the options must be an object')
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name))
  if (unknown !== undefined) throw refusal(`there is no option "${unknown}"`)
  const { prefix = 'sojourn', due = false, retention = RETENTION_MS, code = 'scripts' } = options
  if ((options.client === undefined) === (options.url === undefined)) {
    throw refusal('give either a client or a url')
  }
  if (options.driver !== undefined && (options.url === undefined || !isDriverName(options.driver))) {
    throw refusal('driver is ioredis, iovalkey or node-redis, and goes with a url')
  }
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    throw refusal('prefix must be 1 to 64 characters of A–Z a–z 0–9 : _ -')
  }
  if (typeof due !== 'boolean') throw refusal('due must be true or false')
  assertWhole(retention, 'retention', 2 ** 40)
  if (!CODE_SOURCES.includes(code)) throw refusal('code is scripts or functions')
  return { prefix, due, retention, code, ...confirmationOf(options) }
}

function confirmationOf(
  options: RedisOptions,
): Pick<CheckedOptions, 'durability' | 'security' | 'replicas' | 'confirmWithin'> {
  const { durability = 'acknowledged', confirmWithin = CONFIRM_MS } = options
  const { security = durability } = options
  for (const each of [durability, security]) {
    if (!DURABILITIES.includes(each))
      throw refusal(`durability and security are one of ${DURABILITIES.join(', ')}`)
  }
  if (DURABILITIES.indexOf(security) < DURABILITIES.indexOf(durability)) {
    throw refusal('security must not be weaker than durability')
  }
  const isReplicated = durability === 'replicated' || security === 'replicated'
  const { replicas = isReplicated ? 1 : 0 } = options
  assertWhole(replicas, 'replicas', MAX_REPLICAS)
  if (isReplicated && replicas === 0) throw refusal('replicated needs at least one of replicas')
  assertWhole(confirmWithin, 'confirmWithin', MAX_CONFIRM_MS)
  if (confirmWithin === 0) throw refusal('confirmWithin must not be 0: WAIT would wait for ever')
  return { durability, security, replicas, confirmWithin }
}

function assertWhole(value: number, name: string, max: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > max) {
    throw refusal(`${name} must be a whole number from 0 to ${max}`)
  }
}
