import { parseArgs } from 'node:util'
import type { Duration } from 'sojourn'

export const USAGE = `Usage: npm start -- [options]

  --port <number>       where to listen; 0 takes a free port     (default 3000)
  --host <address>      whom to listen for                       (default 127.0.0.1)
  --data <directory>    where sessions and accounts are kept     (default ./data/bank)

To try things out sooner than a bank would have it:

  --idle <duration>     log out after this time of doing nothing (default 5m)
  --absolute <duration> log out after this time in any case      (default 1h)
  --recent <duration>   how long a password counts as fresh      (default 5m)
  --help
`

export interface CommandLine {
  readonly port: number
  readonly host: string
  readonly data: string
  readonly lifetime: { readonly idle: Duration; readonly absolute: Duration } | null
  readonly recentAuth: Duration
}

/** What the person who started the bank can put right. Its message is the one line to print. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const OPTIONS = {
  port: { type: 'string', default: '3000' },
  host: { type: 'string', default: '127.0.0.1' },
  data: { type: 'string', default: './data/bank' },
  idle: { type: 'string' },
  absolute: { type: 'string' },
  recent: { type: 'string', default: '5m' },
  help: { type: 'boolean', default: false },
} as const

/** `help` when only the usage is wanted. @throws UsageError */
export function parseCommandLine(args: readonly string[]): CommandLine | 'help' {
  const { values } = parsed(args)
  if (values.help) return 'help'
  const { idle, absolute } = values
  return {
    port: portOf(values.port),
    host: given(values.host, '--host'),
    data: given(values.data, '--data'),
    lifetime:
      idle === undefined && absolute === undefined
        ? null
        : { idle: durationOf(idle ?? '5m', '--idle'), absolute: durationOf(absolute ?? '1h', '--absolute') },
    recentAuth: durationOf(values.recent, '--recent'),
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false })
  } catch (error) {
    // Its own text has several sentences; the first says what is wrong.
    const [reason = ''] = error instanceof Error ? error.message.split(/[.\n]/) : []
    throw new UsageError(`${reason}. --help lists the options.`, { cause: error })
  }
}

function portOf(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new UsageError(`--port must be a number from 0 to 65535, not '${text}'.`)
}

function given(text: string, flag: string): string {
  if (text.trim() !== '') return text
  throw new UsageError(`${flag} needs a value.`)
}

function durationOf(text: string, flag: string): Duration {
  if (isDuration(text)) return text
  throw new UsageError(`${flag} must be a duration such as 90s, 5m or 1h, not '${text}'.`)
}

function isDuration(text: string): text is `${number}${'s' | 'm' | 'h'}` {
  return /^[1-9][0-9]{0,5}[smh]$/.test(text)
}
