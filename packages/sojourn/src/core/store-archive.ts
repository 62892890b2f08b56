import type { HistoryQuery, PastSession } from './archive.ts'
import type { Archiver } from './archiver.ts'
import { type StoreContext, userKeyOf } from './context.ts'
import type { DeadLetter } from './dead-letters.ts'
import { type ErrorCode, SessionError } from './errors.ts'
import type { Instant, Milliseconds, SessionId } from './port.ts'
import type { Settler } from './settler.ts'
import type { Sweeper } from './sweeper.ts'
import { checkUserId } from './user-id.ts'

const LETTERS_LISTED = 1_000

/** How the archive is doing, as this process sees it. */
export interface ArchiveStatus {
  /** The destination's name; null where ended sessions are discarded. */
  readonly destination: string | null
  /** How long the ended session has waited that has waited longest, as far as this process has seen. */
  readonly lagMs: Milliseconds
  /** When this process last swept to the end; null before the first sweep, and where it does not sweep. */
  readonly sweptAt: Instant | null
  /** What its last sweep failed with, such as an engine that does not answer; null when it did not. */
  readonly failure: ErrorCode | null
  /** Since when the destination cannot be reached, and why; null while it answers. */
  readonly outage: { readonly since: Instant; readonly code: ErrorCode; readonly message: string } | null
}

interface ArchiveParts<Data> {
  readonly archiver: Archiver<Data> | null
  readonly settler: Settler<Data>
  readonly sweeper: Pick<Sweeper, 'health'>
}

/** What became of the sessions that ended: `store.archive`. */
export class StoreArchive<Data> {
  readonly #context: StoreContext<Data>
  readonly #archiver: Archiver<Data> | null
  readonly #settler: Settler<Data>
  readonly #sweeper: Pick<Sweeper, 'health'>
  readonly #openedAt: Instant

  /** Made by the store. */
  constructor(context: StoreContext<Data>, parts: ArchiveParts<Data>) {
    this.#context = context
    this.#archiver = parts.archiver
    this.#settler = parts.settler
    this.#sweeper = parts.sweeper
    this.#openedAt = context.clock.now()
  }

  status(): ArchiveStatus {
    const { archive, outage } = this.#archiver ?? { archive: null, outage: null }
    const { sweptAt, failure } = this.#sweeper.health
    return {
      destination: archive?.destination.name ?? null,
      lagMs: this.#lagMs(sweptAt, failure),
      sweptAt,
      failure,
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

  /** The sessions that the archive refused, of one user or of all, at most 1,000 at a time; the earliest end first. */
  async deadLetters(query: { readonly userId?: string } = {}): Promise<readonly DeadLetter[]> {
    const { letters } = this.#archiverOrThrow()
    const { userId } = query
    const found =
      userId === undefined
        ? await letters.list(LETTERS_LISTED)
        : await letters.ofUser(userKeyOf(this.#context, checkUserId(userId)))
    return found.map(({ about }) => about)
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

  /**
   * Tries every dead letter once, such as after `select` was corrected; how many are archived now.
   * @throws SessionError `ARCHIVE_UNAVAILABLE`
   */
  async retryAll(): Promise<{ readonly archived: number; readonly refused: number }> {
    const archiver = this.#archiverOrThrow()
    const counts = { archived: 0, refused: 0 }
    for await (const letter of archiver.letters.all()) {
      const error = await archiver.tried(letter)
      if (error?.code === 'ARCHIVE_UNAVAILABLE') throw error
      counts[error === null ? 'archived' : 'refused'] += 1
    }
    return counts
  }

  /** Forgets a dead letter with what its session held, for good. False when there is no such letter. */
  async drop(id: SessionId): Promise<boolean> {
    const { letters } = this.#archiverOrThrow()
    const letter = await letters.find(id)
    return letter !== null && letters.forget(letter, this.#context.clock.now())
  }

  /** While sweeps fail nobody knows what waits: at worst, what came right after the last one. */
  #lagMs(sweptAt: Instant | null, failure: ErrorCode | null): Milliseconds {
    const unknown = failure === null ? 0 : this.#context.clock.now() - (sweptAt ?? this.#openedAt)
    return Math.max(this.#settler.lagMs, unknown)
  }

  #archiverOrThrow(): Archiver<Data> {
    if (this.#archiver !== null) return this.#archiver
    throw without('this store has no archive: give it atEnd: archiveTo(…)')
  }
}

function without(why: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `${why}.`)
}
