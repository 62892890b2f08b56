import { randomBytes } from 'node:crypto'
import { SessionError } from '../../core/errors.ts'
import type { SessionId, SessionRecord } from '../../core/port.ts'
import { decodeRecord, encodeRecord } from '../record-layout.ts'

/** Stored before the record: which call wrote it last, so that a call that is sent twice is known again. */
const WRITE_ID_BYTES = 4

/** Numbers the writes of a process from a random start. Only writes of one version of one session are compared. */
export class WriteIds {
  #next = randomBytes(WRITE_ID_BYTES).readUInt32BE(0)

  next(): number {
    this.#next = (this.#next + 1) >>> 0
    return this.#next
  }
}

export function writeIdBytes(writeId: number): Buffer {
  const bytes = Buffer.allocUnsafe(WRITE_ID_BYTES)
  bytes.writeUInt32BE(writeId)
  return bytes
}

/** @throws SessionError `INVALID_ARGUMENT` for a record that breaks a rule of the port */
export function storedBytes(record: SessionRecord, writeId: number): Buffer {
  if (record.ended !== null) {
    throw new SessionError('INVALID_ARGUMENT', 'A stored session must not have ended.')
  }
  const bytes = encodeRecord(record, WRITE_ID_BYTES)
  bytes.writeUInt32BE(writeId)
  return bytes
}

/** @throws SessionError `RECORD_UNREADABLE` */
export function recordOf(id: SessionId, bytes: Buffer): SessionRecord {
  return decodeRecord(id, bytes.subarray(WRITE_ID_BYTES))
}
