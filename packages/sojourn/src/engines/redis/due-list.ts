import { isUnreadable } from '../../core/errors.ts'
import { type DueRecord, type Instant, LEASE_MS, NEVER } from '../../core/port.ts'
import { chunksOf } from '../chunks-of.ts'
import type { RedisClient, Reply } from './client.ts'
import { BUCKETS, type Keys } from './keys.ts'
import { bytesOf, listOf, numberOf, textOf } from './replies.ts'
import type { Call, ScriptRunner, Sender } from './script-runner.ts'
import { SCRIPTS } from './scripts.gen.ts'
import { recordOf } from './stored.ts'

/** So many lists are looked at in one script call, where they lie in one place. */
const LISTS_AT_ONCE = 128
/** So many entries one script call looks at, so that it holds up nobody. */
const ENTRIES_AT_ONCE = 100
/** Where much is due in many lists, a call takes from so many of them, in turn. */
const LISTS_A_CALL = 25
/** So many of them at the same time: a server does one thing after another, and requests wait behind these. */
const LEASES_AT_ONCE = 8

/** Of one leased record, in the answer of the script. */
const LEASED_PARTS = 4

interface Leased {
  readonly dueAt: Instant
  readonly record: DueRecord
}

/** How scripts are called, and how long a live record is kept past its deadline. */
interface Calls {
  readonly runner: ScriptRunner
  readonly sender: Sender
  readonly keep: string
}

/** How many entries of a list are asked for, */
interface Ask {
  readonly bucket: string
  readonly entries: number
}

/** and how many it had, with those records that nobody else has leased. */
interface Round {
  readonly found: number
  readonly records: readonly Leased[]
}

/**
 * What ended or expired, in a list for each of the 4,096 buckets, because a list must lie in the slot of its
 * records. A look at all of them costs a few milliseconds and is spread over turns of the event loop.
 */
export class DueList {
  readonly #client: RedisClient
  readonly #keys: Keys
  readonly #runner: ScriptRunner
  readonly #sender: Sender
  readonly #keep: string
  /** Lists in which more was due when they were last looked at. */
  readonly #left: string[] = []

  constructor(client: RedisClient, keys: Keys, { runner, sender, keep }: Calls) {
    this.#client = client
    this.#keys = keys
    this.#runner = runner
    this.#sender = sender
    this.#keep = keep
  }

  /** Leases at most `limit` records; of each bucket the earliest first. */
  async lease(now: Instant, limit: number): Promise<DueRecord[]> {
    if (limit <= 0) return []
    // What the last call left over: where much is due, most calls need not look at all lists again.
    const left = await this.#leaseFrom(this.#left.splice(0), now, limit)
    const more = left.length < limit ? await this.#bucketsDueAt(now) : []
    const leased = [...left, ...(await this.#leaseFrom(more, now, limit - left.length))]
    return leased.sort((a, b) => a.dueAt - b.dueAt).map(({ record }) => record)
  }

  async #leaseFrom(due: readonly string[], now: Instant, limit: number): Promise<Leased[]> {
    let buckets = [...due]
    const leased: Leased[] = []
    while (buckets.length > 0 && leased.length < limit) {
      const left = limit - leased.length
      const fair = Math.max(Math.ceil(left / buckets.length), Math.ceil(limit / LISTS_A_CALL))
      const share = Math.min(ENTRIES_AT_ONCE, fair)
      const asked = buckets.slice(0, Math.ceil(left / share)).map((bucket, place) => {
        return { bucket, entries: Math.min(share, left - place * share) }
      })
      const rounds: Round[] = []
      for (const part of chunksOf(asked, LEASES_AT_ONCE)) {
        rounds.push(...(await Promise.all(part.map((each) => this.#leaseOf(each, now)))))
      }
      for (const { records } of rounds) leased.push(...records)
      const isEmptied = (place: number): boolean => (rounds[place]?.found ?? 0) < (asked[place]?.entries ?? 0)
      const fuller = asked.filter((_, place) => !isEmptied(place)).map(({ bucket }) => bucket)
      // Those that were asked stand at the end: each gets its turn.
      buckets = [...buckets.slice(asked.length), ...fuller]
    }
    this.#left.push(...buckets)
    return leased
  }

  /** The one whose first entry is due longest first. */
  async #bucketsDueAt(now: Instant): Promise<string[]> {
    const due: { readonly bucket: string; readonly at: number }[] = []
    const step = this.#client.isCluster ? 1 : LISTS_AT_ONCE
    for (const part of chunksOf(BUCKETS, LISTS_AT_ONCE)) {
      const heads = await Promise.all(chunksOf(part, step).map((buckets) => this.#heads(buckets)))
      for (const [index, head] of heads.flat().entries()) {
        const at = textOf(head) === '' ? NEVER : Number(textOf(head))
        const bucket = part[index]
        if (bucket !== undefined && at < now + 1) due.push({ bucket, at })
      }
    }
    return due.sort((a, b) => a.at - b.at).map(({ bucket }) => bucket)
  }

  async #heads(buckets: readonly string[]): Promise<readonly Reply[]> {
    const [first = '', ...others] = buckets.map((bucket) => this.#keys.due(bucket))
    return listOf(await this.#run({ script: SCRIPTS.dueHeads, keys: [first, ...others], args: [] }))
  }

  async #leaseOf({ bucket, entries }: Ask, now: Instant): Promise<Round> {
    const until = Math.min(now + LEASE_MS, NEVER)
    const args = [this.#keys.prefixOf(bucket), String(now), String(until), String(entries), this.#keep]
    const reply = await this.#run({ script: SCRIPTS.lease, keys: [this.#keys.due(bucket)], args })
    const [found, ...rest] = listOf(reply)
    const records: Leased[] = []
    for (let place = 0; place < rest.length; place += LEASED_PARTS) {
      const [dueAt, ...parts] = rest.slice(place, place + LEASED_PARTS)
      const record = readable(parts)
      if (record !== null) records.push({ dueAt: Number(textOf(dueAt)), record })
    }
    return { found: numberOf(found), records }
  }

  #run(call: Omit<Call, 'silence'>): Promise<Reply> {
    return this.#runner.run(this.#sender, { ...call, silence: 'ENGINE_UNAVAILABLE' })
  }
}

/** A damaged record stays leased again and again; it must not keep from the others of its bucket that they are due. */
function readable([id, value, endedNow]: readonly Reply[]): DueRecord | null {
  try {
    const bytes = bytesOf(value)
    return bytes && { ...recordOf(textOf(id), bytes), endedNow: numberOf(endedNow) === 1 }
  } catch (error) {
    if (isUnreadable(error)) return null
    throw error
  }
}
