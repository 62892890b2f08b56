import type { Archive, EndedSession } from './archive.ts'
import { ArchiveRows } from './archive-row.ts'
import { ArchiveWriter, type Outage } from './archive-writer.ts'
import { Checkpoints } from './checkpoints.ts'
import type { StoreContext } from './context.ts'
import { DeadLetters, type Letter, letterOf } from './dead-letters.ts'
import { Erasure } from './erasure.ts'
import { SessionError } from './errors.ts'
import { parseDuration } from './lifetime.ts'
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
  readonly #on: ReadonlySet<EndReason>

  constructor(context: Context<Data>, archive: Archive<Data>, random: () => number = Math.random) {
    const { destination, checkpoint, on = ARCHIVED } = archive
    this.archive = archive
    this.#context = context
    this.#rows = new ArchiveRows(context.codec, archive)
    this.#writer = new ArchiveWriter(destination, context.clock, random)
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

  /** Those of these sessions that the store may forget now; the others wait, and come again. */
  async store(records: readonly Tombstone[]): Promise<readonly Tombstone[]> {
    const wanted = records.filter((record) => this.#wants(record))
    const unwanted = records.filter((record) => !this.#wants(record))
    if (wanted.length === 0 || this.#writer.isPaused) return unwanted
    const erased = await this.erasure.among(wanted)
    const prepared = await this.#prepared(wanted.filter((record) => !erased.has(record)))
    const { done, refused } = await this.#written(prepared.items)
    this.#context.counters.add('archived', done.length)
    const kept = await this.#kept([...prepared.refused, ...refused])
    return [...unwanted, ...wanted.filter((record) => erased.has(record)), ...done, ...kept]
  }

  /** Tries letters again that are due; how many it could deal with. */
  async retryDue(stored: readonly SessionRecord[]): Promise<number> {
    let dealtWith = 0
    for (const letter of stored.map(letterOf)) {
      if (letter === null || this.#writer.isPaused) continue
      const error = await this.#delivered(letter)
      if (error?.code === 'ARCHIVE_UNAVAILABLE') continue
      dealtWith += 1
      if (error === null) continue
      await this.letters.refusedAgain(letter, error, this.#context.clock.now())
      this.#tellRefused(letter.record, error, letter.about.tries + 1)
    }
    return dealtWith
  }

  /** Tries one letter at once, however often it was refused. @throws SessionError why it is still not archived */
  async retry(letter: Letter): Promise<void> {
    const error = await this.#delivered(letter)
    if (error === null) return
    if (error.code !== 'ARCHIVE_UNAVAILABLE') {
      await this.letters.refusedAgain(letter, error, this.#context.clock.now())
    }
    throw error
  }

  #wants({ data, ended }: Tombstone): boolean {
    return data.byteLength > 0 && this.#on.has(ended.reason)
  }

  async #prepared(records: readonly Tombstone[]) {
    const items: Item[] = []
    const refused: Refused[] = []
    for (const record of records) {
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
    const { destination } = this.archive
    const outcome = await this.#writer.write(items, ({ row }) => row, destination.write)
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

  /** Writes a letter about each; those that found room may be forgotten where they were. */
  async #kept(refused: readonly Refused[]): Promise<Tombstone[]> {
    const kept: Tombstone[] = []
    for (const { record, error } of refused) {
      const now = this.#context.clock.now()
      this.#context.counters.add('archiveRefusals')
      if (!(await this.letters.write(record, record.ended, error, now))) continue
      kept.push(record)
      this.#tellRefused(record, error, 1)
    }
    return kept
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
      this.#context.counters.add('archived')
    }
    await this.letters.forget(letter, this.#context.clock.now())
    return null
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
