import { ARCHIVE_BATCH, type ArchiveDestination } from './archive.ts'
import type { Clock } from './clock.ts'
import { within } from './deadline.ts'
import { redacted, SessionError } from './errors.ts'
import type { Instant, Milliseconds } from './port.ts'

/** Longer than this a destination may not take for a batch. */
export const WRITE_MS: Milliseconds = 10_000
const FIRST_PAUSE_MS: Milliseconds = 1_000
const LONGEST_PAUSE_MS: Milliseconds = 60_000
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

  /**
   * Writes items in batches; stops at the first that is not answered. A destination gets one call at a time from
   * this process.
   */
  write<Item, Row>(
    items: readonly Item[],
    rowOf: (item: Item) => Row,
    send: (rows: readonly Row[]) => Promise<unknown>,
  ): Promise<Outcome<Item>> {
    const written = this.#last.then(() => this.#writeNow(items, rowOf, send))
    const over = (): void => undefined
    this.#last = written.then(over, over)
    return written
  }

  async #writeNow<Item, Row>(
    items: readonly Item[],
    rowOf: (item: Item) => Row,
    send: (rows: readonly Row[]) => Promise<unknown>,
  ): Promise<Outcome<Item>> {
    const outcome: MutableOutcome<Item> = { done: [], refused: [] }
    const batches = this.isPaused ? [] : this.#batchesOf(items)
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      const rows = batch.map(rowOf)
      const error = await this.#send(() => send(rows))
      if (error === null) outcome.done.push(...batch)
      else if (error.code === 'ARCHIVE_UNAVAILABLE') break
      else if (batch.length === 1) outcome.refused.push(...batch.map((item) => ({ item, error })))
      else batches.unshift(...halvesOf(batch))
    }
    return outcome
  }

  /** After an outage one item goes ahead, so that not a whole batch waits again if it is not over. */
  #batchesOf<Item>(items: readonly Item[]): (readonly Item[])[] {
    const first = this.#outage === null ? 0 : Math.min(1, items.length)
    const batches = first === 0 ? [] : [items.slice(0, first)]
    for (let start = first; start < items.length; start += ARCHIVE_BATCH) {
      batches.push(items.slice(start, start + ARCHIVE_BATCH))
    }
    return batches
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
    return new SessionError('ARCHIVE_REFUSED', `${this.#name} failed.`, { cause: redacted(cause) })
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

interface MutableOutcome<Item> {
  readonly done: Item[]
  readonly refused: { readonly item: Item; readonly error: SessionError }[]
}

/** What throws at once and what rejects later are one. */
async function called(send: () => Promise<unknown>): Promise<void> {
  await send()
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
