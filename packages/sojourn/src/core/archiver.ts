import type { Archive, EndedSession } from './archive.ts'
import { ArchiveRows } from './archive-row.ts'
import { ArchiveWriter, type Outage } from './archive-writer.ts'
import { Checkpoints } from './checkpoints.ts'
import type { StoreContext } from './context.ts'
import { DeadLetters, type Letter } from './dead-letters.ts'
import { Erasure } from './erasure.ts'
import { SessionError } from './errors.ts'
import { parseDuration } from './lifetime.ts'
import { Pace } from './pace.ts'
import { END_REASONS, type Ended, type EndReason, type SessionRecord } from './port.ts'
import { withoutMessage } from './schema.ts'

const ARCHIVED: readonly EndReason[] = END_REASONS.filter((reason) => reason !== 'erased')

/** A record that has ended. */
export interface Tombstone extends SessionRecord {
  readonly ended: Ended
}

interface Item {
  readonly record: Tombstone
  readonly row: EndedSession
}

type Context<Data> = Pick<
  StoreContext<Data>,
  'engine' | 'clock' | 'events' | 'counters' | 'records' | 'background' | 'codec'
>

/** Brings what ended to its destination, and keeps what the destination refuses. */
export class Archiver<Data> {
  readonly archive: Archive<Data>
  readonly letters: DeadLetters
  readonly erasure: Erasure
  readonly checkpoints: Checkpoints<Data> | null
  readonly #context: Context<Data>
  readonly #rows: ArchiveRows<Data>
  readonly #writer: ArchiveWriter
  readonly #pace: Pace
  readonly #on: ReadonlySet<EndReason>

  constructor(context: Context<Data>, archive: Archive<Data>, random: () => number = Math.random) {
    const { destination, checkpoint, on = ARCHIVED } = archive
    this.archive = archive
    this.#context = context
    this.#rows = new ArchiveRows(context.codec, archive)
    this.#writer = new ArchiveWriter(destination, context.clock, random)
    this.#pace = new Pace(context)
    this.letters = new DeadLetters(context.engine, random)
    this.erasure = new Erasure(context.engine)
    this.#on = new Set(on)
    const send = destination.checkpoint
    const parts = send && { rows: this.#rows, writer: this.#writer, send }
    const every = checkpoint === undefined ? null : parseDuration(checkpoint.every, 'checkpoint.every')
    this.checkpoints = parts && every ? new Checkpoints(context, every, parts) : null
  }

  /** Null while the destination answers. */
  get outage(): Outage | null {
    return this.#writer.outage
  }

  /**
   * Those of these sessions that the store may forget now; the others wait, and come again. What kept one waiting that
   * is no fault of the destination's is noted in `failures`.
   */
  async store(records: readonly Tombstone[], failures: unknown[]): Promise<readonly Tombstone[]> {
    const wanted = records.filter((record) => this.#wants(record))
    const unwanted = records.filter((record) => !this.#wants(record))
    if (wanted.length === 0) return unwanted
    const erased = await this.erasure.among(wanted)
    const forgettable = [...unwanted, ...erased]
    if (this.#writer.isPaused) return forgettable
    const prepared = await this.#prepared(wanted.filter((record) => !erased.has(record)))
    const { done, refused } = await this.#written(prepared.items)
    for (const record of done) this.#tellArchived(record)
    const kept = await this.#kept([...prepared.refused, ...refused], failures)
    return [...forgettable, ...done, ...kept]
  }

  /** Tries letters again that are due; how many it could deal with. */
  async retryDue(letters: readonly Letter[]): Promise<number> {
    let dealtWith = 0
    for (const letter of letters) {
      if (this.#writer.isPaused) break
      const error = await this.tried(letter)
      if (error?.code !== 'ARCHIVE_UNAVAILABLE') dealtWith += 1
    }
    return dealtWith
  }

  /** Tries one letter at once, however often it was refused; null when its session is archived now, else why not. */
  async tried(letter: Letter): Promise<SessionError | null> {
    const error = await this.#delivered(letter)
    if (error === null || error.code === 'ARCHIVE_UNAVAILABLE') return error
    await this.letters.refusedAgain(letter, error, this.#context.clock.now())
    this.#tellRefused(letter.record, error, letter.about.tries + 1)
    return error
  }

  /** The same. @throws SessionError why it is still not archived */
  async retry(letter: Letter): Promise<void> {
    const error = await this.tried(letter)
    if (error !== null) throw error
  }

  /** Begins nothing more: what waits is left to others, or to the next start. */
  stop(): void {
    this.#writer.stop()
  }

  #wants({ data, ended }: Tombstone): boolean {
    return data.byteLength > 0 && this.#on.has(ended.reason)
  }

  async #prepared(records: readonly Tombstone[]) {
    const items: Item[] = []
    const refused: Refused[] = []
    for (const record of records) {
      if (this.#pace.isLong) await this.#pace.breathe()
      try {
        items.push({ record, row: await this.#rows.ended(record, record.ended) })
      } catch (error) {
        refused.push({ record, error: refusalOf(error) })
      }
    }
    return { items, refused }
  }

  async #written(items: readonly Item[]) {
    const hadOutage = this.#writer.outage !== null
    const outcome = await this.#writer.write(
      items,
      ({ row }) => row,
      (rows) => this.#send(rows),
    )
    const hasOutage = this.#writer.outage !== null
    if (hadOutage !== hasOutage) {
      this.#context.events.emit(hasOutage ? 'archiveInterrupted' : 'archiveResumed', {
        at: this.#context.clock.now(),
      })
    }
    return {
      done: outcome.done.map(({ record }) => record),
      refused: outcome.refused.map(({ item, error }) => ({ record: item.record, error })),
    }
  }

  /** A user may have been erased since, while the batches before this one were written. */
  async #send(rows: readonly EndedSession[]): Promise<void> {
    const erased = await this.erasure.among(rows)
    const left = erased.size === 0 ? rows : rows.filter((row) => !erased.has(row))
    if (left.length > 0) await this.archive.destination.write(left)
  }

  /** Writes a letter about each; those that found room may be forgotten where they were. */
  async #kept(refused: readonly Refused[], failures: unknown[]): Promise<Tombstone[]> {
    const kept: Tombstone[] = []
    for (const { record, error } of refused) {
      this.#context.counters.add('archiveRefusals')
      if (!(await this.#isKept(record, error, failures))) continue
      kept.push(record)
      this.#tellRefused(record, error, 1)
    }
    return kept
  }

  async #isKept(record: Tombstone, error: SessionError, failures: unknown[]): Promise<boolean> {
    try {
      return await this.letters.write(record, record.ended, error, this.#context.clock.now())
    } catch (failure) {
      failures.push(failure)
      return false
    }
  }

  /** Null when the letter's session is archived, or must not be, and the letter is gone. */
  async #delivered(letter: Letter): Promise<SessionError | null> {
    const record = { ...letter.record, ended: letter.ended }
    const erased = await this.erasure.among([record])
    if (erased.size === 0) {
      const prepared = await this.#prepared([record])
      const { done, refused } = await this.#written(prepared.items)
      const [first] = [...prepared.refused, ...refused]
      if (first !== undefined) return first.error
      if (done.length === 0) return this.#writer.outage?.error ?? new SessionError('ARCHIVE_UNAVAILABLE')
      this.#tellArchived(record)
    }
    await this.letters.forget(letter, this.#context.clock.now())
    return null
  }

  #tellArchived({ id, userId }: SessionRecord): void {
    this.#context.counters.add('archived')
    this.#context.events.emit('archived', { at: this.#context.clock.now(), id, userId })
  }

  #tellRefused({ id, userId }: SessionRecord, { code }: SessionError, tries: number): void {
    const at = this.#context.clock.now()
    this.#context.events.emit('archiveRefused', { at, id, userId, code, tries })
  }
}

interface Refused {
  readonly record: Tombstone
  readonly error: SessionError
}

function refusalOf(error: unknown): SessionError {
  if (error instanceof SessionError) return error
  return new SessionError('ARCHIVE_REFUSED', 'It could not be prepared.', { cause: withoutMessage(error) })
}
