import { isUnreadable } from '../../core/errors.ts'
import { type DueRecord, type Instant, LEASE_MS, NEVER } from '../../core/port.ts'
import { endByTime } from '../record-check.ts'
import { forgetCutOffs, hasOutdatedCutOffs } from './cut-off.ts'
import { unlist } from './end.ts'
import type { KeyValue } from './key-value.ts'
import { DUE, dueAfter, dueKey, partsOfDueKey } from './keys.ts'
import { bury, find, type Stored, update } from './stored.ts'

export interface DueChunk {
  readonly records: readonly DueRecord[]
  /** Whether more may be due: another look is needed for as many as were asked for. */
  readonly isOpen: boolean
}

/** How many entries one transaction looks at, whatever is asked for: it holds up writers and requests. */
const CHUNK = 256
const NONE: DueChunk = { records: [], isOpen: false }

/** Whether a look with a write transaction would find anything. Reads a snapshot. */
export function isAnythingDue(store: KeyValue, now: Instant): boolean {
  return store.keys(DUE.first, dueAfter(now), 1).length > 0 || hasOutdatedCutOffs(store, now)
}

/** Within a write transaction: leases what is due among the first entries, and puts back what was found too early. */
export function lease(store: KeyValue, now: Instant, limit: number): DueChunk {
  forgetCutOffs(store, now)
  const keys = store.keys(DUE.first, dueAfter(now), Math.min(limit, CHUNK))
  if (keys.length === 0) return NONE
  const found = keys.map((key) => findEntry(store, key, now)).filter((entry) => entry !== null)
  const early = found.filter((stored) => dueAtOf(stored) > stored.dueAt)
  for (const stored of early) postpone(store, stored, dueAtOf(stored), stored.leasedUntil)
  // What was put back may be due before the rest of this chunk: look again, so that the earliest comes first.
  if (early.length > 0) return { records: [], isOpen: true }
  const leasedUntil = leaseFrom(now)
  return { records: found.map((stored) => leased(store, stored, leasedUntil)), isOpen: true }
}

/** Leases a record, and ends it where its time is over and nobody has ended it. */
function leased(store: KeyValue, stored: Stored, leasedUntil: Instant): DueRecord {
  const { record } = stored
  const ended = record.ended === null ? endByTime(record) : null
  if (ended === null) {
    postpone(store, stored, leasedUntil, leasedUntil)
    return { ...record, endedNow: false }
  }
  if (record.userId !== null) unlist(store, record.userId, new Set([record.id]))
  bury(store, { ...stored, leasedUntil }, ended)
  return { ...record, ended, endedNow: true }
}

/** The record of an entry. An entry without a record, or that is no longer its own, is removed. */
function findEntry(store: KeyValue, key: string, now: Instant): Stored | null {
  const { at, id } = partsOfDueKey(key)
  try {
    const stored = find(store, id)
    if (stored !== null && stored.dueAt === at) return stored
    store.remove(key)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    // It cannot be read, and must not hold up what is behind it: it comes again when a lease would be over.
    store.remove(key)
    store.put(dueKey(leaseFrom(now), id), Buffer.alloc(0))
  }
  return null
}

/** When the record is due by what is stored now: a touch moves deadlines and leaves entries alone. */
function dueAtOf({ record, dueAt, leasedUntil }: Stored): Instant {
  return record.ended === null ? Math.max(record.expiresAt, leasedUntil) : dueAt
}

function leaseFrom(now: Instant): Instant {
  return Math.min(now + LEASE_MS, NEVER)
}

function postpone(store: KeyValue, stored: Stored, dueAt: Instant, leasedUntil: Instant): void {
  update(store, stored, stored.bytes, { dueAt, leasedUntil })
}
