import type { Key } from './keys.ts'

/** The tree as the verbs see it: within a write transaction, or a snapshot for reads. */
export interface KeyValue {
  /** Bytes of the caller's own; null where absent. */
  get(key: Key): Buffer | null
  put(key: Key, value: Buffer): void
  /** Does nothing where absent. */
  remove(key: Key): void
  /** At most `limit` keys from `first` on and before `end`, in order. */
  keys(first: Key, end: Key, limit: number): Key[]
}
