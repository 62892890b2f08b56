import type { Archiver, Tombstone } from './archiver.ts'
import { markedIn } from './checkpoints.ts'
import { eventOf, type StoreContext } from './context.ts'
import { letterOf } from './dead-letters.ts'
import { within } from './deadline.ts'
import { Erasure, isErasureMark } from './erasure.ts'
import { SessionError } from './errors.ts'
import { linkContentIn } from './foreign-link.ts'
import { LinkKeeper } from './foreign-link-keeper.ts'
import { isOwn, removeOwn } from './own-record.ts'
import { Pace } from './pace.ts'
import {
  type DueRecord,
  type Ended,
  type Instant,
  LEASE_MS,
  type Milliseconds,
  type SessionId,
  type SessionRecord,
  TOMBSTONE_MS,
} from './port.ts'
import type { StoreRecord } from './store-record.ts'

/** So long an archive may take to erase a user once more. */
const ERASE_MS: Milliseconds = 10_000

type Settles = Pick<StoreContext<unknown>, 'engine' | 'clock' | 'events' | 'records'>
type About = Pick<StoreRecord, 'archives' | 'notBefore' | 'open'>

/** What a look at what is due found, and what it failed with. */
export interface Taken {
  readonly due: readonly DueRecord[]
  readonly failure: { readonly error: unknown } | null
}

/**
 * What follows an end: it is told, archived, and forgotten, in this order. Each step may be repeated, by this
 * process or by another one, and a record that fails at one of them comes again when its lease is over.
 */
export class Settler<Data> {
  readonly #context: Settles
  readonly #archiver: Archiver<Data> | null
  readonly #about: About
  readonly #pace: Pace
  readonly #links: LinkKeeper
  /** The earliest end that waits, as far as this process has seen, and how long that is known to be so. */
  #waiting: { readonly since: Instant; readonly until: Milliseconds } | null = null
  /** The end at which the last sweep stopped, because its time was over; null when it came to the last one. */
  #behindSince: Instant | null = null

  constructor(context: Settles, archiver: Archiver<Data> | null, about: About) {
    this.#context = context
    this.#archiver = archiver
    this.#about = about
    this.#pace = new Pace(context)
    this.#links = new LinkKeeper(context)
  }

  /**
   * False where another process archives what this one, which was told of no archive, would discard. Asked anew before
   * each sweep: what this process knows of it may be as old as its last request.
   */
  async maySettle(): Promise<boolean> {
    await this.#about.open(this.#context.clock.now())
    return this.#archiver !== null || !this.#about.archives
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
    return Math.max(this.behindMs, this.#msSince(this.#waitingSince))
  }

  /** How late that was which the last sweep came to, if it did not come to the end. */
  get behindMs(): Milliseconds {
    return this.#msSince(this.#behindSince)
  }

  /** Takes note of how far a sweep came: up to this record, or to the end of what is due. */
  noteReached(record: SessionRecord | null): void {
    this.#behindSince = record && (record.ended?.at ?? record.expiresAt)
  }

  /**
   * Leases what is due, at most so many records; what it failed with, if it did. What was leased before that is not
   * lost for it.
   */
  async take(now: Instant, limit: number): Promise<Taken> {
    const due: DueRecord[] = []
    for (let isFull = true; isFull && due.length < limit; ) {
      const wanted = Math.min(this.#pace.portion, limit - due.length)
      try {
        const found = await this.#pace.inTurn(() => this.#context.engine.due(now, wanted))
        due.push(...found)
        isFull = found.length === wanted
      } catch (error) {
        return { due, failure: { error } }
      }
    }
    return { due, failure: null }
  }

  /**
   * Settles leased records; how many of them need nobody any more for now. One that fails does not hold up the
   * others: the first error is thrown when all were tried.
   */
  async settle(due: readonly DueRecord[]): Promise<number> {
    const failures: unknown[] = []
    const ended = due.filter((record) => !isOwn(record)).flatMap((record) => this.#ended(record) ?? [])
    ended.sort((a, b) => a.ended.at - b.ended.at)
    const stored = await this.#stored(ended, failures)
    const settled = await this.#forget(stored, failures)
    const own = await this.#lookedAt(due.filter(isOwn), failures)
    const isStored = new Set(stored)
    this.#noteWaiting(ended.filter((record) => !isStored.has(record)))
    if (failures.length > 0) throw failures[0]
    return settled.length + own
  }

  /** The record with its end, told to the listeners if it ended just now; null for a session without an end. */
  #ended(record: DueRecord): Tombstone | null {
    if (!isTombstone(record)) return null
    const ended = this.#endOf(record, record.ended)
    const { events } = this.#context
    if (record.endedNow) events.emit('ended', { ...eventOf(this.#context, record), reason: ended.reason })
    return ended === record.ended ? record : { ...record, ended }
  }

  /** `revokeAll` ends at once, though it writes no record: what ran out after it had ended before. */
  #endOf(record: SessionRecord, ended: Ended): Ended {
    const { notBefore } = this.#about
    const hasRunOut = ended.reason === 'idle' || ended.reason === 'absolute'
    const isRevoked = hasRunOut && notBefore <= ended.at && this.#context.records.isCutOff(record)
    return isRevoked ? { at: notBefore, reason: 'revoked' } : ended
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

  /** Those that are forgotten now, or kept without their data for as long as something may race with their end. */
  async #forget(tombstones: readonly Tombstone[], failures: unknown[]): Promise<Tombstone[]> {
    const { engine, clock } = this.#context
    const over = clock.now() - TOMBSTONE_MS
    const [old, young] = [
      tombstones.filter(({ ended }) => ended.at <= over),
      tombstones.filter(({ ended }) => ended.at > over),
    ]
    const forgotten = await this.#inPortions(old, (some) => engine.settle(idsOf(some), null), failures)
    const keep = (some: readonly Tombstone[]): Promise<void> => {
      const latest = Math.max(...some.map(({ ended }) => ended.at))
      return engine.settle(idsOf(some), latest + TOMBSTONE_MS)
    }
    return [...forgotten, ...(await this.#inPortions(young, keep, failures))]
  }

  /** Dead letters, marks and links. A letter waits for a process that archives. */
  async #lookedAt(own: readonly SessionRecord[], failures: unknown[]): Promise<number> {
    const { engine, clock } = this.#context
    const live = own.filter(({ ended }) => ended === null)
    const marks = live.filter((record) => markedIn(record) !== null)
    const checkpoints = this.#archiver?.checkpoints ?? null
    // Those that somebody began to remove, and marks that nobody needs.
    const useless = [...own.filter(({ ended }) => ended !== null), ...(checkpoints === null ? marks : [])]
    const removal = (some: readonly SessionRecord[]): Promise<unknown> => {
      return Promise.all(some.map(({ id }) => removeOwn(engine, id, clock.now())))
    }
    const removed = await this.#inPortions(useless, removal, failures)
    const links = live.filter((record) => linkContentIn(record) !== null)
    const followedLinks = await this.#inPortions(links, (some) => this.#links.lookAt(some), failures)
    // Not at the engine's pace: a destination that does not answer would take the place of others.
    const followed = await Promise.allSettled(live.filter(isErasureMark).map((mark) => this.#followUp(mark)))
    failures.push(...reasonsIn(followed))
    const erased = followed.filter(({ status }) => status === 'fulfilled')
    const outcomes = await Promise.allSettled([
      this.#archiver?.retryDue(live.map(letterOf).filter((letter) => letter !== null)) ?? 0,
      checkpoints?.write(marks) ?? 0,
    ])
    failures.push(...reasonsIn(outcomes))
    return outcomes.reduce(
      (sum, outcome) => {
        return outcome.status === 'fulfilled' ? sum + outcome.value : sum
      },
      removed.length + followedLinks.length + erased.length,
    )
  }

  /** An archive that does not answer must not hold up the sweep: the mark comes again. */
  #followUp(mark: SessionRecord): Promise<void> {
    const { clock, engine } = this.#context
    const erase = this.#archiver?.archive.destination.erase ?? null
    const late = () => new SessionError('ARCHIVE_UNAVAILABLE', 'It did not erase in time.')
    return within(new Erasure(engine).followUp(mark, erase), { clock, timeout: ERASE_MS }, late)
  }

  /** Those for which the work was done; what the others failed with is noted. */
  async #inPortions<Item>(
    items: readonly Item[],
    work: (portion: readonly Item[]) => Promise<unknown>,
    failures: unknown[],
  ): Promise<Item[]> {
    const done: Item[] = []
    for (let from = 0; from < items.length; ) {
      const portion = items.slice(from, from + this.#pace.portion)
      from += portion.length
      try {
        await this.#pace.inTurn(() => work(portion))
        done.push(...portion)
      } catch (error) {
        failures.push(error)
      }
    }
    return done
  }

  /** What waits comes again when its lease is over; until then it is known to wait. */
  #noteWaiting(waiting: readonly Tombstone[]): void {
    const [first] = waiting
    if (first === undefined) return
    const since = Math.min(first.ended.at, this.#waitingSince ?? first.ended.at)
    this.#waiting = { since, until: this.#context.clock.monotonic() + 2 * LEASE_MS }
  }

  #msSince(at: Instant | null): Milliseconds {
    return at === null ? 0 : Math.max(0, this.#context.clock.now() - at)
  }

  get #waitingSince(): Instant | null {
    const isKnown = this.#waiting !== null && this.#context.clock.monotonic() < this.#waiting.until
    return isKnown ? (this.#waiting?.since ?? null) : null
  }
}

function isTombstone<Record extends SessionRecord>(record: Record): record is Record & Tombstone {
  return record.ended !== null
}

function idsOf(records: readonly SessionRecord[]): SessionId[] {
  return records.map(({ id }) => id)
}

function reasonsIn(outcomes: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
}
