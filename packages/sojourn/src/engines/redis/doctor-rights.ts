import { type AclOptions, aclRule, keyPattern, rightsOf } from './acl.ts'
import { fail, ok, type Result, warn } from './doctor-finding.ts'
import type { DoctorServer, Looked } from './doctor-server.ts'

/** What the user of the application lacks, and what it has beyond need. */
export interface TriedRights {
  readonly user: string
  readonly lacks: readonly string[]
  readonly exceeds: readonly string[]
}

/**
 * What an application must not be able to do (SECURITY T88): read the names or values of others, change the
 * server, run code of its own choice, or listen in.
 */
const FORBIDDEN: readonly (readonly [string, ...string[]])[] = [
  ['KEYS', '*'],
  ['SCAN', '0'],
  ['RANDOMKEY'],
  ['FLUSHALL'],
  ['FLUSHDB'],
  ['SHUTDOWN'],
  ['CONFIG', 'GET', '*'],
  ['CONFIG', 'SET', 'save', ''],
  ['EVAL', 'return 1', '0'],
  ['SCRIPT', 'FLUSH'],
  ['FUNCTION', 'LOAD', 'library'],
  ['FUNCTION', 'DELETE', 'sojourn'],
  ['ACL', 'LIST'],
  ['ACL', 'SETUSER', 'somebody'],
  ['CLIENT', 'LIST'],
  ['CLIENT', 'KILL', 'ID', '1'],
  ['MONITOR'],
  ['DEBUG', 'SLEEP', '0'],
  ['MODULE', 'LIST'],
  ['REPLICAOF', 'NO', 'ONE'],
  ['SYNC'],
  ['PUBLISH', 'channel', 'message'],
  ['SUBSCRIBE', 'channel'],
  ['PSUBSCRIBE', '*'],
]
const SHOWN = 8
const WITHOUT_FUNCTIONS = [['FCALL', 'any', '0']] as const
const WITH_FUNCTIONS = [
  ['EVALSHA', '0'.repeat(40), '0'],
  ['SCRIPT', 'LOAD', 'return 1'],
] as const

/** Asks the server what it would allow, and changes nothing. Needs ACL DRYRUN, so Redis 7.0. */
export async function tryRights(
  server: DoctorServer,
  user: string,
  options: AclOptions,
): Promise<Looked<TriedRights>> {
  const { prefix = 'sojourn' } = options
  const key = `${keyPattern(prefix).slice(0, -1)}--}:s:----------------`
  const lacks: string[] = []
  const exceeds: string[] = []
  for (const { rule, trial } of rightsOf(options)) {
    const allowed = await server.allows(user, trial(key))
    if ('missing' in allowed) return allowed
    if (!allowed.value) lacks.push(rule)
  }
  for (const command of forbidden(prefix, options)) {
    const allowed = await server.allows(user, command)
    if ('missing' in allowed) return allowed
    if (allowed.value) exceeds.push(command.slice(0, 2).join(' '))
  }
  return { value: { user, lacks, exceeds } }
}

export function checkRights({ user, lacks, exceeds }: TriedRights, options: AclOptions): Result {
  const { user: _user, ...rest } = options
  // The user that every connection has at first is nobody's to be.
  const set = aclRule(user === 'default' ? rest : { ...rest, user })
  if (lacks.length > 0) {
    return fail(`the user ${user} lacks ${lacks.join(' ')}`, 'sojourn is refused (NOPERM).', set)
  }
  if (exceeds.length > 0) {
    const means = 'Who takes over the application takes over the server, and what else lies on it.'
    return warn(`the user ${user} may do more than needed: ${shortened(exceeds)}`, means, set)
  }
  return ok(`the user ${user} may do what is needed, and nothing of what is not`, 'Least privilege holds.')
}

function shortened(commands: readonly string[]): string {
  const shown = commands.slice(0, SHOWN).join(', ')
  return commands.length > SHOWN ? `${shown} and ${commands.length - SHOWN} more` : shown
}

export function noSuchUser(user: string, options: AclOptions): Result {
  return fail(`there is no user ${user}`, 'The application cannot log in.', aclRule({ ...options, user }))
}

/** The user that a connection has before it says who it is; `flags` is null without one. SECURITY T90. */
export function checkDefaultUser(flags: string | null): Result {
  const words = flags?.split(' ') ?? []
  if (words.includes('on') && words.includes('nopass')) {
    return fail(
      'the user default is on and needs no password',
      'Whoever reaches the port reads and changes every session.',
      'Give the application a user of its own, then ACL SETUSER default off.',
    )
  }
  return ok(
    `the user default is ${words.includes('on') ? 'on, with a password' : 'off'}`,
    'The port asks who it is.',
  )
}

function forbidden(prefix: string, options: AclOptions): readonly (readonly string[])[] {
  // Another store whose name begins alike, and what is nobody's.
  const others = [`${prefix}:other:{--}:s:x`, `${prefix}-other`, 'other'].flatMap((key) => [
    ['GET', key],
    ['SET', key, 'v'],
  ])
  const code = options.functions === true ? WITH_FUNCTIONS : WITHOUT_FUNCTIONS
  const forbidden = FORBIDDEN.filter(([name]) => name !== 'SCAN' || options.scan !== true)
  return [...forbidden, ...code, ...others]
}
