import { hash } from 'node:crypto'
import { type Engine, type Instant, NEVER, type SessionId, type SessionRecord } from './port.ts'

/** The first byte of data that a store keeps for itself. No envelope of a session begins with it. */
const OWN = 0x00
const DIGEST_BYTES = 32
const NAME_LENGTH = 14

/** What a store keeps beside sessions, in records like theirs, so that an engine needs no further method. */
export type OwnKind = 'dead letter' | 'erased user' | 'checkpoint' | 'link' | 'value'

interface OwnRecord {
  readonly kind: OwnKind
  readonly id: SessionId
  /** Lists the records of one kind; null for those that nobody lists. No application's user id begins with NUL. */
  readonly userId: string | null
  readonly createdAt: Instant
  /** When somebody must look at it: it is due then, as an expired session would be. */
  readonly lookAt: Instant
  readonly content: unknown
}

/** The id of a record of ours in a bucket. The same name gives the same id, so that no two are made of one thing. */
export function ownId(bucket: string, kind: OwnKind, name: string): SessionId {
  return bucket + hash('sha256', `sojourn/${kind}/v1\0${name}`, 'base64url').slice(0, NAME_LENGTH)
}

/** A record of ours. No digest matches its own, so that no token opens it. */
export function ownRecord({ kind, id, userId, createdAt, lookAt, content }: OwnRecord): SessionRecord {
  return { ...bareRecord(id, createdAt), userId, expiresAt: lookAt, data: ownData(kind, content) }
}

/** A record that is no session: it never dies, nobody's token opens it, and it holds nothing yet. */
export function bareRecord(id: SessionId, createdAt: Instant): SessionRecord {
  return {
    id,
    userId: null,
    version: 1,
    createdAt,
    seenAt: createdAt,
    expiresAt: NEVER,
    absoluteAt: NEVER,
    authenticatedAt: null,
    digest: new Uint8Array(DIGEST_BYTES),
    previous: null,
    retired: [],
    ended: null,
    data: new Uint8Array(),
  }
}

/** The bytes of such a record. */
export function ownData(kind: OwnKind, content: unknown): Uint8Array {
  return Buffer.concat([Buffer.of(OWN), Buffer.from(JSON.stringify([kind, content]))])
}

/** Whether a record is one of ours and no session: it is not to be shown, told or archived. */
export function isOwn(record: SessionRecord): boolean {
  return record.data[0] === OWN
}

/** What a record of ours holds; null when it is of another kind, or cannot be read. */
export function ownContent(record: SessionRecord, kind: OwnKind): unknown {
  if (!isOwn(record)) return null
  try {
    const fields: unknown = JSON.parse(Buffer.from(record.data.subarray(1)).toString())
    return Array.isArray(fields) && fields[0] === kind ? fields[1] : null
  } catch {
    return null
  }
}

/** Removes a record of ours, which leaves no tombstone. True for the one call that ended it. */
export async function removeOwn(engine: Engine, id: SessionId, at: Instant): Promise<boolean> {
  const isEnded = await engine.end(id, 'erased', at)
  await engine.settle([id], null)
  return isEnded
}
