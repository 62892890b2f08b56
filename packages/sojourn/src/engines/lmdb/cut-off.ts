import {
  END_REASONS,
  type Ended,
  type EndReason,
  type Instant,
  LIFETIME_CEILING_MS,
  NEVER,
  type SessionId,
  type SessionRecord,
} from '../../core/port.ts'
import type { KeyValue } from './key-value.ts'
import { cutOffKey, cutOffOfForgetKey, FORGET, forgetAfter, forgetKey, type Key } from './keys.ts'

/** A user's last `endUser`: it ends what an index had lost as well. */
export interface CutOff {
  readonly at: Instant
  readonly reason: EndReason
  readonly except: SessionId | null
}

/** How many outdated cut-offs one call forgets: enough to keep up, too few to be felt. */
const FORGOTTEN_AT_ONCE = 100
const INSTANT_BYTES = 6
const EXCEPT = INSTANT_BYTES + 1

/** The record, ended by its user's cut-off where that is so although nobody had ended it. */
export function withCutOff(store: KeyValue, record: SessionRecord): SessionRecord {
  if (record.userId === null || record.ended !== null) return record
  const cutOff = readCutOff(store, cutOffKey(record.userId))
  const ended = cutOff && endOf(cutOff, record)
  return ended === null ? record : { ...record, ended }
}

/** Sets the user's cut-off, unless a later one is set. Two of one instant except only what both except. */
export function cut(store: KeyValue, userId: string, cutOff: CutOff): void {
  const key = cutOffKey(userId)
  const before = readCutOff(store, key)
  if (before !== null && before.at > cutOff.at) return
  const isTie = before?.at === cutOff.at && before.except !== cutOff.except
  writeCutOff(store, key, before, isTie ? { ...cutOff, except: null } : cutOff)
}

/** Moves the user's cut-off back, so that a session created at `createdAt` lives. */
export function giveWay(store: KeyValue, userId: string, createdAt: Instant): void {
  const key = cutOffKey(userId)
  const before = readCutOff(store, key)
  if (before !== null && before.at > createdAt) writeCutOff(store, key, before, { ...before, at: createdAt })
}

export function hasOutdatedCutOffs(store: KeyValue, now: Instant): boolean {
  return store.keys(FORGET.first, forgetAfter(now), 1).length > 0
}

/** Forgets cut-offs that are so old that no session from before them can live. */
export function forgetCutOffs(store: KeyValue, now: Instant): void {
  for (const key of store.keys(FORGET.first, forgetAfter(now), FORGOTTEN_AT_ONCE)) {
    store.remove(cutOffOfForgetKey(key))
    store.remove(key)
  }
}

function endOf({ at, reason, except }: CutOff, { id, createdAt }: SessionRecord): Ended | null {
  return createdAt < at && id !== except ? { at, reason } : null
}

function readCutOff(store: KeyValue, key: Key): CutOff | null {
  const bytes = store.get(key)
  const reason = bytes && END_REASONS[bytes.readUInt8(INSTANT_BYTES)]
  if (bytes === null || reason === null || reason === undefined) return null
  const except = bytes.toString('latin1', EXCEPT)
  return { at: bytes.readUIntBE(0, INSTANT_BYTES), reason, except: except === '' ? null : except }
}

function writeCutOff(store: KeyValue, key: Key, before: CutOff | null, cutOff: CutOff): void {
  if (before !== null) store.remove(forgetKey(forgetAt(before), key))
  const bytes = Buffer.alloc(EXCEPT)
  bytes.writeUIntBE(cutOff.at, 0, INSTANT_BYTES)
  bytes.writeUInt8(END_REASONS.indexOf(cutOff.reason), INSTANT_BYTES)
  store.put(key, Buffer.concat([bytes, Buffer.from(cutOff.except ?? '', 'latin1')]))
  store.put(forgetKey(forgetAt(cutOff), key), NOTHING)
}

function forgetAt({ at }: CutOff): Instant {
  return Math.min(at + LIFETIME_CEILING_MS, NEVER)
}

const NOTHING = Buffer.alloc(0)
