import { isUnreadable } from '../../core/errors.ts'
import type { Ended, Instant, SessionId, SessionRecord } from '../../core/port.ts'
import { decodeRecord, encodeRecord, patchDeadline, patchEnd } from '../record-layout.ts'
import { withCutOff } from './cut-off.ts'
import type { KeyValue } from './key-value.ts'
import { dueKey, recordKey } from './keys.ts'

/*
 * The value of a record: dueAt u48, leasedUntil u48, then the record layout. `dueAt` is the instant in the
 * record's one entry of the due list, so that the entry is found again. A touch leaves both where they are.
 */
const INSTANT_BYTES = 6
const LEASED_UNTIL = INSTANT_BYTES
const RECORD = 2 * INSTANT_BYTES
const NOTHING = Buffer.alloc(0)

export interface Stored {
  /** As everybody must see it: ended where the user's cut-off ended it. */
  readonly record: SessionRecord
  /** Ended by the cut-off alone: its bytes still say that it lives. */
  readonly isCutOff: boolean
  /** Of an entry in the due list. */
  readonly dueAt: Instant
  /** No `due` returns it before this instant. */
  readonly leasedUntil: Instant
  /** Of the caller's own. */
  readonly bytes: Buffer
}

/** The record of this id, and where it stands. `RECORD_UNREADABLE` where its bytes are none. */
export function find(store: KeyValue, id: SessionId): Stored | null {
  const key = recordKey(id)
  const bytes = key === null ? null : store.get(key)
  if (bytes === null) return null
  const inBytes = decodeRecord(id, bytes.subarray(RECORD))
  const record = withCutOff(store, inBytes)
  const isCutOff = record !== inBytes
  return { record, isCutOff, bytes, dueAt: dueAtOf(bytes), leasedUntil: leasedUntilOf(bytes) }
}

/** The same, and null also for a damaged record: what it would hold up must go on. */
export function findReadable(store: KeyValue, id: SessionId): Stored | null {
  try {
    return find(store, id)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return null
  }
}

/** Last activity, and the deadline that follows from it. */
export type Deadline = Pick<SessionRecord, 'seenAt' | 'expiresAt'>

export function isLive(record: SessionRecord, now: Instant): boolean {
  return record.ended === null && now < record.expiresAt
}

/** A record that is about to be stored: its place in the due list is still open. */
export interface Draft {
  /** A copy: whatever the caller does with his own meanwhile, this is what is stored. */
  readonly record: SessionRecord
  readonly bytes: Buffer
}

/** Throws `INVALID_ARGUMENT` for a record that breaks a rule of the port. */
export function draftOf(record: SessionRecord): Draft {
  const bytes = encodeRecord(record, RECORD)
  return { record: decodeRecord(record.id, bytes.subarray(RECORD)), bytes }
}

/** Stores a record that had no place in the due list. */
export function insert(store: KeyValue, { record: { id }, bytes }: Draft, dueAt: Instant): void {
  writeDue(bytes, dueAt, 0)
  store.put(keyOf(id), bytes)
  store.put(dueKey(dueAt, id), NOTHING)
}

/** Stores other bytes for a record, and moves its entry in the due list where that changes. */
export function update(
  store: KeyValue,
  { record: { id }, dueAt: before }: Stored,
  bytes: Buffer,
  { dueAt, leasedUntil }: Pick<Stored, 'dueAt' | 'leasedUntil'>,
): void {
  writeDue(bytes, dueAt, leasedUntil)
  store.put(keyOf(id), bytes)
  if (dueAt === before) return
  store.remove(dueKey(before, id))
  store.put(dueKey(dueAt, id), NOTHING)
}

/** The bytes with another deadline, in place. */
export function withDeadline(bytes: Buffer, { seenAt, expiresAt }: Deadline): Buffer {
  patchDeadline(bytes.subarray(RECORD), seenAt, expiresAt)
  return bytes
}

/** Stores a tombstone, due at its end, or when whoever has leased it gives it up. */
export function bury(store: KeyValue, stored: Stored, ended: Ended): void {
  patchEnd(stored.bytes.subarray(RECORD), ended)
  const { leasedUntil } = stored
  update(store, stored, stored.bytes, { dueAt: Math.max(ended.at, leasedUntil), leasedUntil })
}

export function forget(store: KeyValue, { record: { id }, dueAt }: Stored): void {
  store.remove(keyOf(id))
  store.remove(dueKey(dueAt, id))
}

function keyOf(id: SessionId): string {
  return `r${id}`
}

function dueAtOf(bytes: Buffer): Instant {
  return bytes.readUIntBE(0, INSTANT_BYTES)
}

function leasedUntilOf(bytes: Buffer): Instant {
  return bytes.readUIntBE(LEASED_UNTIL, INSTANT_BYTES)
}

function writeDue(bytes: Buffer, dueAt: Instant, leasedUntil: Instant): void {
  bytes.writeUIntBE(dueAt, 0, INSTANT_BYTES)
  bytes.writeUIntBE(leasedUntil, LEASED_UNTIL, INSTANT_BYTES)
}
