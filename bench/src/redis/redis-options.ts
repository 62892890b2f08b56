import { parseArgs } from 'node:util'
import { COMMON_OPTIONS, countOf } from '../command-line.ts'
import {
  isRedisContestant,
  REDIS_CONTESTANT_NAMES,
  type RedisContestantName,
} from './contestants/contestants.ts'

export interface RedisBenchOptions {
  readonly mode: 'full' | 'quick'
  readonly contestants: readonly RedisContestantName[]
  readonly rounds: number | null
  readonly check: boolean
  readonly markdown: boolean
  readonly json: string | null
  /** Not null: measure one large store, in place of many contestants. */
  readonly sessions: number | null
}

const DEFAULT_SESSIONS = 3_000_000
const QUICK_SESSIONS = 5_000

export const REDIS_HELP = `npm run bench -- redis [options]

  (nothing)            all ways to keep sessions in Redis side by side, about ten minutes
  --scale              one store with many sessions, beside one with 10,000; about five minutes
  --sessions <count>   how many; ${DEFAULT_SESSIONS} unless told, and 10000000 need 8 GB of memory
  --quick              the same in seconds: does it run? Its numbers mean little
  --check              exit with 1 when a goal is missed
  --only <names>       some of ${REDIS_CONTESTANT_NAMES.join(', ')}
  --rounds <count>     more rounds, less noise
  --json <path>        write the samples there; else to bench/results
  --markdown           measure nothing: put the last results into docs/performance.md`

const OPTIONS = { ...COMMON_OPTIONS, scale: { type: 'boolean' } } as const

/** @throws Error with what is wrong, for the person who typed it */
export function parseRedis(args: readonly string[]): RedisBenchOptions {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true })
  const mode = values.quick === true ? 'quick' : 'full'
  const sessions = countOf('--sessions', values.sessions)
  if (sessions !== null && values.scale !== true) throw new Error('--sessions belongs to --scale.')
  const many = sessions ?? (mode === 'quick' ? QUICK_SESSIONS : DEFAULT_SESSIONS)
  return {
    mode,
    contestants: contestantsOf(values.only),
    rounds: countOf('--rounds', values.rounds),
    check: values.check === true,
    markdown: values.markdown === true,
    json: values.json ?? null,
    sessions: values.scale === true ? many : null,
  }
}

function contestantsOf(only: string | undefined): readonly RedisContestantName[] {
  const names = only?.split(',') ?? REDIS_CONTESTANT_NAMES
  return names.map((name) => {
    if (isRedisContestant(name)) return name
    throw new Error(`--only takes ${REDIS_CONTESTANT_NAMES.join(', ')}; got ${name}.`)
  })
}
