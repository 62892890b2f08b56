import { randomBytes } from 'node:crypto'
import type { SessionId, SessionRecord } from '../../core/port.ts'
import { assertLives } from '../record-check.ts'
import { decodeRecord, encodeRecord } from '../record-layout.ts'

const WRITE_ID_BYTES = 4
/**
 * The ids of the last writes are stored before the record, the newest last, so that a call that is sent twice is
 * known again, also when others have replaced what it stored. To its first record nobody else has written.
 */
const REMEMBERED_WRITES = 4
const RESERVED_BYTES = REMEMBERED_WRITES * WRITE_ID_BYTES
const LAST_WRITE_ID = RESERVED_BYTES - WRITE_ID_BYTES

/** Numbers the writes of a process from a random start. Only the last few writes of one session are compared. */
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
  assertLives(record)
  const bytes = encodeRecord(record, RESERVED_BYTES).fill(0, 0, LAST_WRITE_ID)
  bytes.writeUInt32BE(writeId, LAST_WRITE_ID)
  return bytes
}

/** @throws SessionError `RECORD_UNREADABLE` */
export function recordOf(id: SessionId, bytes: Buffer): SessionRecord {
  return decodeRecord(id, bytes.subarray(RESERVED_BYTES))
}

/**
 * Whether a conflict with these bytes says for certain that a replace by this version was not applied, although
 * it was sent twice: no more writes came since than are remembered.
 */
export function remembersWriteOf(version: number, current: SessionRecord): boolean {
  return current.version - version < REMEMBERED_WRITES
}
