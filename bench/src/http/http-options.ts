import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { COMMON_OPTIONS, countOf } from '../command-line.ts'
import { FRAMEWORK_NAMES, type FrameworkName, isFramework } from './frameworks.ts'

export interface HttpBenchOptions {
  readonly mode: 'full' | 'quick'
  readonly frameworks: readonly FrameworkName[]
  readonly rounds: number | null
  /** Where stores are made; they are deleted afterwards. */
  readonly parent: string
  readonly check: boolean
  readonly markdown: boolean
  readonly json: string | null
}

export const HTTP_HELP = `npm run bench -- http [options]

  (nothing)            what a session costs a request, on every framework; some minutes
  --quick              the same in seconds: does it run? Its numbers mean little
  --check              exit with 1 when a goal is missed
  --only <names>       some of ${FRAMEWORK_NAMES.join(', ')}
  --rounds <count>     more rounds, less noise
  --dir <path>         make the stores on another disk than ${tmpdir()}
  --json <path>        write the samples there; else to bench/results
  --markdown           measure nothing: put the last results into docs/performance.md`

const { sessions: _, ...COMMON } = COMMON_OPTIONS
const OPTIONS = { ...COMMON, dir: { type: 'string' } } as const

/** @throws Error with what is wrong, for the person who typed it */
export function parseHttp(args: readonly string[]): HttpBenchOptions {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true })
  return {
    mode: values.quick === true ? 'quick' : 'full',
    frameworks: frameworksOf(values.only),
    rounds: countOf('--rounds', values.rounds),
    parent: values.dir ?? tmpdir(),
    check: values.check === true,
    markdown: values.markdown === true,
    json: values.json ?? null,
  }
}

function frameworksOf(only: string | undefined): readonly FrameworkName[] {
  const names = only?.split(',') ?? FRAMEWORK_NAMES
  return names.map((name) => {
    if (isFramework(name)) return name
    throw new Error(`--only takes ${FRAMEWORK_NAMES.join(', ')}; got ${name}.`)
  })
}
