import { feedKey } from './feed-key.ts'
import { beatPattern } from './invalidations-keys.ts'
import { refusal } from './refusal.ts'
import { SCRIPTS } from './scripts.gen.ts'

/** From which version on a right exists: naming one that a server does not know makes its whole rule an error. */
export type ServerVersion = '6.2' | '7.0' | '7.2'

export interface AclOptions {
  /** The store's `prefix`. `sojourn`. */
  readonly prefix?: string
  /** The name of the user. `sojourn`. */
  readonly user?: string
  /** What the server is at least. `7.0`. */
  readonly server?: ServerVersion
  /** Durability `replicated`. */
  readonly wait?: boolean
  /** Durability `fsync`. */
  readonly fsync?: boolean
  readonly nearCache?: boolean
  /** The event feed, `redisFeed`. */
  readonly feed?: boolean
  readonly cluster?: boolean
  readonly sentinel?: boolean
  /** Walks over all that is stored (`scan`): lets the user see the names of all keys of the server. */
  readonly scan?: boolean
  /** `code: 'functions'`: an administrator loaded the library, and the user may load no code at all (T91). */
  readonly functions?: boolean
}

/** One right, as a rule writes it, and a command that needs it; the key is one of the store's. */
export interface Right {
  readonly rule: string
  readonly trial: (key: string) => readonly string[]
}

type WalkCommand = 'CLUSTER' | 'INFO' | 'SCAN'
type ScriptCommand = Exclude<(typeof SCRIPTS)[keyof typeof SCRIPTS]['commands'][number], WalkCommand>
type Feature = Exclude<keyof AclOptions, 'prefix' | 'user' | 'server'>

/** What the scripts call: the server applies the caller's rights there too. */
const TRIALS: Readonly<Record<ScriptCommand, readonly string[]>> = {
  EXISTS: [],
  GET: [],
  GETRANGE: ['0', '0'],
  PEXPIREAT: ['1'],
  SET: ['v'],
  SETRANGE: ['0', 'v'],
  UNLINK: [],
  ZADD: ['1', 'm'],
  ZCOUNT: ['0', '0'],
  ZRANGE: ['0', '0'],
  ZRANGEBYSCORE: ['0', '0'],
  ZRANK: ['m'],
  ZREM: ['m'],
  ZSCORE: ['m'],
}

const CONNECTING: readonly Right[] = [
  { rule: '+ping', trial: () => ['PING'] },
  { rule: '+hello', trial: () => ['HELLO'] },
  { rule: '+auth', trial: () => ['AUTH', 'password'] },
]
const ALWAYS: readonly Right[] = [{ rule: '+mget', trial: (key) => ['MGET', key] }, ...CONNECTING]
const SCRIPT_LOADING: readonly Right[] = [
  { rule: '+evalsha', trial: (key) => ['EVALSHA', SCRIPTS.end.sha1, '1', key] },
  { rule: '+script|load', trial: () => ['SCRIPT', 'LOAD', 'return 1'] },
]
const FUNCTIONS: readonly Right[] = [
  { rule: '+fcall', trial: (key) => ['FCALL', SCRIPTS.end.functionName, '1', key] },
]
const BY_FEATURE: Readonly<Record<Exclude<Feature, 'functions' | 'scan'>, readonly Right[]>> = {
  wait: [{ rule: '+wait', trial: () => ['WAIT', '1', '1'] }],
  fsync: [{ rule: '+waitaof', trial: () => ['WAITAOF', '1', '0', '1'] }],
  nearCache: [
    { rule: '+client|id', trial: () => ['CLIENT', 'ID'] },
    { rule: '+client|tracking', trial: () => ['CLIENT', 'TRACKING', 'ON'] },
    { rule: '+subscribe', trial: () => ['SUBSCRIBE', INVALIDATIONS] },
  ],
  feed: [
    { rule: '+xadd', trial: (key) => ['XADD', key, '*', 'v', '1'] },
    { rule: '+xrange', trial: (key) => ['XRANGE', key, '-', '+'] },
    { rule: '+xrevrange', trial: (key) => ['XREVRANGE', key, '+', '-'] },
  ],
  cluster: [
    // ioredis connects anew again and again without it, and never says why.
    { rule: '+cluster|info', trial: () => ['CLUSTER', 'INFO'] },
    { rule: '+cluster|slots', trial: () => ['CLUSTER', 'SLOTS'] },
    { rule: '+cluster|shards', trial: () => ['CLUSTER', 'SHARDS'] },
    { rule: '+asking', trial: () => ['ASKING'] },
  ],
  sentinel: [{ rule: '+role', trial: () => ['ROLE'] }],
}
/** A near cache asks each primary itself which slots it has. */
const NEAR_CACHE_IN_CLUSTER: Right = { rule: '+cluster|nodes', trial: () => ['CLUSTER', 'NODES'] }
/** Only for walks: whoever has these sees the names of other applications' keys as well (SECURITY T88). */
const WALK: readonly Right[] = [
  { rule: '+scan', trial: () => ['SCAN', '0'] },
  { rule: '+info', trial: () => ['INFO', 'server'] },
]
const WALK_IN_CLUSTER: readonly Right[] = [
  { rule: '+cluster|countkeysinslot', trial: () => ['CLUSTER', 'COUNTKEYSINSLOT', '0'] },
  { rule: '+cluster|getkeysinslot', trial: () => ['CLUSTER', 'GETKEYSINSLOT', '0', '1'] },
]
/** Where a server tells a connection of the user which keys have changed. */
const INVALIDATIONS = '__redis__:invalidate'
const NAME = /^[A-Za-z0-9:_-]{1,64}$/
const TOPOLOGY = [...BY_FEATURE.cluster, ...BY_FEATURE.sentinel]
const FEATURES = ['wait', 'fsync', 'nearCache', 'feed', 'cluster', 'sentinel'] as const

/**
 * The command that gives a user exactly what the engine needs (SECURITY T87, T91). It sets no password and
 * removes none: a user without one cannot log in.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function aclRule(options: AclOptions = {}): string {
  const { prefix = 'sojourn', user = 'sojourn', server = '7.0', nearCache = false } = options
  if (server !== '7.2' && options.fsync === true) throw refusal('fsync needs a server of 7.2 or newer')
  if (server === '6.2' && options.functions === true) throw refusal('functions need a server of 7.0 or newer')
  const rights = rightsOf(options).map(({ rule }) => rule)
  // Drivers name themselves, and take it well when they may not.
  const names = server === '7.2' ? ['+client|setname', '+client|setinfo'] : ['+client|setname']
  const near = nearCache ? [`~${beatPattern(prefix)}`, `&${INVALIDATIONS}`] : []
  return [...userWords(user, server), `~${keyPattern(prefix)}`, ...near, ...rights, ...names].join(' ')
}

/**
 * The command for the user of `doctor`, who looks and changes nothing. He sees names of keys, and the digests
 * of passwords: he is an administrator's, not the application's.
 */
export function doctorRule({ user = 'doctor', server = '7.0', ...features }: AclOptions = {}): string {
  const rights = ['info', 'config|get', 'time', 'scan', 'acl|whoami', 'acl|getuser']
  const newer = server === '6.2' ? [] : ['acl|dryrun']
  const connecting = [
    'ping',
    'hello',
    'auth',
    'client|setname',
    ...(server === '7.2' ? ['client|setinfo'] : []),
  ]
  const topology = [
    ...(features.cluster === true ? ['cluster|info', 'cluster|slots', 'cluster|shards'] : []),
    ...(features.sentinel === true ? ['role'] : []),
  ]
  const library = features.functions === true ? ['function|list'] : []
  const words = [...rights, ...newer, ...library, ...connecting, ...topology].map((right) => `+${right}`)
  return [...userWords(user, server), ...words].join(' ')
}

/**
 * The command for the user of a service that only reads the event feed (`readFeed`): that one key, and no session.
 * Redis 7.0 and newer tell reading from writing.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function feedReaderRule(options: AclOptions = {}): string {
  const {
    prefix = 'sojourn',
    user = 'sojourn-feed',
    server = '7.0',
    cluster = false,
    sentinel = false,
  } = options
  keyPattern(prefix)
  const key = `${server === '6.2' ? '~' : '%R~'}${feedKey(prefix)}`
  const reading = BY_FEATURE.feed.filter(({ rule }) => rule !== '+xadd')
  const topology = rightsOf({ server, cluster, sentinel }).filter((right) => TOPOLOGY.includes(right))
  const rights = [...reading, ...CONNECTING, ...topology].map(({ rule }) => rule)
  const names = server === '7.2' ? ['+client|setname', '+client|setinfo'] : ['+client|setname']
  return [...userWords(user, server), key, ...rights, ...names].join(' ')
}

/** Every right that the engine needs with these options. */
export function rightsOf(options: AclOptions): readonly Right[] {
  const scripts = Object.values(SCRIPTS).flatMap(({ commands }) => commands.filter(isScriptCommand))
  return [
    ...(options.functions === true ? FUNCTIONS : SCRIPT_LOADING),
    ...[...new Set<ScriptCommand>(['GET', ...scripts])].sort().map(scriptRight),
    ...ALWAYS,
    ...FEATURES.filter((feature) => options[feature] === true).flatMap((feature) =>
      BY_FEATURE[feature].filter(({ rule }) => options.server !== '6.2' || rule !== '+cluster|shards'),
    ),
    ...(options.nearCache === true && options.cluster === true ? [NEAR_CACHE_IN_CLUSTER] : []),
    ...(options.scan === true ? walkRights(options) : []),
  ]
}

/** All keys of a store. No prefix holds a brace: a store `a` has no rights to the keys of a store `a:b`. */
export function keyPattern(prefix: string): string {
  if (!NAME.test(prefix)) throw refusal('prefix must be 1 to 64 characters of A–Z a–z 0–9 : _ -')
  return `${prefix}:{*`
}

function walkRights({ cluster = false }: AclOptions): readonly Right[] {
  return cluster ? WALK_IN_CLUSTER : WALK
}

function isScriptCommand(command: ScriptCommand | WalkCommand): command is ScriptCommand {
  return command in TRIALS
}

function scriptRight(command: ScriptCommand): Right {
  return { rule: `+${command.toLowerCase()}`, trial: (key) => [command, key, ...TRIALS[command]] }
}

/** From nothing on, so that an older rule of this user leaves nothing behind. */
function userWords(user: string, server: ServerVersion): string[] {
  if (!NAME.test(user)) throw refusal('user must be 1 to 64 characters of A–Z a–z 0–9 : _ -')
  const selectors = server === '6.2' ? [] : ['clearselectors']
  return ['ACL', 'SETUSER', user, 'on', ...selectors, 'resetkeys', 'resetchannels', '-@all']
}
