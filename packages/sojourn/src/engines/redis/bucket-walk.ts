import type { SessionId } from '../../core/port.ts'
import { foreignPage } from '../pages.ts'
import { BUCKETS, bucketOf, isBucket, isId, type Keys } from './keys.ts'
import { idsOf } from './replies.ts'
import type { ScriptRunner, Sender } from './script-runner.ts'
import { SCRIPTS } from './scripts.gen.ts'
import type { IdPage } from './server-walk.ts'
import { slotOf } from './slots.ts'

/** So many buckets a page asks at first, */
const FIRST_STEP = 2
/** so many times as many after those that had nothing, */
const GROWTH = 8
/** and so many at once and in all at most: in a small store most are empty. */
const LARGEST_STEP = 128
const BUCKETS_A_PAGE = 1_024

/**
 * A walk over the buckets of a cluster, and in each by id: whatever slots move and servers fail meanwhile, its order is
 * the same, and what is there all the time comes once. Where a page ends is its last id, or the bucket to begin with.
 */
export class BucketWalk {
  readonly #keys: Keys
  readonly #runner: ScriptRunner
  readonly #sender: Sender

  constructor(keys: Keys, runner: ScriptRunner, sender: Sender) {
    this.#keys = keys
    this.#runner = runner
    this.#sender = sender
  }

  /** @throws SessionError `INVALID_ARGUMENT` for what is neither an id nor a bucket */
  async page(after: string | null, size: number): Promise<IdPage> {
    const first = after === null ? 0 : placeOf(after)
    const ids: SessionId[] = []
    let [place, step] = [first, FIRST_STEP]
    while (place < BUCKETS.length && place - first < BUCKETS_A_PAGE && ids.length < size) {
      const buckets = BUCKETS.slice(place, place + step)
      const found = await Promise.all(buckets.map((bucket) => this.#idsOf(bucket, after)))
      for (const [index, inBucket] of found.entries()) {
        const room = size - ids.length
        ids.push(...inBucket.slice(0, room))
        if (inBucket.length > room) return { ids, next: inBucket[room - 1] ?? buckets[index] ?? null }
      }
      place += buckets.length
      step = nextStep(step, ids.length / (place - first), size - ids.length)
    }
    return { ids, next: BUCKETS[place] ?? null }
  }

  /** In order; of the bucket in which the page begins those after its beginning. */
  async #idsOf(bucket: string, after: string | null): Promise<SessionId[]> {
    const reply = await this.#runner.run(this.#sender, {
      script: SCRIPTS.scanSlot,
      keys: [this.#keys.due(bucket)],
      args: [String(slotOf(bucket))],
      silence: 'ENGINE_UNAVAILABLE',
    })
    const ids = idsOf(reply, 'ENGINE_UNAVAILABLE').filter((id) => isId(id) && bucketOf(id) === bucket)
    const isBegun = after !== null && bucketOf(after) === bucket
    return (isBegun ? ids.filter((id) => id > after) : ids).sort()
  }
}

function placeOf(after: string): number {
  if (!isId(after) && !isBucket(after)) throw foreignPage()
  return BUCKETS.indexOf(bucketOf(after))
}

/** As many buckets as are likely to fill the page, going by those that it has asked. */
function nextStep(step: number, perBucket: number, left: number): number {
  return Math.min(LARGEST_STEP, perBucket === 0 ? step * GROWTH : Math.ceil(left / perBucket))
}
