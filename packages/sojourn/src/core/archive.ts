import { SessionError } from './errors.ts'
import { type Duration, parseDuration } from './lifetime.ts'
import { END_REASONS, type EndReason, type Instant, type SessionId } from './port.ts'
import type { Device, ReadonlyData, SessionData } from './session.ts'

/** The most sessions that a destination gets at once (SECURITY, limits). */
export const ARCHIVE_BATCH = 100

/** What is archived of a session that ended. Instants are milliseconds since the epoch. */
export interface EndedSession {
  /** The key that makes a second write of the same session do nothing. */
  readonly id: SessionId
  readonly userId: string | null
  readonly createdAt: Instant
  /** Last recorded activity. */
  readonly seenAt: Instant
  readonly authenticatedAt: Instant | null
  readonly endedAt: Instant
  readonly reason: EndReason
  /** What `select` let through, frozen; null without a `select`. Made of `json` when it is first read. */
  readonly data: unknown
  /**
   * The same as JSON text that holds all of it: a date is `{"$date":…}`, a bigint `{"$bigint":"…"}`. Null where
   * `data` is. `dataFromJson` reads it back.
   */
  readonly json: string | null
}

/** A session that lives, as a checkpoint keeps it. */
export interface LiveSession extends Omit<EndedSession, 'endedAt' | 'reason'> {
  /** Counts the session's writes: a lower one never replaces a higher one. */
  readonly version: number
  readonly expiresAt: Instant
}

/** A session as an archive tells it; `data` is what `select` let through then, with its dates and bigints. */
export type PastSession = Omit<EndedSession, 'json'>

export interface HistoryQuery {
  readonly userId: string
  /** At most so many; 100 when left out. */
  readonly limit?: number
  /**
   * Only what ended before this instant, or only what comes after this session: the last one of the page before.
   * Many sessions of a user may end in one millisecond, so only the session itself leaves none out.
   */
  readonly before?: Instant | Pick<PastSession, 'id' | 'endedAt'>
}

/**
 * Where ended sessions go. A destination has every member; what it cannot do is null.
 *
 * `write` and `checkpoint` reject with `ARCHIVE_UNAVAILABLE` when nothing is wrong with the sessions and the same
 * call may succeed later; with anything else they refuse what the batch holds. Then each session is tried alone, and
 * what is refused again and again becomes a dead letter.
 */
export interface ArchiveDestination {
  /** How status and errors call it, such as `postgres`. */
  readonly name: string
  /**
   * Stores a batch, at most `ARCHIVE_BATCH` sessions, and resolves when all of it is durable. The same session may
   * come again, with the same content: it must then change nothing.
   */
  readonly write: (batch: readonly EndedSession[]) => Promise<unknown>
  /** Stores what live sessions hold, over what was stored of them before. */
  readonly checkpoint: ((batch: readonly LiveSession[]) => Promise<unknown>) | null
  /** The user's past sessions, the last one first. */
  readonly history: ((query: HistoryQuery) => Promise<readonly PastSession[]>) | null
  /**
   * Deletes what is stored about a user, also checkpoints, of sessions that began until this instant; how many that
   * were.
   */
  readonly erase: ((userId: string, until: Instant) => Promise<number>) | null
}

/** A session as `select` sees it: its data as it was at the end. */
export interface Ending<Data> extends Omit<EndedSession, 'data' | 'json' | 'endedAt' | 'reason'> {
  /** Null where a checkpoint is taken: the session lives. */
  readonly endedAt: Instant | null
  readonly reason: EndReason | null
  readonly device: Device | null
  readonly data: ReadonlyData<Data>
}

export interface ArchiveOptions<Data> {
  /**
   * What leaves the store; without it no data at all does, only id, user, times and reason. It runs when the session
   * has ended, maybe more than once, and must be synchronous.
   */
  readonly select?: (ending: Ending<Data>) => unknown
  /** Which endings are archived; the others are discarded. Default: all but `erased`. */
  readonly on?: readonly EndReason[]
  /** Names that look like those of credentials, such as `token`, and that may be archived all the same. */
  readonly allow?: readonly string[]
  /** Also keeps live sessions that changed, so that losing the whole store costs at most this. */
  readonly checkpoint?: { readonly every: Duration }
}

/** What `archiveTo` makes and `createSessionStore` takes. */
export interface Archive<Data> extends ArchiveOptions<Data> {
  readonly destination: ArchiveDestination
}

/** A destination of which only the writing is written: it gets batches, and is asked for nothing back. */
export type ArchiveFunction = (batch: readonly EndedSession[]) => Promise<unknown>

const KNOWN_OPTIONS: ReadonlySet<string> = new Set<keyof ArchiveOptions<unknown>>([
  'select',
  'on',
  'allow',
  'checkpoint',
])

/**
 * For `atEnd`: what ends goes to a destination, at least once, before the store forgets it.
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function archiveTo<Data = SessionData>(
  destination: ArchiveDestination | ArchiveFunction,
  options: ArchiveOptions<Data> = {},
): Archive<Data> {
  checkOptions(options)
  const { on, allow, checkpoint } = options
  if (on !== undefined && !isListOf(on, (reason) => END_REASONS.some((known) => known === reason))) {
    throw invalid(`on must be a list of ${END_REASONS.join(', ')}`)
  }
  if (allow !== undefined && !isListOf(allow, (name) => typeof name === 'string')) {
    throw invalid('allow must be a list of names')
  }
  const full = typeof destination === 'function' ? destinationOf(destination) : destination
  checkDestination(full)
  if (checkpoint !== undefined && full.checkpoint === null) {
    throw invalid(`${full.name} keeps no checkpoints`)
  }
  return { ...options, destination: full }
}

function destinationOf(write: ArchiveFunction): ArchiveDestination {
  return { name: write.name || 'function', write, checkpoint: null, history: null, erase: null }
}

function checkOptions<Data>(options: ArchiveOptions<Data>): void {
  if (typeof options !== 'object' || options === null) throw invalid('the options must be an object')
  const unknown = Object.keys(options).find((name) => !KNOWN_OPTIONS.has(name))
  if (unknown !== undefined) throw invalid(`there is no option ${JSON.stringify(unknown)}`)
  const { select, checkpoint } = options
  if (select !== undefined && typeof select !== 'function') throw invalid('select must be a function')
  if (checkpoint !== undefined) parseDuration(checkpoint?.every, 'checkpoint.every')
}

function checkDestination(destination: ArchiveDestination): void {
  const { name, write, checkpoint, history, erase } = destination ?? {}
  const isDestination =
    typeof name === 'string' &&
    typeof write === 'function' &&
    [checkpoint, history, erase].every((member) => member === null || typeof member === 'function')
  if (!isDestination) throw invalid('the destination must be a function or one such as postgres({ pool })')
}

function isListOf(value: unknown, isRight: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isRight)
}

function invalid(why: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `archiveTo: ${why}.`)
}
