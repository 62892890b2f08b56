import type { DoctorOptions } from './doctor.ts'
import { checkClock, type ServerTime } from './doctor-clock.ts'
import { checkMinReplicas, checkPersistence, checkReplicas } from './doctor-durability.ts'
import { type CheckName, type Finding, type Result, warn } from './doctor-finding.ts'
import { checkKeys, sampleKeys } from './doctor-keys.ts'
import { checkEviction, checkMemory } from './doctor-memory.ts'
import { checkDefaultUser, checkRights, noSuchUser, tryRights } from './doctor-rights.ts'
import { type DoctorServer, type Looked, textOf } from './doctor-server.ts'
import { checkVersion } from './doctor-version.ts'

type Examined = readonly (readonly [CheckName, Looked<Result>])[]

const MAX_KEYS = 10_000

/** Every finding on one server, in the order in which they are shown. */
export async function examine(server: DoctorServer, options: DoctorOptions): Promise<readonly Finding[]> {
  const examined = [
    ...(await examineSettings(server, options)),
    ...(await examineUsers(server, options)),
    ['clock', map(await timeOf(server, options), checkClock)],
    ['keys', await examineKeys(server, options)],
  ] as const
  return examined.map(([check, result]) => ({ check, node: server.node, ...resultOf(result) }))
}

async function examineSettings(
  server: DoctorServer,
  { allowVolatile = false }: DoctorOptions,
): Promise<Examined> {
  const info = await server.info()
  const [fsync, save, minReplicas] = await Promise.all([
    server.setting('appendfsync'),
    server.setting('save'),
    server.setting('min-replicas-to-write'),
  ])
  return [
    ['version', map(info, checkVersion)],
    ['eviction', map(info, (facts) => checkEviction(facts, allowVolatile))],
    ['memory', map(info, checkMemory)],
    ['persistence', map(info, (facts) => checkPersistence(facts, fsync, save))],
    ['replicas', map(info, checkReplicas)],
    [
      'min-replicas',
      'missing' in minReplicas
        ? minReplicas
        : map(info, (facts) => checkMinReplicas(facts, minReplicas.value)),
    ],
  ]
}

async function examineUsers(server: DoctorServer, options: DoctorOptions): Promise<Examined> {
  return [
    ['rights', await examineRights(server, options)],
    ['default-user', map(await server.flagsOf('default'), checkDefaultUser)],
  ]
}

async function examineRights(server: DoctorServer, { acl = {} }: DoctorOptions): Promise<Looked<Result>> {
  const user = acl.user === undefined ? await server.whoAmI() : { value: acl.user }
  if ('missing' in user) return user
  const flags = await server.flagsOf(user.value)
  if ('missing' in flags) return flags
  if (flags.value === null) return { value: noSuchUser(user.value, acl) }
  return map(await tryRights(server, user.value, acl), (tried) => checkRights(tried, acl))
}

async function examineKeys(
  server: DoctorServer,
  { acl: { prefix = 'sojourn' } = {}, maxKeys = MAX_KEYS }: DoctorOptions,
): Promise<Looked<Result>> {
  return map(await sampleKeys(server, prefix, maxKeys), (sample) => checkKeys(sample, prefix))
}

async function timeOf(server: DoctorServer, { now }: DoctorOptions): Promise<Looked<ServerTime>> {
  const askedAt = now()
  return server.ask('time', ['TIME'], (reply) => {
    const [seconds = 0, microseconds = 0] = textOf(reply).split(' ').map(Number)
    return { askedAt, serverAt: seconds * 1_000 + Math.floor(microseconds / 1_000), answeredAt: now() }
  })
}

function map<T>(looked: Looked<T>, check: (value: T) => Result): Looked<Result> {
  return 'missing' in looked ? looked : { value: check(looked.value) }
}

function resultOf(looked: Looked<Result>): Result {
  if ('value' in looked) return looked.value
  const found = `not looked at: it takes ${looked.missing}`
  return warn(
    found,
    'Nobody knows.',
    'Ask again as a user who may look: sojourn-doctor --acl prints the rule.',
  )
}
