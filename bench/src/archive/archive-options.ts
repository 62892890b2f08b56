import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { COMMON_OPTIONS, countOf } from '../command-line.ts'
import { ENGINE_NAMES, type EngineName, isEngine } from './engines.ts'

/** What can be measured by itself. */
const PARTS = ['throughput', 'beside', 'promptness', 'backlog'] as const
export type Part = (typeof PARTS)[number]

export interface ArchiveBenchOptions {
  readonly mode: 'full' | 'quick'
  readonly engines: readonly EngineName[]
  readonly parts: readonly Part[]
  readonly rounds: number | null
  /** How many are due at once in the backlog; null for the usual number. */
  readonly sessions: number | null
  readonly parent: string
  readonly check: boolean
  readonly markdown: boolean
  readonly json: string | null
}

export const ARCHIVE_HELP = `npm run bench -- archive [options]

  (nothing)            how fast ended sessions come to an archive, and what reads feel of it; with --rounds 1 about
                       half an hour
  --parts <names>      some of ${PARTS.join(', ')}
  --sessions <count>   the backlog alone, with so many sessions due at once, such as 1000000
  --quick              the same in seconds: does it run? Its numbers mean little
  --check              exit with 1 when a goal is missed
  --only <names>       some of ${ENGINE_NAMES.join(', ')}
  --rounds <count>     more rounds, less noise
  --dir <path>         make the stores on another disk than ${tmpdir()}
  --json <path>        write the samples there; else to bench/results
  --markdown           measure nothing: put the last results into docs/performance.md`

const OPTIONS = { ...COMMON_OPTIONS, dir: { type: 'string' }, parts: { type: 'string' } } as const

/** @throws Error with what is wrong, for the person who typed it */
export function parseArchive(args: readonly string[]): ArchiveBenchOptions {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true })
  const sessions = countOf('--sessions', values.sessions)
  const parts: readonly Part[] = sessions === null ? PARTS : ['backlog']
  return {
    mode: values.quick === true ? 'quick' : 'full',
    engines: chosen('--only', values.only, isEngine, ENGINE_NAMES),
    parts: chosen('--parts', values.parts, isPart, parts),
    rounds: countOf('--rounds', values.rounds),
    sessions,
    parent: values.dir ?? tmpdir(),
    check: values.check === true,
    markdown: values.markdown === true,
    json: values.json ?? null,
  }
}

function chosen<Name extends string>(
  option: string,
  text: string | undefined,
  isName: (text: string) => text is Name,
  all: readonly Name[],
): readonly Name[] {
  if (text === undefined) return all
  return text.split(',').map((name) => {
    if (isName(name)) return name
    throw new Error(`${option} takes ${all.join(', ')}; got ${name}.`)
  })
}

function isPart(name: string): name is Part {
  return PARTS.some((part) => part === name)
}
