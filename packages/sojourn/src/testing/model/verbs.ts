import type {
  Created,
  EndReason,
  Instant,
  Replaced,
  SessionId,
  SessionRecord,
  UserLimit,
} from '../../core/port.ts'
import { USER_CEILING } from '../../core/port.ts'
import { isLive, type LaneState, liveOf, put, without } from './lane-state.ts'

/** The writing verbs of the port once more, as plainly as they can be said: what each makes of a state. */
export type Step<Answer> = readonly [state: LaneState, answer: Answer]

export function create(
  state: LaneState,
  record: SessionRecord,
  limit: UserLimit | null,
  now: Instant,
): Step<Created> {
  if (state.has(record.id)) return [state, { outcome: 'exists' }]
  const { max, whenFull, replaces } = limit ?? { max: USER_CEILING, whenFull: 'refuse', replaces: null }
  const live = record.userId === null ? [] : liveOf(state, record.userId, now)
  const counted = live.filter(({ id }) => id !== replaces).map(({ id }) => id)
  const surplus = record.userId === null ? 0 : Math.max(0, counted.length + 1 - max)
  if (surplus > 0 && whenFull === 'refuse') return [state, { outcome: 'full' }]
  const ended = counted.slice(0, surplus)
  return [put(endAll(state, ended, 'limit', now), record), { outcome: 'done', ended }]
}

export function replace(
  state: LaneState,
  record: SessionRecord,
  expectedVersion: number,
  now: Instant,
): Step<Replaced> {
  const entry = state.get(record.id)
  if (!isLive(entry, now)) return [state, { outcome: 'gone' }]
  const current = entry.record
  if (current.version !== expectedVersion) return [state, { outcome: 'conflict', current }]
  const isTouchedLater =
    current.seenAt > record.seenAt ||
    (current.seenAt === record.seenAt && current.expiresAt > record.expiresAt)
  const { seenAt, expiresAt } = isTouchedLater ? current : record
  const deadline = Math.min(expiresAt, record.absoluteAt)
  return [put(state, { ...record, seenAt, expiresAt: deadline }), { outcome: 'done' }]
}

export function touch(state: LaneState, id: SessionId, seenAt: Instant, expiresAt: Instant): Step<boolean> {
  const entry = state.get(id)
  if (!isLive(entry, seenAt)) return [state, false]
  const { record } = entry
  const deadline = Math.max(record.expiresAt, Math.min(expiresAt, record.absoluteAt))
  return [put(state, { ...record, seenAt: Math.max(record.seenAt, seenAt), expiresAt: deadline }), true]
}

export function end(state: LaneState, id: SessionId, reason: EndReason, at: Instant): Step<boolean> {
  const entry = state.get(id)
  if (entry === undefined || entry.record.ended !== null) return [state, false]
  const isExpiry = reason === 'idle' || reason === 'absolute'
  if (isExpiry && entry.record.expiresAt > at) return [state, false]
  return [put(state, { ...entry.record, ended: { at, reason } }), true]
}

export function endUser(
  state: LaneState,
  userId: string,
  [reason, at]: readonly [EndReason, Instant],
  except: SessionId | null,
): Step<readonly SessionId[]> {
  const ended = [...state.values()]
    .filter(({ record }) => record.userId === userId && record.ended === null && record.id !== except)
    .map(({ record }) => record.id)
  return [endAll(state, ended, reason, at), ended]
}

export function settle(state: LaneState, id: SessionId, keepUntil: Instant | null): Step<void> {
  const entry = state.get(id)
  if (entry === undefined || entry.record.ended === null) return [state, undefined]
  if (keepUntil === null) return [without(state, id), undefined]
  const record = { ...entry.record, data: new Uint8Array() }
  return [put(state, record, { keepUntil, leasedUntil: 0 }), undefined]
}

function endAll(state: LaneState, ids: readonly SessionId[], reason: EndReason, at: Instant): LaneState {
  return ids.reduce((left, id) => {
    const entry = left.get(id)
    const isOver = entry === undefined || entry.record.ended !== null
    return isOver ? left : put(left, { ...entry.record, ended: { at, reason } })
  }, state)
}
