import type { StoreContext } from './context.ts'
import type { ForeignDeadlines } from './foreign-deadlines.ts'
import type { KnownLinks } from './foreign-known.ts'
import type { ForeignRevocations } from './foreign-revocations.ts'
import type { ForeignTurns } from './foreign-turns.ts'
import type { UpdateQueue } from './update-queue.ts'

/** What the sessions of all foreign ids of a store share in one process. */
export interface ForeignShared<Data> {
  readonly context: StoreContext<Data>
  readonly updates: UpdateQueue<Data>
  readonly known: KnownLinks
  readonly turns: ForeignTurns
  readonly deadlines: ForeignDeadlines
  readonly revocations: ForeignRevocations
}
