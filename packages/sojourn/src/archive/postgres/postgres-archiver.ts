import type { EndedSession, HistoryQuery, LiveSession, PastSession } from '../../core/archive.ts'
import { SessionError } from '../../core/errors.ts'
import { parseDuration } from '../../core/lifetime.ts'
import type { Instant } from '../../core/port.ts'
import { attempt, attemptMigration, identifierIn } from './failures.ts'
import { type Migration, migrationsFor, partitionsFor } from './migrations.ts'
import type { CheckpointsQuery, RetainOptions } from './postgres-archive.ts'
import { type CheckedOptions, refusal } from './postgres-options.ts'
import {
  type CheckpointedSession,
  checkpointedSession,
  countIn,
  endedBatch,
  iso,
  liveBatch,
  pastSession,
  textIn,
} from './rows.ts'
import { type Statements, statementsFor } from './statements.ts'

/** How many sessions are read, and how many rows one statement deletes, unless told. */
const PAGE = 100
const DELETED_AT_ONCE = 1_000
const MOST = 10_000
const PARTITIONED = 'p'

/** Sends the statements, and says what came of it. */
export class PostgresArchiver {
  readonly #options: CheckedOptions
  readonly #statements: Statements
  readonly #migrations: readonly Migration[]

  constructor(options: CheckedOptions) {
    this.#options = options
    this.#statements = statementsFor(options)
    this.#migrations = migrationsFor(options)
  }

  async write(batch: readonly EndedSession[]): Promise<void> {
    if (batch.length === 0) return
    const [unique] = await this.#query(this.#statements.write, [endedBatch(batch)])
    if (unique === undefined) return
    const index = identifierIn(textIn(unique, 'name')) ?? 'of another name'
    throw unavailable(`the unique index ${index} may have kept sessions out without a word: drop it`)
  }

  async checkpoint(batch: readonly LiveSession[]): Promise<void> {
    const { checkpoint } = this.#statements
    if (checkpoint !== null && batch.length > 0) await this.#query(checkpoint, [liveBatch(batch)])
  }

  async history({ userId, limit, before }: HistoryQuery): Promise<readonly PastSession[]> {
    const [instant, id] = typeof before === 'object' ? [iso(before.endedAt), before.id] : [edgeOf(before), '']
    const rows = await this.#query(this.#statements.history, [
      userId,
      instant,
      id,
      count(limit, 'limit', PAGE),
    ])
    return rows.map(pastSession)
  }

  async checkpoints({ userId, limit }: CheckpointsQuery): Promise<readonly CheckpointedSession[]> {
    const { checkpoints } = this.#statements
    if (checkpoints === null) return []
    const rows = await this.#query(checkpoints, [userId, count(limit, 'limit', PAGE)])
    return rows.map(checkpointedSession)
  }

  async erase(userId: string, until: Instant): Promise<number> {
    const { eraseLive, eraseEnded } = this.#statements
    const live = await this.#deleteAll(eraseLive, DELETED_AT_ONCE, userId, iso(until))
    return live + (await this.#deleteAll(eraseEnded, DELETED_AT_ONCE, userId, iso(until)))
  }

  async retain({ olderThan, now, batch }: RetainOptions): Promise<number> {
    if (!Number.isSafeInteger(now)) throw refusal('now must be an instant in milliseconds')
    const before = iso(now - parseDuration(olderThan, 'olderThan'))
    const atOnce = count(batch, 'batch', DELETED_AT_ONCE)
    const { retainLive, retainEnded } = this.#statements
    const live = await this.#deleteAll(retainLive, atOnce, before)
    return live + (await this.#deleteAll(retainEnded, atOnce, before))
  }

  migrations(): readonly string[] {
    const { isPartitioned } = this.#options
    const steps = this.#migrations.map(({ sql }) => sql)
    return isPartitioned ? [...steps, partitionsFor(this.#options)] : steps
  }

  async migrate(): Promise<void> {
    for (const { sql } of this.#migrations) await attemptMigration(() => this.#options.pool.query(sql))
    await this.#assertNoNewer()
    if (!this.#options.isPartitioned) return
    const [row] = await this.#query(this.#statements.kind)
    if (textIn(row, 'kind') !== PARTITIONED) {
      throw unavailable('the table was made without partitions: leave out the option, or name another table')
    }
    await attemptMigration(() => this.#options.pool.query(partitionsFor(this.#options)))
  }

  async #assertNoNewer(): Promise<void> {
    const rows = await this.#query(this.#statements.versions)
    for (const row of rows) {
      const table = textIn(row, 'table_name')
      const known = this.#migrations.filter((step) => step.table === table).at(-1)
      const version = Number(textIn(row, 'version'))
      if (known === undefined || version <= known.version) continue
      throw unavailable(
        `table ${known.table} has schema version ${version}, and this release knows ${known.version}: use the newer release`,
      )
    }
  }

  async #deleteAll(sql: string | null, atOnce: number, key: string, ...more: string[]): Promise<number> {
    if (sql === null) return 0
    let sum = 0
    for (;;) {
      const deleted = countIn(await this.#query(sql, [key, atOnce, ...more]))
      sum += deleted
      if (deleted < atOnce) return sum
    }
  }

  async #query(sql: string, values: unknown[] = []): Promise<readonly unknown[]> {
    const { rows } = await attempt(() => this.#options.pool.query(sql, values))
    return rows
  }
}

function edgeOf(before: number | undefined): string {
  return before === undefined ? 'infinity' : iso(before)
}

function count(value: number | undefined, name: string, usual: number): number {
  const number = value ?? usual
  if (Number.isSafeInteger(number) && number >= 1 && number <= MOST) return number
  throw refusal(`${name} must be a whole number from 1 to ${MOST}`)
}

function unavailable(what: string): SessionError {
  return new SessionError('ARCHIVE_UNAVAILABLE', `postgres: ${what}.`)
}
