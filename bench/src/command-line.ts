import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { CONTESTANT_NAMES, type ContestantName, isContestant } from './contestants/contestants.ts'

export interface EmbeddedOptions {
  readonly mode: 'full' | 'quick'
  /** Where the stores are made, each in a folder of its own that is deleted afterwards. */
  readonly parent: string
  readonly contestants: readonly ContestantName[]
  readonly rounds: number | null
  /** Not null: measure one large store, in place of many stores side by side. */
  readonly sessions: number | null
  readonly check: boolean
  readonly markdown: boolean
  readonly json: string | null
}

export const HELP = `npm run bench -- embedded [options]

  (nothing)            all stores side by side, a few minutes
  --quick              the same in seconds: does it run? Its numbers mean little
  --sessions <count>   one store with that many sessions, such as 1000000, beside one with 10,000
  --check              exit with 1 when a goal is missed
  --only <names>       some of ${CONTESTANT_NAMES.join(', ')}
  --rounds <count>     more rounds, less noise
  --dir <path>         make the stores on another disk than ${tmpdir()}
  --json <path>        write the samples there; else to bench/results
  --markdown           measure nothing: put the last results into docs/performance.md`

/** What both benchmarks take. */
export const COMMON_OPTIONS = {
  quick: { type: 'boolean' },
  check: { type: 'boolean' },
  markdown: { type: 'boolean' },
  sessions: { type: 'string' },
  rounds: { type: 'string' },
  only: { type: 'string' },
  json: { type: 'string' },
} as const
const OPTIONS = { ...COMMON_OPTIONS, dir: { type: 'string' } } as const

/** @throws Error with what is wrong, for the person who typed it */
export function parseEmbedded(args: readonly string[]): EmbeddedOptions {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true })
  return {
    mode: values.quick === true ? 'quick' : 'full',
    parent: values.dir ?? tmpdir(),
    contestants: contestantsOf(values.only),
    rounds: countOf('--rounds', values.rounds),
    sessions: countOf('--sessions', values.sessions),
    check: values.check === true,
    markdown: values.markdown === true,
    json: values.json ?? null,
  }
}

function contestantsOf(only: string | undefined): readonly ContestantName[] {
  const names = only?.split(',') ?? CONTESTANT_NAMES
  return names.map((name) => {
    if (isContestant(name)) return name
    throw new Error(`--only takes ${CONTESTANT_NAMES.join(', ')}; got ${name}.`)
  })
}

/** @throws Error with what is wrong, for the person who typed it */
export function countOf(option: string, text: string | undefined): number | null {
  if (text === undefined) return null
  if (/^[1-9][0-9]{0,7}$/.test(text)) return Number(text)
  throw new Error(`${option} takes a whole number from 1; got ${text}.`)
}
