import type { EndReason, Instant, SessionId, SessionRecord, UserKey, UserLimit } from '../../core/port.ts'
import { LEASE_MS } from '../../core/port.ts'
import type { LaneState } from './lane-state.ts'
import { ABSOLUTE_MS, type Burst, type Call, IDLE_MS } from './script.ts'

/** What the calls of a burst are made from: what a caller knew before it. */
export interface Scene {
  readonly ids: readonly SessionId[]
  readonly users: readonly string[]
  readonly state: LaneState
  readonly burst: Burst
  /** The number of the burst in its interleaving. */
  readonly number: number
  readonly now: Instant
}

const REASONS: readonly EndReason[] = ['logout', 'revoked', 'idle', 'absolute', 'admin', 'reuse']

export function idOf({ ids }: Scene, slot: number): SessionId {
  return ids[slot] ?? ''
}

export function userOf({ users, ids }: Scene, choice: number): UserKey {
  return userKeyOf(users[choice % 2] ?? '', ids)
}

/** A user whose sessions have these ids. */
export function userKeyOf(userId: string, [id = '']: readonly SessionId[]): UserKey {
  return { userId, bucket: id.slice(0, 2) }
}

export function reasonOf(choice: number): EndReason {
  return REASONS[choice % REASONS.length] ?? 'logout'
}

export function keepUntilOf({ now }: Scene, choice: number): Instant | null {
  return choice % 2 === 0 ? null : now + 2 * LEASE_MS
}

/** What a create stores: a digest of its own, since each draws its secret anew. */
export function createdRecord(scene: Scene, call: Call): SessionRecord {
  const place = scene.burst.calls.indexOf(call)
  const digest = new Uint8Array(32).fill(call.slot)
  digest.set([scene.number, place])
  return { ...newRecord(scene, call.slot), digest }
}

/** One in three touches arrives late; some deadlines lie beyond the absolute one, some are shorter. */
export function touchOf({ now }: Scene, choice: number): readonly [seenAt: Instant, expiresAt: Instant] {
  const seenAt = now - (choice % 3 === 2 ? IDLE_MS / 2 : 0)
  return [seenAt, seenAt + ([IDLE_MS, IDLE_MS, 2 * ABSOLUTE_MS, 1][choice % 4] ?? IDLE_MS)]
}

/** What a create of this slot stores in this burst: the same user and creation, whichever call wins. */
function newRecord({ ids, users, burst, now }: Scene, slot: number): SessionRecord {
  const owner = (slot + burst.choice) % 5
  const createdAt = now - ([0, 1, 30_000][burst.choice % 3] ?? 0) - (slot % 2)
  return {
    id: ids[slot] ?? '',
    userId: owner === 4 ? null : (users[owner === 3 ? 1 : 0] ?? null),
    version: 1,
    createdAt,
    seenAt: now,
    expiresAt: now + IDLE_MS,
    absoluteAt: createdAt + ABSOLUTE_MS,
    authenticatedAt: null,
    digest: new Uint8Array(32).fill(slot),
    previous: null,
    retired: [],
    ended: null,
    data: Uint8Array.of(1, slot),
  }
}

export function limitOf({ ids }: Scene, choice: number): UserLimit | null {
  if (choice < 4) return null
  const max = 1 + (choice % 3)
  const whenFull = choice % 2 === 0 ? 'endOldest' : 'refuse'
  return { max, whenFull, replaces: choice > 9 ? (ids[choice % ids.length] ?? null) : null }
}

/**
 * The record that a writer stores who has read the one before the burst; or has a stale version of it, or
 * guesses. Null where another session of the same id may be there by then: id, user and creation never change.
 */
export function nextRecord(scene: Scene, { slot, choice }: Call): SessionRecord | null {
  const { burst, now, state } = scene
  const others = burst.calls.filter((each) => each.slot === slot).map(({ verb }) => verb)
  if (others.includes('settle') && state.has(idOf(scene, slot))) return null
  const base = state.get(idOf(scene, slot))?.record ?? newRecord(scene, slot)
  const isActive = choice % 4 !== 3
  const absoluteAt = choice % 7 === 6 ? now + IDLE_MS / 4 : base.absoluteAt
  const deadline = isActive ? now + (choice % 5 === 4 ? IDLE_MS / 2 : IDLE_MS) : base.expiresAt
  return {
    ...base,
    version: Math.max(1, base.version + ([1, 1, 1, 1, 0, 2][choice % 6] ?? 1)),
    seenAt: isActive ? now : base.seenAt,
    expiresAt: Math.min(deadline, absoluteAt),
    absoluteAt,
    authenticatedAt: choice % 2 === 0 ? now : base.authenticatedAt,
    ended: null,
    data: Uint8Array.of(base.version % 256, slot, choice),
  }
}
