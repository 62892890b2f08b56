import type { Instant, SessionId, SessionRecord } from '../../core/port.ts'

/** What the model knows of one stored record. */
export interface Entry {
  readonly record: SessionRecord
  /** Until when no `due` may return it; 0 when nobody has leased it. */
  readonly leasedUntil: Instant
  /** When a settled tombstone is due again; null before it is settled. */
  readonly keepUntil: Instant | null
}

/** The few records of one interleaving: plain values, copied on every change, so that orders can be tried. */
export type LaneState = ReadonlyMap<SessionId, Entry>

export const EMPTY: LaneState = new Map()

export function isLive(entry: Entry | undefined, now: Instant): entry is Entry {
  return entry !== undefined && entry.record.ended === null && now < entry.record.expiresAt
}

export function dueAtOf({ record, leasedUntil, keepUntil }: Entry): Instant {
  return Math.max(leasedUntil, keepUntil ?? record.ended?.at ?? record.expiresAt)
}

/** The user's live sessions, the oldest first, ties by id. */
export function liveOf(state: LaneState, userId: string, now: Instant): SessionRecord[] {
  const live = [...state.values()].filter((entry) => entry.record.userId === userId && isLive(entry, now))
  return live.map(({ record }) => record).sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
}

export function put(state: LaneState, record: SessionRecord, fields: Partial<Entry> = {}): LaneState {
  const before = state.get(record.id) ?? { leasedUntil: 0, keepUntil: null }
  return new Map(state).set(record.id, { ...before, ...fields, record })
}

export function without(state: LaneState, id: SessionId): LaneState {
  const left = new Map(state)
  left.delete(id)
  return left
}
