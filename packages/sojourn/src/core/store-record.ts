import { bucketKeyCheck } from './bucket.ts'
import { SessionError } from './errors.ts'
import { type Engine, type Instant, NEVER, type SessionId, type SessionRecord } from './port.ts'

/** The id of the record that a store keeps about itself. No digest matches it, so no token opens it. */
export const STORE_ID: SessionId = '----------------'
const DIGEST_BYTES = 32
const ATTEMPTS = 8

interface About {
  /** Recognises the bucket key (SECURITY T12). */
  readonly bucketKeyCheck: string
  /** Every session created before this instant is dead (SECURITY T59). */
  readonly notBefore: Instant
}

/**
 * What holds for a whole store, kept in a record like any other, so that an engine needs no further method:
 * a check of the bucket key, and the cut-off of `revokeAll`.
 */
export class StoreRecord {
  readonly #engine: Engine
  readonly #check: string
  #notBefore: Instant = 0

  constructor(engine: Engine, bucketKey: Uint8Array | null) {
    this.#engine = engine
    this.#check = bucketKeyCheck(bucketKey)
  }

  get notBefore(): Instant {
    return this.#notBefore
  }

  /**
   * Finds the record, or makes it: in a new store, and in one that was emptied while this process runs.
   * @throws SessionError `STORE_REFUSED` for another bucket key
   */
  async open(now: Instant): Promise<void> {
    const [stored] = await this.#engine.read([STORE_ID])
    if (stored) return this.learn(stored)
    const about = { bucketKeyCheck: this.#check, notBefore: this.#notBefore }
    const created = await this.#engine.create(recordOf(about, 1, now), null, now)
    if (created.outcome === 'done') return
    const [other] = await this.#engine.read([STORE_ID])
    if (!other) throw new SessionError('ENGINE_UNAVAILABLE', 'The record about the store comes and goes.')
    this.learn(other)
  }

  /** Takes in what another process may have written. @throws SessionError `STORE_REFUSED` */
  learn(record: SessionRecord): void {
    const about = aboutOf(record)
    if (about.bucketKeyCheck !== this.#check) {
      throw new SessionError(
        'STORE_REFUSED',
        'It was made with another bucketKey, or without one; under this one users would lose their sessions.',
      )
    }
    this.#notBefore = Math.max(this.#notBefore, about.notBefore)
  }

  /** Moves the cut-off forward, never back. */
  async raise(notBefore: Instant, now: Instant): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const [stored] = await this.#engine.read([STORE_ID])
      if (!stored) {
        await this.open(now)
        continue
      }
      this.learn(stored)
      if (aboutOf(stored).notBefore >= notBefore) return
      const about = { bucketKeyCheck: this.#check, notBefore }
      const next = { ...recordOf(about, stored.version + 1, now), createdAt: stored.createdAt }
      const replaced = await this.#engine.replace(next, stored.version, now)
      if (replaced.outcome === 'done') return this.learn(next)
    }
    throw new SessionError('CONFLICT')
  }
}

function recordOf(about: About, version: number, now: Instant): SessionRecord {
  return {
    id: STORE_ID,
    userId: null,
    version,
    createdAt: now,
    seenAt: now,
    expiresAt: NEVER,
    absoluteAt: NEVER,
    authenticatedAt: null,
    digest: new Uint8Array(DIGEST_BYTES),
    previous: null,
    retired: [],
    ended: null,
    data: Buffer.from(JSON.stringify(about)),
  }
}

function aboutOf(record: SessionRecord): About {
  try {
    const about: unknown = JSON.parse(Buffer.from(record.data).toString())
    if (isAbout(about)) return about
  } catch {
    // Reported below: a damaged record and a foreign one look the same.
  }
  throw new SessionError('STORE_REFUSED', 'The record about the store cannot be read.')
}

function isAbout(value: unknown): value is About {
  return (
    typeof value === 'object' &&
    value !== null &&
    'bucketKeyCheck' in value &&
    typeof value.bucketKeyCheck === 'string' &&
    'notBefore' in value &&
    Number.isSafeInteger(value.notBefore)
  )
}
