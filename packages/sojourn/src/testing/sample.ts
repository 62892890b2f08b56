import type { Instant, SessionId, SessionRecord, UserKey } from '../core/port.ts'

/** When a sample was created: far ahead of the wall clock, so that an engine which reads one is found out. */
export const NOW: Instant = 2_000_000_000_000
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** A valid id for each number from 0 to 10^14 − 1; ids of one user share a bucket, its two characters. */
export function sampleId(number: number, bucket = 'Ab'): SessionId {
  return `${bucket}${String(number).padStart(14, '0')}`
}

/** A user of the samples. */
export function sampleUser(userId = 'u_1', bucket = 'Ab'): UserKey {
  return { userId, bucket }
}

/** `length` bytes in which every value from 0 to 255 comes up. */
export function sampleBytes(length: number, first = 0): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index += 1) bytes[index] = first + index
  return bytes
}

/** A valid live record of the user `u_1`: created at `NOW`, idle for half an hour, absolute for eight. */
export function sample(overrides: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: sampleId(1),
    userId: 'u_1',
    version: 1,
    createdAt: NOW,
    seenAt: NOW,
    expiresAt: NOW + 30 * MINUTE,
    absoluteAt: NOW + 8 * HOUR,
    authenticatedAt: null,
    digest: sampleBytes(32),
    previous: null,
    retired: [],
    ended: null,
    data: sampleBytes(300),
    ...overrides,
  }
}

/** A sample with the id of this number. */
export function numbered(number: number, overrides: Partial<SessionRecord> = {}): SessionRecord {
  return sample({ id: sampleId(number), ...overrides })
}

/** `count` samples numbered from 1, each created a millisecond after the one before. */
export function samples(count: number, overrides: Partial<SessionRecord> = {}): SessionRecord[] {
  return Array.from({ length: count }, (_, index) =>
    numbered(index + 1, { createdAt: NOW + index, seenAt: NOW + index, ...overrides }),
  )
}

/** The next version of a record, with other data and whatever else is changed. */
export function next(record: SessionRecord, overrides: Partial<SessionRecord> = {}): SessionRecord {
  const version = record.version + 1
  return { ...record, version, data: sampleBytes(200, version), ...overrides }
}
