import type { SessionId } from '../core/port.ts'

/** What is told to whoever keeps copies of records. Every call is synchronous. */
export interface InvalidationListener {
  /** These records were written, by any process. */
  changed(ids: readonly SessionId[]): void
  /** Anything may have been written without a word, from now until the next `confirm`: every copy is void. */
  lost(): void
}

/** How a near cache hears what other processes write. It holds no clock and no timer. */
export interface Invalidations {
  /** Called once, before anything else. */
  listen(listener: InvalidationListener): void
  /**
   * Resolves when every write that anybody was told is done before this call has been told to the listener.
   * Connects if it must. Rejects when it cannot know; while a server is silent it may stay pending.
   */
  confirm(): Promise<void>
  /** Gives up what has become silent: says `lost`, rejects what is pending. The next `confirm` connects anew. */
  abandon(): void
  close(): Promise<void>
}
