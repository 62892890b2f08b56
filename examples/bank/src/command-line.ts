import { parseArgs } from 'node:util'
import type { Duration } from 'sojourn'
import type { DriverName } from 'sojourn/redis'

export const USAGE = `Usage: npm start -- [options]

  --port <number>       where to listen; 0 takes a free port     (default 3000)
  --host <address>      whom to listen for                       (default 127.0.0.1)
  --data <directory>    where all of it is kept, by one bank     (default ./data/bank)
  --redis <url>         keep sessions in Redis or Valkey instead (or BANK_REDIS_URL):
                          redis://host:port
                          redis+sentinel://host:port,host:port/name
                          redis+cluster://host:port,host:port
                        each with user:password@ if need be, and rediss for TLS
  --driver <name>       ioredis, iovalkey or node-redis          (default ioredis)
  --postgres <url>      keep past sessions in Postgres instead   (or BANK_POSTGRES_URL):
                          postgres://user:password@host:port/database
  --no-archive          forget sessions when they have ended

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
  /** Null: sessions are kept in the data directory. */
  readonly redis: RedisPlace | null
  readonly archive: ArchivePlace
  readonly lifetime: { readonly idle: Duration; readonly absolute: Duration } | null
  readonly recentAuth: Duration
}

/** Servers that keep the sessions. */
export interface RedisPlace {
  /** May hold a password: not to be printed. */
  readonly url: string
  readonly driver: DriverName
}

/** Where sessions are kept when they have ended: in the data directory, nowhere, or on a server. */
export type ArchivePlace = 'embedded' | 'none' | PostgresPlace

export interface PostgresPlace {
  /** May hold a password: not to be printed. */
  readonly url: string
}

/** Where servers are. In the environment no list of processes shows their passwords. */
export interface ServerUrls {
  readonly redis?: string | undefined
  readonly postgres?: string | undefined
}

/** What the person who started the bank can put right. Its message is the one line to print. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const OPTIONS = {
  port: { type: 'string', default: '3000' },
  host: { type: 'string', default: '127.0.0.1' },
  data: { type: 'string', default: './data/bank' },
  redis: { type: 'string' },
  driver: { type: 'string' },
  postgres: { type: 'string' },
  'no-archive': { type: 'boolean', default: false },
  idle: { type: 'string' },
  absolute: { type: 'string' },
  recent: { type: 'string', default: '5m' },
  help: { type: 'boolean', default: false },
} as const

const DRIVERS: readonly DriverName[] = ['ioredis', 'iovalkey', 'node-redis']

/**
 * `help` when only the usage is wanted.
 * @param urls from the environment
 * @throws UsageError
 */
export function parseCommandLine(args: readonly string[], urls: ServerUrls = {}): CommandLine | 'help' {
  const { values } = parsed(args)
  if (values.help) return 'help'
  const { idle, absolute } = values
  return {
    port: portOf(values.port),
    host: given(values.host, '--host'),
    data: given(values.data, '--data'),
    redis: redisOf(values.redis ?? urls.redis, values.driver),
    archive: values['no-archive']
      ? withoutArchive(values.postgres)
      : archiveOf(values.postgres ?? urls.postgres),
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

function redisOf(url: string | undefined, driver: string | undefined): RedisPlace | null {
  if (url === undefined) {
    if (driver === undefined) return null
    throw new UsageError('--driver goes with --redis.')
  }
  return { url: given(url, '--redis'), driver: driverOf(driver ?? 'ioredis') }
}

function withoutArchive(url: string | undefined): ArchivePlace {
  if (url === undefined) return 'none'
  throw new UsageError('--postgres and --no-archive exclude each other.')
}

function archiveOf(url: string | undefined): ArchivePlace {
  if (url === undefined) return 'embedded'
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return { url }
  throw new UsageError('--postgres must be a URL such as postgres://user@host:5432/database.')
}

function driverOf(text: string): DriverName {
  const driver = DRIVERS.find((name) => name === text)
  if (driver !== undefined) return driver
  throw new UsageError(`--driver must be one of ${DRIVERS.join(', ')}, not '${text}'.`)
}

function durationOf(text: string, flag: string): Duration {
  if (isDuration(text)) return text
  throw new UsageError(`${flag} must be a duration such as 90s, 5m or 1h, not '${text}'.`)
}

function isDuration(text: string): text is `${number}${'s' | 'm' | 'h'}` {
  return /^[1-9][0-9]{0,5}[smh]$/.test(text)
}
