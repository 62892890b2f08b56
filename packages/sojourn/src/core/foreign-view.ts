import type { JsonObject } from './foreign-data.ts'
import type { ForeignKey, Link } from './foreign-link.ts'
import type { SessionRecord } from './port.ts'

/** What a request has of a foreign session. */
export interface Seen {
  readonly link: Link
  readonly record: SessionRecord
  /** What it has of the data; null when that is what the record holds. */
  readonly data: JsonObject | null
}

/**
 * What one request knows of a foreign session: what it read, or wrote last. Its writes are changes to that, and never
 * make a session anew (CONTRACTS L1). It holds a secret, in a private field, out of sight of inspection.
 */
export class ForeignView {
  #seen: Seen | null = null
  #last: Promise<unknown> = Promise.resolve()

  /** Null until something was read or written with it under this id; what it knows of another id is of no use. */
  seenOf({ linkId }: Pick<ForeignKey, 'linkId'>): Seen | null {
    return this.#seen?.link.id === linkId ? this.#seen : null
  }

  note(seen: Seen): void {
    this.#seen = seen
  }

  /** Runs `work` when what was begun before with this view is done: each write starts from the one before. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work)
    this.#last = turn
    return turn
  }
}
