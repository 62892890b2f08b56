import type { EndedSession, LiveSession, PastSession } from '../../core/archive.ts'
import { SessionError } from '../../core/errors.ts'
import { dataFromJson } from '../../core/json-form.ts'
import { END_REASONS, type EndReason, type Instant } from '../../core/port.ts'

/** A live session as a checkpoint tells it. */
export type CheckpointedSession = Omit<LiveSession, 'data' | 'json'> & Pick<PastSession, 'data'>

/** A batch as the one parameter that holds all of it. Of the data only the text travels (SECURITY T108). */
export function endedBatch(batch: readonly EndedSession[]): string {
  return JSON.stringify(
    batch.map((one) => ({ ...common(one), endedAt: iso(one.endedAt), reason: one.reason })),
  )
}

export function liveBatch(batch: readonly LiveSession[]): string {
  const rows = batch.map((one) => ({
    ...common(one),
    expiresAt: iso(one.expiresAt),
    version: one.version,
  }))
  return JSON.stringify(rows)
}

/** ISO 8601 as Postgres reads it: years beyond 9999 without a sign. Exact to the millisecond. */
export function iso(at: Instant): string {
  return new Date(at).toISOString().replace(/^\+0*/, '')
}

/** @throws SessionError `RECORD_UNREADABLE` for a row that sojourn did not write */
export function pastSession(row: unknown): PastSession {
  return { ...toldIn(row), endedAt: instantIn(row, 'ended_at'), reason: reasonIn(row) }
}

/** @throws SessionError `RECORD_UNREADABLE` for a row that sojourn did not write */
export function checkpointedSession(row: unknown): CheckpointedSession {
  return { ...toldIn(row), expiresAt: instantIn(row, 'expires_at'), version: instantIn(row, 'version') }
}

/** @throws SessionError `RECORD_UNREADABLE` */
export function countIn(rows: readonly unknown[]): number {
  return instantIn(rows[0], 'count')
}

/** A column as text; null where it is null. All that is read is text. */
export function textIn(row: unknown, column: string): string | null {
  const value: unknown = typeof row === 'object' && row !== null ? Reflect.get(row, column) : null
  return typeof value === 'string' ? value : null
}

function common({ id, userId, createdAt, seenAt, authenticatedAt, json }: EndedSession | LiveSession) {
  const times = { createdAt: iso(createdAt), seenAt: iso(seenAt) }
  return {
    id,
    userId,
    ...times,
    authenticatedAt: authenticatedAt === null ? null : iso(authenticatedAt),
    json,
  }
}

function toldIn(row: unknown): Omit<PastSession, 'endedAt' | 'reason'> {
  const id = textIn(row, 'session_id')
  if (id === null) throw unreadable()
  return {
    id,
    userId: textIn(row, 'user_id'),
    createdAt: instantIn(row, 'created_at'),
    seenAt: instantIn(row, 'seen_at'),
    authenticatedAt: textIn(row, 'authenticated_at') === null ? null : instantIn(row, 'authenticated_at'),
    data: dataIn(row),
  }
}

function dataIn(row: unknown): unknown {
  const json = textIn(row, 'data')
  return json === null ? null : dataFromJson(json)
}

function instantIn(row: unknown, column: string): number {
  const number = Number(textIn(row, column) ?? Number.NaN)
  if (!Number.isSafeInteger(number)) throw unreadable()
  return number
}

function reasonIn(row: unknown): EndReason {
  const reason = END_REASONS.find((known) => known === textIn(row, 'reason'))
  if (reason === undefined) throw unreadable()
  return reason
}

function unreadable(): SessionError {
  return new SessionError('RECORD_UNREADABLE', 'The archive has a row that this release cannot read.')
}
