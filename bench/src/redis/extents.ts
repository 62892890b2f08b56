import type { Users } from './redis-slice.ts'

export const CONCURRENCIES = [1, 16, 64, 256] as const
export type Concurrency = (typeof CONCURRENCIES)[number]

/** How much is measured. Durations are milliseconds, of one slice. */
export interface Extent {
  readonly rounds: number
  readonly sessions: number
  readonly sliceMs: number
  readonly warmupMs: number
  readonly listed: Users
  /** Sessions of each user that is ended; how many users follows from how many are ended at once. */
  readonly endedSessions: number
  readonly endedUsers: Readonly<Record<Concurrency, number>>
  /** Of `revokeUser`, because its users must be made before each slice. */
  readonly endedRounds: number
  /** Sessions that are stored to see how much memory one takes. */
  readonly memorySessions: number
  /** Calls of each verb, one at a time, for which round trips are counted; and 64 at once, so many times more. */
  readonly countedCalls: number
}

export const EXTENTS = {
  full: {
    rounds: 9,
    sessions: 10_000,
    sliceMs: 200,
    warmupMs: 60,
    listed: { users: 200, sessions: 10 },
    endedSessions: 100,
    endedUsers: { 1: 10, 16: 32, 64: 64, 256: 256 },
    endedRounds: 3,
    memorySessions: 100_000,
    countedCalls: 50,
  },
  quick: {
    rounds: 1,
    sessions: 300,
    sliceMs: 8,
    warmupMs: 2,
    listed: { users: 5, sessions: 3 },
    endedSessions: 2,
    endedUsers: { 1: 2, 16: 16, 64: 64, 256: 256 },
    endedRounds: 1,
    memorySessions: 500,
    countedCalls: 5,
  },
} as const satisfies Record<string, Extent>
