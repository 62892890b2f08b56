import type { ArchiveDestination, HistoryQuery, PastSession } from '../../core/archive.ts'
import type { Duration } from '../../core/lifetime.ts'
import type { Instant } from '../../core/port.ts'
import type { CheckpointedSession } from './rows.ts'

export interface RetainOptions {
  /** How long ago a session must have ended, or the deadline of a checkpoint must have passed. */
  readonly olderThan: Duration
  readonly now: Instant
  /** How many rows one statement deletes at most. 1,000. */
  readonly batch?: number
}

export interface CheckpointsQuery {
  readonly userId: string
  /** At most so many; 100 when left out. */
  readonly limit?: number
}

/** Ended sessions in a table of Postgres. Every method rejects with `ARCHIVE_UNAVAILABLE` or `ARCHIVE_REFUSED`. */
export interface PostgresArchive extends ArchiveDestination {
  readonly history: (query: HistoryQuery) => Promise<readonly PastSession[]>
  /** Of sessions that began until an instant; of all of the user's when it is left out. */
  readonly erase: (userId: string, until?: Instant) => Promise<number>
  /**
   * Makes what is missing in the database: schema, tables, partitions. Safe to run again, and in several processes at
   * once.
   * @throws SessionError `ARCHIVE_UNAVAILABLE` also when a newer release has migrated the database
   */
  readonly migrate: () => Promise<void>
  /** What `migrate` runs, for whoever does that by hand: each is one transaction. */
  readonly migrations: () => readonly string[]
  /** Deletes what is too old, in batches; how many rows that were. */
  readonly retain: (options: RetainOptions) => Promise<number>
  /** The user's live sessions as they were last kept; null without checkpoints. */
  readonly checkpoints: ((query: CheckpointsQuery) => Promise<readonly CheckpointedSession[]>) | null
}
