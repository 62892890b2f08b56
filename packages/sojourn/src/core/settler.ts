import type { Archiver, Tombstone } from './archiver.ts'
import { markedIn } from './checkpoints.ts'
import type { StoreContext } from './context.ts'
import { letterOf } from './dead-letters.ts'
import { within } from './deadline.ts'
import { endRecord } from './ending.ts'
import { Erasure, isErasureMark } from './erasure.ts'
import { SessionError } from './errors.ts'
import { expiryReason } from './lifetime.ts'
import { isOwn, removeOwn } from './own-record.ts'
import { Pace } from './pace.ts'
import {
  type Ended,
  type Instant,
  LEASE_MS,
  type Milliseconds,
  type SessionRecord,
  TOMBSTONE_MS,
} from './port.ts'
import type { StoreRecord } from './store-record.ts'

/** More would only wait in memory, and the garbage collector copies what waits (docs/decisions/0099). */
const BATCHES_BESIDE_OTHERS = 2
const BATCHES_ALONE = 5
/** So long an archive may take to erase a user once more. */
const ERASE_MS: Milliseconds = 10_000

type Settles = Pick<StoreContext<unknown>, 'engine' | 'clock' | 'events' | 'records'>
type About = Pick<StoreRecord, 'archives' | 'notBefore' | 'open'>

/**
 * What follows an end: it is told, archived, and forgotten, in this order. Each step may be repeated, by this
 * process or by another one, and a record that fails at one of them comes again when its lease is over.
 */
export class Settler<Data> {
  readonly #context: Settles
  readonly #archiver: Archiver<Data> | null
  readonly #about: About
  readonly #pace: Pace
  /** The earliest end that waits, as far as this process has seen, and how long that is known to be so. */
  #waiting: { readonly since: Instant; readonly until: Milliseconds } | null = null
  /** The end at which the last sweep stopped, because its time was over; null when it came to the last one. */
  #behindSince: Instant | null = null

  constructor(context: Settles, archiver: Archiver<Data> | null, about: About) {
    this.#context = context
    this.#archiver = archiver
    this.#about = about
    this.#pace = new Pace(context)
  }

  /**
   * False where another process archives what this one, which was told of no archive, would discard. Asked anew before
   * each sweep: what this process knows of it may be as old as its last request.
   */
  async maySettle(): Promise<boolean> {
    await this.#about.open(this.#context.clock.now())
    return this.#archiver !== null || !this.#about.archives
  }

  /** How many batches may be under way. While one waits for a disk, a server or the archive, others are begun. */
  get batchesAtOnce(): number {
    return this.#pace.isAlone ? BATCHES_ALONE : BATCHES_BESIDE_OTHERS
  }

  /** Whether going faster would help nobody: the archive takes nothing. */
  get isHindered(): boolean {
    return this.#archiver !== null && this.#archiver.outage !== null
  }

  /** Begins nothing more with the archive. */
  stop(): void {
    this.#archiver?.stop()
  }

  /** How long the session has waited that has waited longest; 0 when none is known to wait. */
  get lagMs(): Milliseconds {
    const { clock } = this.#context
    const waiting = this.#waitingSince ?? clock.now()
    return Math.max(0, clock.now() - Math.min(waiting, this.#behindSince ?? waiting))
  }

  /** Takes note of how far a sweep came: up to this record, or to the end of what is due. */
  noteReached(record: SessionRecord | null): void {
    this.#behindSince = record && (record.ended?.at ?? record.expiresAt)
  }

  /**
   * Settles leased records; how many of them need nobody any more for now. One that fails does not hold up the
   * others: the first error is thrown when all were tried.
   */
  async settle(due: readonly SessionRecord[]): Promise<number> {
    const failures: unknown[] = []
    const ended = await this.#ended(
      due.filter((record) => !isOwn(record)),
      failures,
    )
    const stored = await this.#stored(ended, failures)
    const settled = await this.#each(stored, (record) => this.#forget(record), failures)
    const own = await this.#lookedAt(due.filter(isOwn), failures)
    const isStored = new Set(stored)
    this.#noteWaiting(ended.filter((record) => !isStored.has(record)))
    if (failures.length > 0) throw failures[0]
    return settled.length + own
  }

  /** The tombstones of these records: of those that nobody has ended, ended now, with what they held then. */
  async #ended(records: readonly SessionRecord[], failures: unknown[]): Promise<Tombstone[]> {
    const expired = records.filter(({ ended }) => ended === null)
    const buried = await this.#each(expired, (record) => this.#end(record), failures)
    const tombstones = [...records.filter(isTombstone), ...(await this.#tombstonesOf(buried))]
    return tombstones.sort((a, b) => a.ended.at - b.ended.at)
  }

  #end(record: SessionRecord): Promise<unknown> {
    const { at, reason } = this.#endOf(record)
    return endRecord(this.#context, record, reason, at)
  }

  /** When and why a record died that nobody has ended: `revokeAll` ends at once, though it writes no record. */
  #endOf(record: SessionRecord): Ended {
    if (!this.#context.records.isCutOff(record)) return { at: record.expiresAt, reason: expiryReason(record) }
    return { at: Math.min(record.expiresAt, this.#about.notBefore), reason: 'revoked' }
  }

  /** Without an archive, what they held is of no interest. With one, only what is stored now is final. */
  async #tombstonesOf(buried: readonly SessionRecord[]): Promise<Tombstone[]> {
    if (this.#archiver === null || buried.length === 0) {
      return buried.map((record) => ({ ...record, ended: this.#endOf(record) }))
    }
    const found = await this.#context.engine.read(buried.map(({ id }) => id))
    return found.filter((record) => record !== null).filter(isTombstone)
  }

  /** Those that may be forgotten. */
  async #stored(ended: readonly Tombstone[], failures: unknown[]): Promise<readonly Tombstone[]> {
    if (this.#archiver === null) return ended
    try {
      return await this.#archiver.store(ended, failures)
    } catch (error) {
      failures.push(error)
      return []
    }
  }

  #forget({ id, ended }: Tombstone): Promise<void> {
    const keepUntil = ended.at + TOMBSTONE_MS
    return this.#context.engine.settle(id, keepUntil > this.#context.clock.now() ? keepUntil : null)
  }

  /** Dead letters and marks. A letter waits for a process that archives. */
  async #lookedAt(own: readonly SessionRecord[], failures: unknown[]): Promise<number> {
    const { engine, clock } = this.#context
    const live = own.filter(({ ended }) => ended === null)
    const marks = live.filter((record) => markedIn(record) !== null)
    const checkpoints = this.#archiver?.checkpoints ?? null
    // Those that somebody began to remove, and marks that nobody needs.
    const useless = [...own.filter(({ ended }) => ended !== null), ...(checkpoints === null ? marks : [])]
    const removed = await this.#each(useless, ({ id }) => removeOwn(engine, id, clock.now()), failures)
    // Not at the engine's pace: a destination that does not answer would take the place of others.
    const followed = await Promise.allSettled(live.filter(isErasureMark).map((mark) => this.#followUp(mark)))
    failures.push(...reasonsIn(followed))
    const erased = followed.filter(({ status }) => status === 'fulfilled')
    const outcomes = await Promise.allSettled([
      this.#archiver?.retryDue(live.map(letterOf).filter((letter) => letter !== null)) ?? 0,
      checkpoints?.write(marks) ?? 0,
    ])
    failures.push(...reasonsIn(outcomes))
    return outcomes.reduce((sum, outcome) => {
      return outcome.status === 'fulfilled' ? sum + outcome.value : sum
    }, removed.length + erased.length)
  }

  /** An archive that does not answer must not hold up the sweep: the mark comes again. */
  #followUp(mark: SessionRecord): Promise<void> {
    const { clock, engine } = this.#context
    const erase = this.#archiver?.archive.destination.erase ?? null
    const late = () => new SessionError('ARCHIVE_UNAVAILABLE', 'It did not erase in time.')
    return within(new Erasure(engine).followUp(mark, erase), { clock, timeout: ERASE_MS }, late)
  }

  /** Those for which the work was done; what the others failed with is noted. */
  async #each<Item>(
    items: readonly Item[],
    work: (item: Item) => Promise<unknown>,
    failures: unknown[],
  ): Promise<Item[]> {
    const outcomes = await this.#pace.each(items, work)
    failures.push(...reasonsIn(outcomes))
    return items.filter((_, index) => outcomes[index]?.status === 'fulfilled')
  }

  /** What waits comes again when its lease is over; until then it is known to wait. */
  #noteWaiting(waiting: readonly Tombstone[]): void {
    const [first] = waiting
    if (first === undefined) return
    const since = Math.min(first.ended.at, this.#waitingSince ?? first.ended.at)
    this.#waiting = { since, until: this.#context.clock.monotonic() + 2 * LEASE_MS }
  }

  get #waitingSince(): Instant | null {
    const isKnown = this.#waiting !== null && this.#context.clock.monotonic() < this.#waiting.until
    return isKnown ? (this.#waiting?.since ?? null) : null
  }
}

function isTombstone(record: SessionRecord): record is Tombstone {
  return record.ended !== null
}

function reasonsIn(outcomes: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
}
