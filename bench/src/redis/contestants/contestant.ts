/** What is measured. */
export const VERBS = ['read', 'rewrite', 'update', 'create', 'list', 'revokeUser'] as const
export type Verb = (typeof VERBS)[number]

/** Where the sessions are kept. */
export interface Servers {
  readonly urls: readonly string[]
  readonly isCluster: boolean
}

/**
 * One way to keep sessions on a Redis server. All hold the same data, and every method rejects when it did not
 * do what it says: what fails fast must not look fast.
 */
export interface RedisContestant {
  /** Stores the sessions that are given by number, from 0, each of a user of its own. */
  fill(count: number): Promise<void>
  /** Stores so many sessions of one more user. */
  fillUser(userId: string, sessions: number): Promise<void>
  read(index: number): Promise<void>
  /** Changes and stores a session that was read before, as at the end of a request. */
  rewrite(index: number): Promise<void>
  /** Reads, changes and stores a session. */
  update(index: number): Promise<void>
  /** Stores one more session. */
  create(): Promise<void>
  /** Tells the user's sessions; how many. */
  list(userId: string): Promise<number>
  /** Ends all of a user's sessions; how many. */
  revokeUser(userId: string): Promise<number>
  close(): Promise<void>
}
