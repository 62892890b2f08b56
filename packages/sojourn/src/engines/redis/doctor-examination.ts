import type { Instant } from '../../core/port.ts'
import type { AclOptions } from './acl.ts'
import { checkClock, type ServerTime } from './doctor-clock.ts'
import { checkMinReplicas, checkPersistence, checkReplicas } from './doctor-durability.ts'
import { type CheckName, type Finding, type Result, warn } from './doctor-finding.ts'
import { checkKeys, sampleKeys } from './doctor-keys.ts'
import { checkLibrary, OWN_LIBRARIES, tooOldForFunctions } from './doctor-library.ts'
import { checkEviction, checkMemory } from './doctor-memory.ts'
import { checkDefaultUser, checkRights, noSuchUser, tryRights } from './doctor-rights.ts'
import { type DoctorServer, type Looked, textOf } from './doctor-server.ts'
import { checkVersion, serverVersion } from './doctor-version.ts'

/** What `doctor` was asked, with nothing left open. */
export interface Questions {
  readonly now: () => Instant
  readonly acl: AclOptions
  readonly replicas: number
  readonly allowVolatile: boolean
  readonly maxKeys: number
}

type Info = Looked<ReadonlyMap<string, string>>
type Examined = readonly (readonly [CheckName, Looked<Result>])[]

/** Every finding on one server, in the order in which they are shown. */
export async function examine(server: DoctorServer, questions: Questions): Promise<readonly Finding[]> {
  const info = await server.info()
  const examined = [
    ...(await examineSettings(server, info, questions)),
    ['rights', await examineRights(server, info, questions)],
    ...(questions.acl.functions === true ? await examineLibrary(server, info) : []),
    ['default-user', map(await server.flagsOf('default'), checkDefaultUser)],
    ['clock', map(await timeOf(server, questions), checkClock)],
    ['keys', await examineKeys(server, questions)],
  ] as const
  return examined.map(([check, result]) => ({ check, node: server.node, ...resultOf(result) }))
}

async function examineSettings(server: DoctorServer, info: Info, questions: Questions): Promise<Examined> {
  const [fsync, save, minReplicas] = await Promise.all([
    server.setting('appendfsync'),
    server.setting('save'),
    server.setting('min-replicas-to-write'),
  ])
  const { allowVolatile, replicas, acl } = questions
  const settings = { fsync, save, isAsked: acl.fsync === true }
  return [
    ['version', map(info, checkVersion)],
    ['eviction', map(info, (facts) => checkEviction(facts, allowVolatile))],
    ['memory', map(info, checkMemory)],
    ['persistence', map(info, (facts) => checkPersistence(facts, settings))],
    ['replicas', map(info, (facts) => checkReplicas(facts, replicas))],
    [
      'min-replicas',
      'missing' in minReplicas
        ? minReplicas
        : map(info, (facts) => checkMinReplicas(facts, minReplicas.value)),
    ],
  ]
}

async function examineRights(
  server: DoctorServer,
  info: Info,
  questions: Questions,
): Promise<Looked<Result>> {
  const acl = aclFor(info, questions.acl)
  const user = acl.user === undefined ? await server.whoAmI() : { value: acl.user }
  if ('missing' in user) return user
  const flags = await server.flagsOf(user.value)
  if ('missing' in flags) return flags
  if (flags.value === null) return { value: noSuchUser(user.value, acl) }
  return map(await tryRights(server, user.value, acl), (tried) => checkRights(tried, acl))
}

/** What this server can grant: a rule with a word that it does not know is an error as a whole. */
function aclFor(info: Info, acl: AclOptions): AclOptions {
  if ('missing' in info) return { ...acl, server: acl.fsync === true ? '7.2' : (acl.server ?? '7.0') }
  const server = serverVersion(info.value)
  return {
    ...acl,
    server,
    fsync: acl.fsync === true && server === '7.2',
    functions: acl.functions === true && server !== '6.2',
  }
}

async function examineLibrary(server: DoctorServer, info: Info): Promise<Examined> {
  const isTooOld = 'value' in info && serverVersion(info.value) === '6.2'
  const result = isTooOld
    ? { value: tooOldForFunctions() }
    : map(await server.libraries(OWN_LIBRARIES), checkLibrary)
  return [['library', result]]
}

async function examineKeys(server: DoctorServer, { acl, maxKeys }: Questions): Promise<Looked<Result>> {
  const { prefix = 'sojourn' } = acl
  return map(await sampleKeys(server, prefix, maxKeys), (sample) => checkKeys(sample, prefix))
}

async function timeOf(server: DoctorServer, { now }: Questions): Promise<Looked<ServerTime>> {
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
