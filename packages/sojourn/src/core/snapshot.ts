import type { Decoded, Head } from './data-codec.ts'
import type { Instant, SessionId, SessionRecord } from './port.ts'
import type { Device, ReadonlyData, Session, SessionInfo } from './session.ts'

/**
 * What a caller holds of a record. The record itself stays in a private field, out of sight of inspection,
 * JSON and copies, because it holds digests (SECURITY T14).
 */
export class InfoSnapshot implements SessionInfo {
  readonly #record: SessionRecord
  readonly id: SessionId
  readonly userId: string | null
  readonly createdAt: Instant
  readonly seenAt: Instant
  readonly expiresAt: Instant
  readonly absoluteAt: Instant
  readonly authenticatedAt: Instant | null
  readonly assurance: string | null
  readonly device: Device | null

  constructor(record: SessionRecord, head: Head) {
    this.#record = record
    this.id = record.id
    this.userId = record.userId
    this.createdAt = record.createdAt
    this.seenAt = record.seenAt
    this.expiresAt = record.expiresAt
    this.absoluteAt = record.absoluteAt
    this.authenticatedAt = record.authenticatedAt
    this.assurance = head.assurance
    this.device = head.device
  }

  /** The record behind a session that this process read; null for any other object. */
  static recordBehind(session: object): SessionRecord | null {
    return #record in session ? session.#record : null
  }
}

/** A session as `read` gives it. */
export class SessionSnapshot<Data> extends InfoSnapshot implements Session<Data> {
  readonly data: ReadonlyData<Data>
  readonly superseded: boolean

  constructor(record: SessionRecord, decoded: Decoded<Data>, superseded: boolean) {
    super(record, decoded)
    this.data = decoded.data
    this.superseded = superseded
  }
}
