import { ARCHIVE_BATCH, type ArchiveDestination } from './archive.ts'
import type { Clock } from './clock.ts'
import { within } from './deadline.ts'
import { redacted, SessionError } from './errors.ts'
import type { Instant, Milliseconds } from './port.ts'

/** Longer than this a destination may not take for a batch. */
const WRITE_MS: Milliseconds = 10_000
const FIRST_PAUSE_MS: Milliseconds = 1_000
const LONGEST_PAUSE_MS: Milliseconds = 60_000
/** So often a session may look like an outage, alone and while others get through, before it counts as refused. */
const STRIKES = 3
const SUSPECTS_KNOWN = 1_000
/** In one call so many batches may be cut off before the rest waits: enough to find one session in a hundred. */
const MOST_CUTS = 8
/** So many that are refused without a word of ours, and none that is not, are an outage. */
const SUSPICIOUS = 3
/** Words of the operating system, and of the fetch of Node, for a destination that cannot be reached. */
const UNREACHABLE =
  /^(?:E(?:CONN(?:REFUSED|RESET|ABORTED)|PIPE|TIMEDOUT|HOSTUNREACH|HOSTDOWN|NETUNREACH|NETDOWN|NOTFOUND|AI_AGAIN|NOSPC|DQUOT|ROFS|MFILE|NFILE|IO|ACCES)|UND_ERR_[A-Z_]+)$/

/** Why the destination takes nothing just now. */
export interface Outage {
  readonly since: Instant
  readonly error: SessionError
}

/** What came of a batch. Those in neither list were not tried, or were tried without an answer: they wait. */
export interface Outcome<Item> {
  readonly done: readonly Item[]
  readonly refused: readonly { readonly item: Item; readonly error: SessionError }[]
}

/**
 * Hands batches to a destination. One that cannot be reached is left alone for a while, longer each time; one that
 * refuses a batch gets its halves, until what it refuses stands alone.
 */
export class ArchiveWriter {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #name: string
  #outage: Outage | null = null
  #failures = 0
  /** Resolves when the last call is over, however it went. */
  #last: Promise<void> = Promise.resolve()
  /** Sessions of which one may have cut the destination off, and how often it was alone in that. */
  readonly #strikes = new Map<string, number>()
  /** Errors that a destination did not make for us: they may mean the session, or anything else. */
  readonly #unspoken = new WeakSet<SessionError>()
  #isStopped = false
  #pausedUntil: Milliseconds = Number.NEGATIVE_INFINITY

  constructor({ name }: ArchiveDestination, clock: Clock, random: () => number) {
    this.#name = name
    this.#clock = clock
    this.#random = random
  }

  /** Null while the destination answers. */
  get outage(): Outage | null {
    return this.#outage
  }

  /** Whether it is too early to try again. */
  get isPaused(): boolean {
    return this.#clock.monotonic() < this.#pausedUntil
  }

  /** Begins no call any more. */
  stop(): void {
    this.#isStopped = true
  }

  /**
   * Writes items in batches; stops at the first that is not answered. A destination gets one call at a time from
   * this process.
   */
  write<Item, Row extends Named>(
    items: readonly Item[],
    rowOf: (item: Item) => Row,
    send: (rows: readonly Row[]) => Promise<unknown>,
  ): Promise<Outcome<Item>> {
    const entries = items.map((item) => ({ item, row: rowOf(item) }))
    const written = this.#last.then(() => this.#writeNow(entries, send))
    const over = (): void => undefined
    this.#last = written.then(over, over)
    return written
  }

  async #writeNow<Item, Row extends Named>(
    entries: readonly Entry<Item, Row>[],
    send: (rows: readonly Row[]) => Promise<unknown>,
  ): Promise<Outcome<Item>> {
    const round = new Round<Item>()
    const batches = this.isPaused ? [] : this.#batchesOf(entries)
    for (let batch = batches.shift(); batch !== undefined && !this.#isStopped; batch = batches.shift()) {
      const rows = batch.map(({ row }) => row)
      const error = await this.#send(() => send(rows))
      const next = error === null ? this.#done(batch, round) : this.#failed(batch, error, round)
      if (next === null) break
      batches.unshift(...next)
    }
    return this.#outcomeOf(round)
  }

  #done<Item, Row extends Named>(batch: readonly Entry<Item, Row>[], round: Round<Item>): [] {
    round.done.push(...batch.map(({ item }) => item))
    for (const { row } of batch) this.#strikes.delete(row.id)
    return []
  }

  /** What to try instead of a batch that failed; null when that is enough for now. */
  #failed<Item, Row extends Named>(
    batch: readonly Entry<Item, Row>[],
    error: SessionError,
    round: Round<Item>,
  ): (readonly Entry<Item, Row>[])[] | null {
    if (batch.length > 1 && this.#mayHalve(error, round)) return halvesOf(batch)
    if (batch.length === 1 && this.#isVerdict(batch, error, round)) return []
    for (const { row } of batch) this.#suspect(row.id, this.#strikes.get(row.id) ?? 0)
    return null
  }

  /** What fails while others get through may be the fault of what it holds, also when it looks like an outage. */
  #mayHalve<Item>(error: SessionError, round: Round<Item>): boolean {
    if (error.code !== 'ARCHIVE_UNAVAILABLE') return true
    round.cuts += 1
    return round.done.length > 0 && round.cuts <= MOST_CUTS
  }

  /** Whether one that failed alone has a verdict, and the others may go on. */
  #isVerdict<Item, Row extends Named>(
    [first]: readonly Entry<Item, Row>[],
    error: SessionError,
    round: Round<Item>,
  ): boolean {
    if (first === undefined) return true
    const { item, row } = first
    if (error.code !== 'ARCHIVE_UNAVAILABLE') {
      round.refused.push({ item, error })
      // An error that no destination of ours made, for whoever was tried: it is no verdict, but an outage.
      return round.done.length > 0 || round.refused.length < SUSPICIOUS || this.#isSpoken(error)
    }
    const strikes = (this.#strikes.get(row.id) ?? 0) + (round.done.length > 0 ? 1 : 0)
    this.#suspect(row.id, strikes)
    if (strikes < STRIKES) return round.done.length > 0
    const why = `${this.#name} was cut off each time that it was written alone, and by no other.`
    round.refused.push({ item, error: new SessionError('ARCHIVE_REFUSED', why) })
    return true
  }

  #suspect(id: string, strikes: number): void {
    if (this.#strikes.size >= SUSPECTS_KNOWN) this.#strikes.clear()
    this.#strikes.set(id, strikes)
  }

  #outcomeOf<Item>({ done, refused }: Round<Item>): Outcome<Item> {
    const [first] = refused
    const isOutage =
      done.length === 0 && refused.length >= SUSPICIOUS && first && !this.#isSpoken(first.error)
    if (!isOutage) return { done, refused }
    this.#pause(this.#unavailable(`${this.#name} fails with everything.`, first.error.cause))
    return { done, refused: [] }
  }

  /**
   * After an outage one item goes ahead, so that not a whole batch waits again if it is not over. What was in a batch
   * that was cut off comes last, when others have shown that the destination is there; or, where there are no others,
   * in halves, now one and now the other first.
   */
  #batchesOf<Item, Row extends Named>(entries: readonly Entry<Item, Row>[]): (readonly Entry<Item, Row>[])[] {
    const suspects = batchesOf(entries.filter(({ row }) => this.#strikes.has(row.id)))
    const others = entries.filter(({ row }) => !this.#strikes.has(row.id))
    const first = this.#outage === null ? 0 : 1
    if (others.length > 0)
      return [...batchesOf(others.slice(0, first)), ...batchesOf(others.slice(first)), ...suspects]
    const halves = suspects.flatMap(halvesOf).filter((half) => half.length > 0)
    return this.#random() < 0.5 ? halves : halves.reverse()
  }

  /** Null when it was done. A destination that throws, rejects or hangs harms nobody but its own batch (T82). */
  async #send(send: () => Promise<unknown>): Promise<SessionError | null> {
    const late = () => this.#unavailable(`${this.#name} did not answer within ${WRITE_MS} ms.`)
    try {
      await within(called(send), { clock: this.#clock, timeout: WRITE_MS }, late)
      this.#outage = null
      this.#failures = 0
      return null
    } catch (cause) {
      const error = this.#told(cause)
      if (error.code === 'ARCHIVE_UNAVAILABLE') this.#pause(error)
      return error
    }
  }

  #told(cause: unknown): SessionError {
    const code = codeOf(cause)
    if (cause instanceof SessionError && (code === 'ARCHIVE_UNAVAILABLE' || code === 'ARCHIVE_REFUSED')) {
      return cause
    }
    const isOut =
      code === 'ARCHIVE_UNAVAILABLE' || UNREACHABLE.test(code) || UNREACHABLE.test(innerCodeOf(cause))
    if (isOut) return this.#unavailable(`${this.#name} cannot be reached.`, cause)
    const failed = new SessionError('ARCHIVE_REFUSED', `${this.#name} failed.`, { cause: redacted(cause) })
    this.#unspoken.add(failed)
    return failed
  }

  /** Whether the destination said in our words that the session is at fault. */
  #isSpoken(error: SessionError): boolean {
    return !this.#unspoken.has(error)
  }

  #unavailable(detail: string, cause: unknown = null): SessionError {
    return new SessionError('ARCHIVE_UNAVAILABLE', detail, cause === null ? {} : { cause: redacted(cause) })
  }

  #pause(error: SessionError): void {
    this.#outage = { since: this.#outage?.since ?? this.#clock.now(), error }
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS)
    this.#failures = Math.min(this.#failures + 1, 16)
    this.#pausedUntil = this.#clock.monotonic() + pause * (0.5 + this.#random() / 2)
  }
}

interface Named {
  readonly id: string
}

interface Entry<Item, Row extends Named> {
  readonly item: Item
  readonly row: Row
}

/** What came of the batches of one call so far. */
class Round<Item> {
  readonly done: Item[] = []
  readonly refused: { readonly item: Item; readonly error: SessionError }[] = []
  /** How often a batch was cut off while others got through. */
  cuts = 0
}

/** What throws at once and what rejects later are one. */
async function called(send: () => Promise<unknown>): Promise<void> {
  await send()
}

function batchesOf<Item>(items: readonly Item[]): (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / ARCHIVE_BATCH) }, (_, index) => {
    return items.slice(index * ARCHIVE_BATCH, (index + 1) * ARCHIVE_BATCH)
  })
}

function halvesOf<Item>(batch: readonly Item[]): (readonly Item[])[] {
  const middle = Math.ceil(batch.length / 2)
  return [batch.slice(0, middle), batch.slice(middle)]
}

function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : null
  return typeof code === 'string' ? code : ''
}

/** `fetch` says only "fetch failed", and why in its cause. */
function innerCodeOf(error: unknown): string {
  return error instanceof Error ? codeOf(error.cause) : ''
}
