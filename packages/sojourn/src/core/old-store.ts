import { hash } from 'node:crypto'
import type { Activity } from './activity.ts'
import type { JsonObject } from './foreign-data.ts'
import type { Instant, Milliseconds } from './port.ts'

/**
 * What becomes of an old key. `move`: it is removed as soon as its session is stored here. `mirror`, while processes
 * of the old kind still run: it stays, what they write to it wins, and what is written here goes there too.
 */
export type OldStoreMode = 'move' | 'mirror'

/** A session as another store holds it, in the form that its framework gave it. */
export interface OldSession {
  readonly data: JsonObject
  /** When the old store would drop it, which its data may not know (CONTRACTS 3.0); null where it never would. */
  readonly expiresAt: Instant | null
  /** Of the bytes that it was read from: `printOf`. */
  readonly print: string
}

/** One page of the ids of an old store. */
export interface OldPage {
  readonly ids: readonly string[]
  /** Where the next page begins; null after the last one. */
  readonly next: string | null
  /** About how much of the walk is done then, from 0 to 1. */
  readonly done: number
}

/** A store that sessions come from. Its calls reject with whatever its driver says. */
export interface OldStore {
  readonly mode: OldStoreMode
  /** Null when absent or over; `unreadable` for what is there and is no session, or too large. */
  read(id: string, now: Instant): Promise<OldSession | 'unreadable' | null>
  remove(id: string): Promise<void>
  /** A session as the old store keeps it. */
  encode(data: JsonObject): string
  /** Stores what `encode` made, for so long. */
  write(id: string, text: string, left: Milliseconds): Promise<void>
  /** Ids, in any order; what is there all the time comes at least once. Null: from the beginning. */
  page(after: string | null): Promise<OldPage>
}

/** How sessions of one framework are kept here. */
export interface OldForm {
  /** What is stored here of an old session, and the use that it counts as; null for what is none of the framework's. */
  adopt(id: string, session: Omit<OldSession, 'print'>): Adopted | null
  /** The same as the framework would write it into its old store. */
  restore(id: string, data: Record<string, unknown>, times: Activity): object
}

export interface Adopted {
  readonly data: JsonObject
  /** Null: now, for the store's idle timeout. `seenAt` is `MAX_SAFE_INTEGER` where nobody knows when it was used last. */
  readonly use: Activity | null
}

/** Where the sessions of a framework were before. */
export interface OldSource {
  readonly store: OldStore
  readonly form: OldForm
}

/** Tells whether bytes are the same without keeping them. */
export function printOf(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22)
}
