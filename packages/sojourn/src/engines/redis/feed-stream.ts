import type { Argument, RedisClient, Reply } from './client.ts'
import { failureOf } from './failures.ts'
import { entryOf, type FeedEntry } from './feed-entry.ts'
import { listOf, textOf } from './replies.ts'

/** What a look at the stream brought, in order. */
export interface FeedPage {
  readonly entries: readonly (FeedEntry & { readonly entryId: string })[]
  /** How many entries were no events. */
  readonly refused: number
  /** Whether something may have left before it was read. */
  readonly isGap: boolean
  /** Whether there may be more right now. */
  readonly isFull: boolean
}

/** So that one reply holds up neither the server nor this process for long. */
const PAGE = 100
const ENTRY_ID = /^\d{1,20}-\d{1,20}$/

export function isEntryId(id: unknown): id is string {
  return typeof id === 'string' && ENTRY_ID.test(id)
}

/**
 * Reads a stream onwards from the last entry that was read, and that one once more: while it is still there, nothing
 * behind it has left, because what leaves is the oldest. So trimming, a deletion and a fail-over to a server that
 * knew less are all noticed, with no command but `XRANGE`, by all releases of Redis.
 */
export class FeedStream {
  readonly #client: RedisClient
  readonly #key: string
  /** Null: nothing was read, and reading begins with the oldest there is. */
  #last: string | null
  /** Whether the stream was empty when reading began: then a full page may not be all that came. */
  #wasEmpty = false

  constructor(client: RedisClient, key: string, after: string | null) {
    this.#client = client
    this.#key = key
    this.#last = after
  }

  /**
   * Passes over what is there.
   * @throws SessionError `ENGINE_UNAVAILABLE`, `ENGINE_REFUSED`
   */
  async toEnd(): Promise<void> {
    const [newest] = await this.#ask(['XREVRANGE', this.#key, '+', '-', 'COUNT', '1'])
    this.#last = newest === undefined ? null : idOf(newest)
    this.#wasEmpty = newest === undefined
  }

  /**
   * What came since, at most 100 entries.
   * @throws SessionError `ENGINE_UNAVAILABLE`, `ENGINE_REFUSED`
   */
  async next(): Promise<FeedPage> {
    const last = this.#last
    const found = await this.#ask(['XRANGE', this.#key, last ?? '-', '+', 'COUNT', String(PAGE + 1)])
    const isFull = found.length > PAGE
    const isAnchored = last !== null && found[0] !== undefined && idOf(found[0]) === last
    const fresh = isAnchored ? found.slice(1) : found
    const isGap = last === null ? this.#wasEmpty && isFull : !isAnchored
    const read = fresh.map((each) => ({ entryId: idOf(each), entry: entryOf(listOf(each)[1]) }))
    const newest = read.at(-1)
    if (newest !== undefined) this.#last = newest.entryId
    // It has left, and nothing newer is there: the server may even give out smaller ids from now on.
    else if (isGap) await this.toEnd()
    else if (last === null) this.#wasEmpty = true
    const entries = read.flatMap(({ entryId, entry }) => (entry === null ? [] : [{ entryId, ...entry }]))
    return { entries, refused: read.length - entries.length, isGap, isFull }
  }

  async #ask(args: readonly Argument[]): Promise<readonly Reply[]> {
    try {
      const [reply] = await Promise.all(this.#client.sendAll([{ key: this.#key, args }]))
      return listOf(reply)
    } catch (error) {
      throw failureOf(error, 'ENGINE_UNAVAILABLE')
    }
  }
}

function idOf(entry: Reply): string {
  const id = textOf(listOf(entry)[0])
  if (isEntryId(id)) return id
  throw failureOf(new Error('An entry without an id.'), 'ENGINE_UNAVAILABLE')
}
