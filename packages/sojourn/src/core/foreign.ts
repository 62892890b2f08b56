import type { StoreContext } from './context.ts'
import { ForeignDeadlines } from './foreign-deadlines.ts'
import { KnownLinks } from './foreign-known.ts'
import { checkedForeign, type ForeignOptions } from './foreign-options.ts'
import { ForeignRevocations } from './foreign-revocations.ts'
import { ForeignSessions } from './foreign-sessions.ts'
import type { ForeignShared } from './foreign-shared.ts'
import { ForeignTurns } from './foreign-turns.ts'
import type { UpdateQueue } from './update-queue.ts'

/** What one process keeps of foreign sessions, whatever their framework. */
export class Foreign<Data> {
  readonly #shared: ForeignShared<Data>

  constructor(context: StoreContext<Data>, updates: UpdateQueue<Data>) {
    const deadlines = new ForeignDeadlines(context)
    const revocations = new ForeignRevocations(context)
    const kept = { known: new KnownLinks(), turns: new ForeignTurns(), deadlines, revocations }
    this.#shared = { context, updates, ...kept }
  }

  /** @throws SessionError `INVALID_ARGUMENT` */
  open(options: ForeignOptions): ForeignSessions<Data> {
    const checked = checkedForeign(options)
    if (checked.source !== null || checked.adopts) this.#shared.revocations.begin()
    return new ForeignSessions(this.#shared, checked)
  }

  /** All sessions of a user are about to be ended, also those that are still elsewhere. */
  noteRevoked(userId: string): Promise<void> {
    return this.#shared.revocations.note(userId)
  }

  /** Writes deadlines that wait for their throttle. */
  flush(): void {
    this.#shared.deadlines.flush()
  }
}
