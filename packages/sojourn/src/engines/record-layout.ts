import { SessionError } from '../core/errors.ts'
import { END_REASONS, type PreviousSecret, type RetiredSecret, type SessionRecord } from '../core/port.ts'
import { assertStorable } from './record-check.ts'

/*
 * A record as bytes, big-endian, with what an engine must act on at fixed offsets, so that a script inside a
 * server can read it as well. The layout is storage format: a change is a new format number.
 *
 *    0  u8   format, 1                        43  u8   length of userId; 0 is anonymous
 *    1  u8   state: 0 lives, else reason + 1  44  u8   length of the sealed successor
 *    2  u32  version                          45  u8   number of retired secrets, at most 16
 *    6  u48  createdAt                        46  u32  length of data
 *   12  u48  seenAt                           50  32   digest
 *   18  u48  expiresAt                        82  ...  userId, UTF-8
 *   24  u48  absoluteAt                            ... previous: digest 32, graceEndsAt u48, sealed
 *   30  u48  authenticatedAt                       ... retired: each digest 8, reuseFrom u48
 *   36  u48  ended at; 0 while it lives            ... data
 *   42  u8   flags: what is present
 */
const FORMAT = 1
const STATE = 1
const VERSION = 2
const CREATED_AT = 6
const SEEN_AT = 12
const EXPIRES_AT = 18
const ABSOLUTE_AT = 24
const AUTHENTICATED_AT = 30
const ENDED_AT = 36
const FLAGS = 42
const USER_BYTES = 43
const SEALED_BYTES = 44
const RETIRED_COUNT = 45
const DATA_BYTES = 46
const DIGEST = 50
const HEADER_BYTES = 82

const IS_AUTHENTICATED = 1
const HAS_PREVIOUS = 2
const HAS_GRACE_END = 4
const ALL_FLAGS = 7

const INSTANT_BYTES = 6
const DIGEST_BYTES = 32
const RETIRED_DIGEST_BYTES = 8
const RETIRED_BYTES = RETIRED_DIGEST_BYTES + INSTANT_BYTES
const MAX_RETIRED = 16

/**
 * The bytes of a record, after `reserved` bytes of the engine's own that are left as they come.
 * @throws SessionError `INVALID_ARGUMENT` for a record that breaks the rules of the port
 */
export function encodeRecord(record: SessionRecord, reserved = 0): Buffer {
  assertStorable(record)
  const { previous, retired, data } = record
  const user = record.userId === null ? null : Buffer.from(record.userId)
  const userBytes = user?.byteLength ?? 0
  const sealedBytes = previous?.sealed.byteLength ?? 0
  const tailBytes = userBytes + previousBytes(previous !== null, sealedBytes) + retired.length * RETIRED_BYTES
  const bytes = Buffer.allocUnsafe(reserved + HEADER_BYTES + tailBytes + data.byteLength)
  const target = bytes.subarray(reserved)
  writeHeader(target, record)
  target[USER_BYTES] = userBytes
  target[SEALED_BYTES] = sealedBytes
  let at = HEADER_BYTES
  if (user !== null) target.set(user, at)
  at += userBytes
  if (previous !== null) at = writePrevious(target, at, previous)
  for (const secret of retired) at = writeRetired(target, at, secret)
  target.set(data, at)
  return bytes
}

/**
 * The record that these bytes hold; its byte arrays are views of them. Total work is bounded by their length.
 * @throws SessionError `RECORD_UNREADABLE` for bytes that `encodeRecord` would not have written
 */
export function decodeRecord(id: string, bytes: Buffer): SessionRecord {
  const flags = bytes.byteLength < HEADER_BYTES ? ALL_FLAGS + 1 : bytes.readUInt8(FLAGS)
  if (flags > ALL_FLAGS || bytes.readUInt8(0) !== FORMAT) throw unreadable(bytes)
  const sections = sectionsOf(bytes, flags)
  const record: SessionRecord = {
    id,
    userId: readUser(bytes, sections.previousAt),
    version: bytes.readUInt32BE(VERSION),
    createdAt: readInstant(bytes, CREATED_AT),
    seenAt: readInstant(bytes, SEEN_AT),
    expiresAt: readInstant(bytes, EXPIRES_AT),
    absoluteAt: readInstant(bytes, ABSOLUTE_AT),
    authenticatedAt: readOptional(bytes, AUTHENTICATED_AT, (flags & IS_AUTHENTICATED) !== 0),
    digest: bytes.subarray(DIGEST, HEADER_BYTES),
    previous: readPrevious(bytes, sections, flags),
    retired: readRetired(bytes, sections),
    ended: readEnded(bytes),
    data: bytes.subarray(sections.dataAt),
  }
  if (record.expiresAt > record.absoluteAt || record.version === 0) throw unreadable(bytes)
  return record
}

/** The same bytes with a moved deadline. They must have been decoded before. */
export function patchDeadline(bytes: Buffer, seenAt: number, expiresAt: number): void {
  writeInstant(bytes, SEEN_AT, seenAt)
  writeInstant(bytes, EXPIRES_AT, expiresAt)
}

/** The same bytes as a tombstone. They must have been decoded before. */
export function patchEnd(bytes: Buffer, { at, reason }: NonNullable<SessionRecord['ended']>): void {
  bytes[STATE] = END_REASONS.indexOf(reason) + 1
  writeInstant(bytes, ENDED_AT, at)
}

function writeHeader(target: Buffer, record: SessionRecord): void {
  const { authenticatedAt, previous, ended } = record
  target[0] = FORMAT
  target[STATE] = ended === null ? 0 : END_REASONS.indexOf(ended.reason) + 1
  target.writeUInt32BE(record.version, VERSION)
  writeInstant(target, CREATED_AT, record.createdAt)
  writeInstant(target, SEEN_AT, record.seenAt)
  writeInstant(target, EXPIRES_AT, record.expiresAt)
  writeInstant(target, ABSOLUTE_AT, record.absoluteAt)
  writeInstant(target, AUTHENTICATED_AT, authenticatedAt ?? 0)
  writeInstant(target, ENDED_AT, ended?.at ?? 0)
  target[FLAGS] =
    (authenticatedAt === null ? 0 : IS_AUTHENTICATED) |
    (previous === null ? 0 : HAS_PREVIOUS) |
    ((previous?.graceEndsAt ?? null) === null ? 0 : HAS_GRACE_END)
  target[RETIRED_COUNT] = record.retired.length
  target.writeUInt32BE(record.data.byteLength, DATA_BYTES)
  target.set(record.digest, DIGEST)
}

function writePrevious(target: Buffer, at: number, { digest, graceEndsAt, sealed }: PreviousSecret): number {
  target.set(digest, at)
  writeInstant(target, at + DIGEST_BYTES, graceEndsAt ?? 0)
  target.set(sealed, at + previousBytes(true, 0))
  return at + previousBytes(true, sealed.byteLength)
}

function writeRetired(target: Buffer, at: number, { digest, reuseFrom }: RetiredSecret): number {
  target.set(digest, at)
  writeInstant(target, at + RETIRED_DIGEST_BYTES, reuseFrom)
  return at + RETIRED_BYTES
}

/** Where the parts behind the header begin. */
interface Sections {
  readonly previousAt: number
  readonly retiredAt: number
  readonly dataAt: number
}

/** Throws unless the parts fill the bytes exactly. */
function sectionsOf(bytes: Buffer, flags: number): Sections {
  const hasPrevious = (flags & HAS_PREVIOUS) !== 0
  const sealedBytes = bytes.readUInt8(SEALED_BYTES)
  const retiredCount = bytes.readUInt8(RETIRED_COUNT)
  const previousAt = HEADER_BYTES + bytes.readUInt8(USER_BYTES)
  const retiredAt = previousAt + previousBytes(hasPrevious, sealedBytes)
  const dataAt = retiredAt + retiredCount * RETIRED_BYTES
  const isExact = dataAt + bytes.readUInt32BE(DATA_BYTES) === bytes.byteLength
  const isPlain = hasPrevious || (sealedBytes === 0 && (flags & HAS_GRACE_END) === 0)
  if (!isExact || !isPlain || retiredCount > MAX_RETIRED) throw unreadable(bytes)
  return { previousAt, retiredAt, dataAt }
}

function readUser(bytes: Buffer, end: number): string | null {
  if (end === HEADER_BYTES) return null
  const userId = bytes.toString('utf8', HEADER_BYTES, end)
  // Decoding puts U+FFFD for bytes that are no UTF-8: two users must not become one.
  const isSuspect = userId.includes('\ufffd')
  if (isSuspect && !Buffer.from(userId).equals(bytes.subarray(HEADER_BYTES, end))) throw unreadable(bytes)
  return userId
}

function readPrevious(
  bytes: Buffer,
  { previousAt, retiredAt }: Sections,
  flags: number,
): PreviousSecret | null {
  if ((flags & HAS_PREVIOUS) === 0) return null
  const graceAt = previousAt + DIGEST_BYTES
  return {
    digest: bytes.subarray(previousAt, graceAt),
    sealed: bytes.subarray(graceAt + INSTANT_BYTES, retiredAt),
    graceEndsAt: readOptional(bytes, graceAt, (flags & HAS_GRACE_END) !== 0),
  }
}

function readRetired(bytes: Buffer, { retiredAt, dataAt }: Sections): RetiredSecret[] {
  const retired: RetiredSecret[] = []
  for (let at = retiredAt; at < dataAt; at += RETIRED_BYTES) {
    const digestEnd = at + RETIRED_DIGEST_BYTES
    retired.push({ digest: bytes.subarray(at, digestEnd), reuseFrom: readInstant(bytes, digestEnd) })
  }
  return retired
}

function readEnded(bytes: Buffer): SessionRecord['ended'] {
  const state = bytes.readUInt8(STATE)
  const at = readInstant(bytes, ENDED_AT)
  if (state === 0 && at === 0) return null
  const reason = END_REASONS[state - 1]
  if (reason === undefined) throw unreadable(bytes)
  return { at, reason }
}

function readOptional(bytes: Buffer, at: number, isPresent: boolean): number | null {
  const instant = readInstant(bytes, at)
  if (isPresent) return instant
  if (instant !== 0) throw unreadable(bytes)
  return null
}

function previousBytes(isPresent: boolean, sealedBytes: number): number {
  return isPresent ? DIGEST_BYTES + INSTANT_BYTES + sealedBytes : 0
}

function readInstant(bytes: Buffer, at: number): number {
  return bytes.readUIntBE(at, INSTANT_BYTES)
}

function writeInstant(bytes: Buffer, at: number, instant: number): void {
  bytes.writeUIntBE(instant, at, INSTANT_BYTES)
}

function unreadable(bytes: Buffer): SessionError {
  return new SessionError('RECORD_UNREADABLE', `Its ${bytes.byteLength} bytes are not of format ${FORMAT}.`)
}
