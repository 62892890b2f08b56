import type { Instant, SessionRecord } from '../../core/port.ts'

/** A record in its place: what the engine knows of it beyond its fields. */
export interface Stored {
  /** Never handed out and never handed in: only copies of it are. */
  record: SessionRecord
  /** The share of `maxBytes` that it takes. */
  bytes: number
  /** No `due` returns it before this instant; 0 when nobody holds it. */
  leasedUntil: Instant
  /** When it is next due: its place in the due queue. */
  dueAt: Instant
  /** Its index in the heap of the due queue. */
  position: number
  /** Where a walk comes by it: the same for as long as it is stored. */
  readonly place: number
}

/**
 * What a record takes on the heap of V8 beside its bytes, measured on Node 20: objects, map and set entries,
 * instants, array headers. Rounded up, so that `maxBytes` is rather kept too early than too late.
 */
const RECORD_BYTES = 1_024
/** The same for one further byte array with the object around it. */
const ARRAY_BYTES = 288

export function bytesOf(record: SessionRecord): number {
  const text = record.id.length + (record.userId === null ? 0 : 2 * record.userId.length)
  const arrays = record.retired.length + (record.previous === null ? 0 : 2)
  const sealed = record.previous?.sealed.byteLength ?? 0
  return RECORD_BYTES + text + arrays * ARRAY_BYTES + sealed + record.data.byteLength
}

/** The same record with bytes of its own: whoever changes one copy does not change the other. */
export function copyOf(record: SessionRecord): SessionRecord {
  const { previous, ended } = record
  return {
    id: record.id,
    userId: record.userId,
    version: record.version,
    createdAt: record.createdAt,
    seenAt: record.seenAt,
    expiresAt: record.expiresAt,
    absoluteAt: record.absoluteAt,
    authenticatedAt: record.authenticatedAt,
    digest: new Uint8Array(record.digest),
    previous: previous && {
      digest: new Uint8Array(previous.digest),
      sealed: new Uint8Array(previous.sealed),
      graceEndsAt: previous.graceEndsAt,
    },
    retired: record.retired.map(({ digest, reuseFrom }) => ({ digest: new Uint8Array(digest), reuseFrom })),
    ended: ended && { at: ended.at, reason: ended.reason },
    data: new Uint8Array(record.data),
  }
}

export function isLive({ record }: Stored, now: Instant): boolean {
  return record.ended === null && now < record.expiresAt
}

/** The order of a user's sessions: the oldest first, ties by id. */
export function byAge(a: Stored, b: Stored): number {
  return a.record.createdAt - b.record.createdAt || (a.record.id < b.record.id ? -1 : 1)
}
