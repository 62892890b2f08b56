import type { SessionRecord } from '../core/port.ts'

export const NOW = 1_700_000_000_000
export const MINUTE = 60_000

/** A record that lives from `NOW` for a minute, with an id of its own per number. */
export function record(number: number, overrides: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: `AA${String(number).padStart(14, '0')}`,
    userId: 'u_1',
    version: 1,
    createdAt: NOW,
    seenAt: NOW,
    expiresAt: NOW + MINUTE,
    absoluteAt: NOW + 60 * MINUTE,
    authenticatedAt: null,
    digest: new Uint8Array(32),
    previous: null,
    retired: [],
    ended: null,
    data: new Uint8Array(100),
    ...overrides,
  }
}
