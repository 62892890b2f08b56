import { SessionError } from 'sojourn'
import { type PostgresPlace, type RedisPlace, UsageError } from './command-line.ts'

const REASONS = new Map([
  ['EADDRINUSE', 'is taken by another program. Choose another with --port.'],
  ['EADDRNOTAVAIL', 'is not an address of this machine. Choose another with --host.'],
  ['ENOTFOUND', 'is not an address of this machine. Choose another with --host.'],
  ['EACCES', 'may not be used by this user.'],
  ['EPERM', 'may not be used by this user.'],
  ['EROFS', 'is on a disk that cannot be written.'],
  ['ENOSPC', 'is on a disk that is full.'],
  ['ENOTDIR', 'is not a directory. Choose another with --data.'],
  ['EEXIST', 'is not a directory. Choose another with --data.'],
])

/** What kept the bank from starting, in one line, for the person who started it. */
export function sentenceFor(error: unknown): string {
  if (!(error instanceof Error)) return `Harbour Bank cannot start: ${String(error)}`
  if (error instanceof UsageError) return error.message
  const reason = 'code' in error && typeof error.code === 'string' ? REASONS.get(error.code) : undefined
  if (reason !== undefined && !(error instanceof SessionError)) {
    return `Harbour Bank cannot start: ${subjectOf(error)} ${reason}`
  }
  return `Harbour Bank cannot start: ${oneLine(error.message)}`
}

/** What came of Redis, with the place where it was looked for: its hosts, and never the password in its URL. */
export function aboutRedis(error: unknown, { url }: RedisPlace): unknown {
  if (!(error instanceof SessionError) || !error.code.startsWith('ENGINE_')) return error
  const place = url.replace(/^[^:]*:\/\/(.*@)?/, '')
  const reason = error.message.replace(/^.*?\. (redis: )?/, '')
  return new UsageError(
    `Harbour Bank cannot start: Redis at ${place}: ${oneLine(reason)} Start it, or choose another with --redis.`,
    { cause: error },
  )
}

/** The same of Postgres: host and database, and nothing else of its URL. */
export function aboutPostgres(error: unknown, { url }: PostgresPlace): unknown {
  if (!(error instanceof SessionError)) return error
  const { host, pathname } = new URL(url)
  const reason = error.message.replace(/^.*?\. (postgres: )?/, '')
  return new UsageError(
    `Harbour Bank cannot start: Postgres at ${host}${pathname}: ${oneLine(reason)} Start it, or choose another with --postgres.`,
    { cause: error },
  )
}

/** The port or the path that a system call was about. */
function subjectOf(error: Error): string {
  if ('port' in error && typeof error.port === 'number') return `port ${error.port}`
  if ('path' in error && typeof error.path === 'string') return error.path
  if ('hostname' in error && typeof error.hostname === 'string') return error.hostname
  return 'address' in error ? String(error.address) : error.message
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
