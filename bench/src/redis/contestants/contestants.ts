import { connectRedis, connectRedisOfExpress } from './connect-redis.ts'
import { type RedisContestant, type Servers, VERBS, type Verb } from './contestant.ts'
import { engineAlone } from './engine-alone.ts'
import { fastifySessionOnRedis } from './fastify-session.ts'
import { rawIoredis, rawMget, rawNodeRedis } from './raw-clients.ts'
import { sojournOnIoredis, sojournOnNodeRedis } from './sojourn-redis.ts'

interface Entry {
  /** What is in the tables. */
  readonly title: string
  readonly verbs: readonly Verb[]
  /** What reads all sessions there are, and so is measured one at a time. */
  readonly slowVerbs: readonly Verb[]
  open(servers: Servers): Promise<RedisContestant>
}

const OF_ONE_SESSION = ['read', 'rewrite', 'update', 'create'] as const
const OF_ONE_USER = ['list', 'revokeUser'] as const

/** All that is measured, in the order of the tables. */
export const REDIS_CONTESTANTS = {
  'sojourn-ioredis': {
    title: 'sojourn, ioredis',
    verbs: VERBS,
    slowVerbs: [],
    open: (servers) => sojournOnIoredis(servers),
  },
  'sojourn-node-redis': {
    title: 'sojourn, node-redis',
    verbs: VERBS,
    slowVerbs: [],
    open: sojournOnNodeRedis,
  },
  'sojourn-due': {
    title: 'sojourn, ioredis, due: true',
    verbs: ['rewrite', 'create'],
    slowVerbs: [],
    open: (servers) => sojournOnIoredis(servers, true),
  },
  'connect-redis': {
    title: 'connect-redis',
    verbs: VERBS,
    slowVerbs: OF_ONE_USER,
    open: connectRedis,
  },
  'express-session': {
    title: 'connect-redis in express-session',
    verbs: OF_ONE_SESSION,
    slowVerbs: [],
    open: connectRedisOfExpress,
  },
  'fastify-session': {
    title: 'connect-redis in @fastify/session',
    verbs: OF_ONE_SESSION,
    slowVerbs: [],
    open: fastifySessionOnRedis,
  },
  'engine-alone': {
    title: "sojourn's engine alone, ioredis",
    verbs: ['read'],
    slowVerbs: [],
    open: engineAlone,
  },
  'raw-mget': {
    title: 'bare ioredis, one MGET a turn',
    verbs: ['read'],
    slowVerbs: [],
    open: rawMget,
  },
  'raw-ioredis': { title: 'bare ioredis', verbs: OF_ONE_SESSION, slowVerbs: [], open: rawIoredis },
  'raw-node-redis': { title: 'bare node-redis', verbs: OF_ONE_SESSION, slowVerbs: [], open: rawNodeRedis },
} as const satisfies Record<string, Entry>

export type RedisContestantName = keyof typeof REDIS_CONTESTANTS

export function isRedisContestant(name: string): name is RedisContestantName {
  return Object.hasOwn(REDIS_CONTESTANTS, name)
}

/** The names of all, in the order of the tables. */
export const REDIS_CONTESTANT_NAMES: readonly RedisContestantName[] =
  Object.keys(REDIS_CONTESTANTS).filter(isRedisContestant)

/** Whether it is measured with so many callers at once. */
export function isAble(name: RedisContestantName, verb: Verb, concurrency: number): boolean {
  const { verbs, slowVerbs }: Entry = REDIS_CONTESTANTS[name]
  return verbs.includes(verb) && (concurrency === 1 || !slowVerbs.includes(verb))
}
