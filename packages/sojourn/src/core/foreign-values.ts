import type { StoreContext } from './context.ts'
import { SessionError } from './errors.ts'
import { foreignKeyOf } from './foreign-link.ts'
import { ownContent, ownId, ownRecord } from './own-record.ts'
import type { Instant, SessionId, SessionRecord } from './port.ts'
import { BUCKET_LENGTH } from './token.ts'

/** Of two processes that change one value at once, one always wins: so many losses in a row mean something else. */
const ATTEMPTS = 100
/** Changes of one value that may wait in a process. */
const WAITING_LIMIT = 10_000
const TEXT_CEILING_BYTES = 65_536

/** A short text with a deadline: what a framework keeps beside sessions. */
export interface ForeignValue {
  readonly text: string
  readonly expiresAt: Instant
}

/** What becomes of a value; null removes it, and what it was given leaves it as it is. It may run several times. */
export type Change = (current: ForeignValue | null) => ForeignValue | null

interface Key {
  readonly id: SessionId
  readonly hash: string
}

interface Job {
  readonly change: Change
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

type Uses = Pick<StoreContext<unknown>, 'engine' | 'records' | 'clock' | 'name' | 'bucketKey' | 'background'>

/**
 * Values that a framework keeps beside its sessions, such as counters. Each is a record of the store's own, found by
 * the hash of its name. Every change is a compare-and-swap, so that it is atomic over any engine; those of one value
 * in one process are made in their order and written as one.
 */
export class ForeignValues {
  readonly #context: Uses
  readonly #label: string
  /** The jobs that wait, by value; an entry exists as long as its value is being written. */
  readonly #waiting = new Map<string, Job[]>()

  constructor(context: Uses, label: string) {
    this.#context = context
    this.#label = label
  }

  /** The value of a name; null when absent or over. One round trip. */
  async read(name: string): Promise<ForeignValue | null> {
    const key = this.#keyOf(name)
    return this.#valueIn(key, await this.#context.records.readOne(key.id))
  }

  /**
   * Resolves when the change is stored, or when there was nothing to store.
   * @throws SessionError `OVERLOADED`, `CONFLICT`, `DATA_TOO_LARGE`
   */
  async change(name: string, change: Change): Promise<void> {
    const key = this.#keyOf(name)
    return new Promise((resolve, reject) => {
      const job = { change, resolve, reject }
      const waiting = this.#waiting.get(key.hash)
      if (waiting === undefined) this.#start(key, job)
      else if (waiting.length < WAITING_LIMIT) waiting.push(job)
      else reject(new SessionError('OVERLOADED', `${WAITING_LIMIT} changes of one value are waiting.`))
    })
  }

  #start(key: Key, job: Job): void {
    this.#waiting.set(key.hash, [job])
    this.#context.background.track(this.#run(key))
  }

  async #run(key: Key): Promise<void> {
    for (let jobs = this.#take(key); jobs.length > 0; jobs = this.#take(key)) {
      try {
        await this.#commit(key, jobs)
        for (const job of jobs) job.resolve()
      } catch (error) {
        for (const job of jobs) job.reject(error)
      }
    }
    this.#waiting.delete(key.hash)
  }

  #take({ hash }: Key): Job[] {
    const jobs = this.#waiting.get(hash) ?? []
    this.#waiting.set(hash, [])
    return jobs
  }

  async #commit(key: Key, jobs: readonly Job[]): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const stored = await this.#context.records.readOne(key.id)
      const current = this.#valueIn(key, stored)
      const next = jobs.reduce((value, { change }) => change(value), current)
      if (next === current || (await this.#swap(key, stored, next))) return
    }
    throw new SessionError('CONFLICT', `${ATTEMPTS} tries lost.`)
  }

  async #swap(key: Key, stored: SessionRecord | null, next: ForeignValue | null): Promise<boolean> {
    const { engine, clock } = this.#context
    const now = clock.now()
    if (stored !== null && stored.ended === null) {
      const record = recordOf(key, next, stored, now)
      // It may be over, which is its deadline: asked as of the instant before, the port takes it for live.
      return (await engine.replace(record, stored.version, stored.expiresAt - 1)).outcome === 'done'
    }
    // One that somebody began to remove is in the way of a new one.
    if (stored !== null) await engine.settle([stored.id], null)
    return (await engine.create(recordOf(key, next, null, now), null, now)).outcome === 'done'
  }

  #valueIn({ hash }: Key, record: SessionRecord | null): ForeignValue | null {
    if (record === null || record.ended !== null) return null
    if (record.expiresAt <= this.#context.clock.now()) return null
    const content = ownContent(record, 'value')
    if (!Array.isArray(content)) return null
    const [owner, text]: unknown[] = content
    // The id is a part of the hash, and of two names that share it the other one's value is none.
    return owner === hash && typeof text === 'string' ? { text, expiresAt: record.expiresAt } : null
  }

  #keyOf(name: string): Key {
    const key = foreignKeyOf(this.#context, this.#label, name)
    if (key === null)
      throw new SessionError('INVALID_ARGUMENT', 'A name must be text of 1 to 512 characters.')
    const { hash } = key
    return { id: ownId(hash.slice(0, BUCKET_LENGTH), 'value', hash), hash }
  }
}

/**
 * A value as it is stored: unlike other records of ours it dies at its deadline, and whoever sweeps removes it. One
 * that is removed stays behind without its text and is over at once, because an end would be in the way of the next.
 */
function recordOf(
  { id, hash }: Key,
  value: ForeignValue | null,
  stored: SessionRecord | null,
  now: Instant,
): SessionRecord {
  const createdAt = stored?.createdAt ?? now
  // Of two deadlines a replace keeps the one that was seen later.
  const isMoved = stored !== null && value?.expiresAt !== stored.expiresAt
  const seenAt = isMoved ? Math.max(stored.seenAt + 1, now) : (stored?.seenAt ?? now)
  const lookAt = value?.expiresAt ?? now
  const content = value === null ? [hash] : [hash, checkedText(value.text)]
  const record = ownRecord({ kind: 'value', id, userId: null, createdAt, lookAt, content })
  return { ...record, version: (stored?.version ?? 0) + 1, seenAt, absoluteAt: lookAt }
}

function checkedText(text: string): string {
  const bytes = Buffer.byteLength(text)
  if (bytes <= TEXT_CEILING_BYTES) return text
  throw new SessionError('DATA_TOO_LARGE', `A value has ${bytes} bytes; the limit is ${TEXT_CEILING_BYTES}.`)
}
