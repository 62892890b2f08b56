/** What is measured. */
export const OPERATIONS = ['read', 'update', 'create'] as const
export type Operation = (typeof OPERATIONS)[number]

/**
 * One store, or one raw mechanism, that is measured beside the others. Every method works on the same payload
 * and rejects when it did not do what it says: what fails fast must not look fast.
 */
export interface Contestant {
  /** Stores the sessions that `read` and `update` are given by number, from 0. */
  fill(count: number): Promise<void>
  /** Loads the session of that number. */
  read(index: number): Promise<void>
  /** Loads, changes and stores it; resolves when the change is as durable as this contestant makes it. */
  update(index: number): Promise<void>
  /** Stores one more session. */
  create(): Promise<void>
  close(): Promise<void>
}
