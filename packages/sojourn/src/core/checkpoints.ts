import type { LiveSession } from './archive.ts'
import type { ArchiveRows } from './archive-row.ts'
import type { ArchiveWriter } from './archive-writer.ts'
import { bucketOfId } from './bucket.ts'
import type { StoreContext } from './context.ts'
import { ownContent, ownId, ownRecord, removeOwn } from './own-record.ts'
import { CLOCK_SKEW_MS, type Milliseconds, type SessionId, type SessionRecord } from './port.ts'

/** So many sessions a process remembers to have marked; one that it forgot is merely marked again. */
const REMEMBERED = 100_000

type Marks = Pick<StoreContext<unknown>, 'engine' | 'clock' | 'background' | 'records'>
type Send = (batch: readonly LiveSession[]) => Promise<unknown>

/**
 * Notes which live sessions changed, in marks that are due after `every`: whoever finds one writes the session as it
 * is then. A mark lies in the store, so that no process that dies takes it along.
 */
export class Checkpoints<Data> {
  readonly #context: Marks
  readonly #every: Milliseconds
  readonly #rows: ArchiveRows<Data>
  readonly #writer: ArchiveWriter
  readonly #send: Send
  /** Until when the mark of a session is surely there. */
  readonly #marked = new Map<SessionId, number>()

  constructor(
    context: Marks,
    every: Milliseconds,
    { rows, writer, send }: { rows: ArchiveRows<Data>; writer: ArchiveWriter; send: Send },
  ) {
    this.#context = context
    this.#every = every
    this.#rows = rows
    this.#writer = writer
    this.#send = send
  }

  /** Notes off the caller's path that a session's data changed. */
  note(id: SessionId): void {
    const now = this.#context.clock.now()
    if (now < (this.#marked.get(id) ?? 0)) return
    this.#context.background.once(`checkpoint ${id}`, async () => {
      await this.#mark(id)
      // A process with a clock that is ahead takes the mark away earlier.
      this.#remember(id, now + this.#every - CLOCK_SKEW_MS)
    })
  }

  /** Writes the sessions that these marks are about, and takes the marks away. How many marks it dealt with. */
  async write(marks: readonly SessionRecord[]): Promise<number> {
    const ids = marks.map(markedIn)
    const found = await this.#context.engine.read(ids.filter((id) => id !== null))
    const byId = new Map(found.filter((record) => record !== null).map((record) => [record.id, record]))
    const written = new Map<SessionRecord, SessionRecord | null>()
    const live: {
      readonly mark: SessionRecord
      readonly record: SessionRecord
      readonly row: LiveSession
    }[] = []
    for (const [index, mark] of marks.entries()) {
      const record = byId.get(ids[index] ?? '') ?? null
      const row = record && this.#isLive(record) ? await this.#rowOf(record) : null
      if (record === null || row === null) written.set(mark, null)
      else live.push({ mark, record, row })
    }
    const { done, refused } = await this.#writer.write(live, ({ row }) => row, this.#send)
    for (const { mark, record } of done) written.set(mark, record)
    // What cannot be kept now is told when the session ends; its next change marks it again.
    for (const { item } of refused) written.set(item.mark, null)
    await Promise.all([...written].map(([mark, record]) => this.#unmark(mark, record)))
    return written.size
  }

  #isLive(record: SessionRecord): boolean {
    return this.#context.records.isLive(record, this.#context.clock.now())
  }

  async #rowOf(record: SessionRecord): Promise<LiveSession | null> {
    try {
      return await this.#rows.live(record)
    } catch {
      return null
    }
  }

  /** One that is there already is as good. */
  async #mark(id: SessionId): Promise<void> {
    const { clock, engine } = this.#context
    const createdAt = clock.now()
    const mark = ownRecord({
      ...{ kind: 'checkpoint', id: markIdOf(id), userId: null },
      ...{ createdAt, lookAt: createdAt + this.#every, content: id },
    } as const)
    await engine.create(mark, null, createdAt)
  }

  /** A change that came while it was written found the mark still there, and must not go without one. */
  async #unmark(mark: SessionRecord, written: SessionRecord | null): Promise<void> {
    const { engine, clock } = this.#context
    await removeOwn(engine, mark.id, clock.now())
    if (written === null) return
    const [now = null] = await engine.read([written.id])
    if (now !== null && now.ended === null && now.version !== written.version) await this.#mark(written.id)
  }

  #remember(id: SessionId, until: number): void {
    this.#marked.delete(id)
    this.#marked.set(id, until)
    const [oldest] = this.#marked.keys()
    if (this.#marked.size > REMEMBERED && oldest !== undefined) this.#marked.delete(oldest)
  }
}

/** The session that a record of ours marks; null when it is no such mark. */
export function markedIn(mark: SessionRecord): SessionId | null {
  const id = ownContent(mark, 'checkpoint')
  return typeof id === 'string' ? id : null
}

function markIdOf(id: SessionId): SessionId {
  return ownId(bucketOfId(id), 'checkpoint', id)
}
