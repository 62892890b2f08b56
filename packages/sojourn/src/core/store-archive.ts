import type { HistoryQuery, PastSession } from './archive.ts'
import type { Archiver } from './archiver.ts'
import type { StoreContext } from './context.ts'
import type { DeadLetter } from './dead-letters.ts'
import { type ErrorCode, SessionError } from './errors.ts'
import type { Instant, Milliseconds, SessionId } from './port.ts'
import type { Settler } from './settler.ts'
import { checkUserId } from './user-id.ts'

/** How the archive is doing, as this process sees it. */
export interface ArchiveStatus {
  /** The destination's name; null where ended sessions are discarded. */
  readonly destination: string | null
  /** How long the ended session has waited that has waited longest, as far as this process has seen. */
  readonly lagMs: Milliseconds
  /** Since when the destination cannot be reached, and why; null while it answers. */
  readonly outage: { readonly since: Instant; readonly code: ErrorCode; readonly message: string } | null
}

/** What became of the sessions that ended: `store.archive`. */
export class StoreArchive<Data> {
  readonly #context: StoreContext<Data>
  readonly #archiver: Archiver<Data> | null
  readonly #settler: Settler<Data>

  /** Made by the store. */
  constructor(context: StoreContext<Data>, archiver: Archiver<Data> | null, settler: Settler<Data>) {
    this.#context = context
    this.#archiver = archiver
    this.#settler = settler
  }

  status(): ArchiveStatus {
    const { archive, outage } = this.#archiver ?? { archive: null, outage: null }
    return {
      destination: archive?.destination.name ?? null,
      lagMs: this.#settler.lagMs,
      outage: outage && { since: outage.since, code: outage.error.code, message: outage.error.message },
    }
  }

  /**
   * A user's past sessions, the last one first.
   * @throws SessionError `INVALID_ARGUMENT` where the archive keeps no history; `ARCHIVE_UNAVAILABLE`
   */
  async history(query: HistoryQuery): Promise<readonly PastSession[]> {
    const { destination } = this.#archiverOrThrow().archive
    if (destination.history === null) throw without(`${destination.name} keeps no history`)
    checkUserId(query.userId)
    return await destination.history(query)
  }

  /** The sessions that the archive refused, of all users or of one, the earliest end first. */
  async deadLetters(query: { readonly userId?: string } = {}): Promise<readonly DeadLetter[]> {
    const userId = query.userId === undefined ? null : checkUserId(query.userId)
    const letters = await this.#archiverOrThrow().letters.list(userId)
    return letters.map(({ about }) => about)
  }

  /**
   * Archives a dead letter's session now. False when there is no such letter.
   * @throws SessionError `ARCHIVE_REFUSED` or another, when it is refused again; `ARCHIVE_UNAVAILABLE`
   */
  async retry(id: SessionId): Promise<boolean> {
    const archiver = this.#archiverOrThrow()
    const letter = await archiver.letters.find(id)
    if (letter === null) return false
    await archiver.retry(letter)
    return true
  }

  /** Forgets a dead letter with what its session held, for good. False when there is no such letter. */
  async drop(id: SessionId): Promise<boolean> {
    const { letters } = this.#archiverOrThrow()
    const letter = await letters.find(id)
    return letter !== null && letters.forget(letter, this.#context.clock.now())
  }

  #archiverOrThrow(): Archiver<Data> {
    if (this.#archiver !== null) return this.#archiver
    throw without('this store has no archive: give it atEnd: archiveTo(…)')
  }
}

function without(why: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `${why}.`)
}
