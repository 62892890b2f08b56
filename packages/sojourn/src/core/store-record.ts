import { bucketKeyCheck } from './bucket.ts'
import { SessionError } from './errors.ts'
import { bareRecord } from './own-record.ts'
import type { Engine, Instant, Replaced, SessionId, SessionRecord } from './port.ts'

/** The id of the record that a store keeps about itself. No digest matches it, so no token opens it. */
export const STORE_ID: SessionId = '----------------'
const ATTEMPTS = 8

interface About {
  /** Recognises the bucket key (SECURITY T12). */
  readonly bucketKeyCheck: string
  /** Every session created before this instant is dead (SECURITY T59). */
  readonly notBefore: Instant
  /** The one store that may use this storage; null in a record from before names were kept. */
  readonly name: string | null
  /** Whether ended sessions go to an archive: then a process that was told of none must not discard them. */
  readonly archives: boolean
}

/** What must be the same for every process that opens the storage. */
export interface StoreIdentity {
  readonly name: string
  readonly bucketKey: Uint8Array | null
  /** True: this process archives. False: it stops the archive of this store. Null: it does as the store does. */
  readonly archives: boolean | null
}

/**
 * What holds for a whole store, kept in a record like any other, so that an engine needs no further method:
 * its name, a check of the bucket key, and the cut-off of `revokeAll`.
 */
export class StoreRecord {
  readonly #engine: Engine
  readonly #name: string
  readonly #check: string
  #mustArchive: boolean | null
  #notBefore: Instant = 0
  #archives: boolean

  constructor(engine: Engine, { name, bucketKey, archives }: StoreIdentity) {
    this.#engine = engine
    this.#name = name
    this.#check = bucketKeyCheck(bucketKey)
    this.#mustArchive = archives
    this.#archives = archives ?? false
  }

  /** Whether ended sessions of this store go to an archive. */
  get archives(): boolean {
    return this.#archives
  }

  get notBefore(): Instant {
    return this.#notBefore
  }

  /**
   * Finds the record, or makes it: in a new store, and in one that was emptied while this process runs. One that
   * has no name yet gets this store's, and each learns whether this store archives.
   * @throws SessionError `STORE_REFUSED` for another bucket key or another name, and for an engine that does not keep
   * what is due although ended sessions are archived
   */
  async open(now: Instant): Promise<void> {
    let stored = (await this.#stored()) ?? (await this.#created(now))
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      this.learn(stored)
      const about = aboutOf(stored)
      const archives = this.#mustArchive ?? about.archives
      assertKeepsDue(this.#engine, archives)
      if (about.name !== null && about.archives === archives) return this.#opened(archives)
      const replaced = await this.#swap(stored, { ...about, name: this.#name, archives }, now)
      if (replaced.outcome !== 'conflict') return this.#opened(archives)
      stored = replaced.current
    }
    throw new SessionError('CONFLICT')
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
    if (about.name !== null && about.name !== this.#name) {
      throw new SessionError(
        'STORE_REFUSED',
        `It belongs to the store named ${JSON.stringify(about.name)}, and this one is named ${JSON.stringify(this.#name)}. Give each an engine of its own, with another path or prefix, or both the same name.`,
      )
    }
    this.#notBefore = Math.max(this.#notBefore, about.notBefore)
    this.#archives = about.archives
  }

  /** Moves the cut-off forward, never back. */
  async raise(notBefore: Instant, now: Instant): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const stored = await this.#stored()
      if (stored === null) {
        await this.open(now)
        continue
      }
      this.learn(stored)
      if (aboutOf(stored).notBefore >= notBefore) return
      const replaced = await this.#swap(stored, { ...this.#own(), notBefore }, now)
      if (replaced.outcome !== 'done') continue
      this.#notBefore = Math.max(this.#notBefore, notBefore)
      return
    }
    throw new SessionError('CONFLICT')
  }

  /** Who archives says so again and again; who stops it says so once. */
  #opened(archives: boolean): void {
    this.#archives = archives
    if (this.#mustArchive === false) this.#mustArchive = null
  }

  async #stored(): Promise<SessionRecord | null> {
    const [stored] = await this.#engine.read([STORE_ID])
    return stored ?? null
  }

  /** Whoever created it: all records about a store have the same digest, so `done` may mean another's. */
  async #created(now: Instant): Promise<SessionRecord> {
    await this.#engine.create(recordOf(this.#own(), 1, now), null, now)
    const stored = await this.#stored()
    if (stored !== null) return stored
    throw new SessionError('ENGINE_UNAVAILABLE', 'The record about the store comes and goes.')
  }

  #swap(stored: SessionRecord, about: About, now: Instant): Promise<Replaced> {
    const next = { ...recordOf(about, stored.version + 1, now), createdAt: stored.createdAt }
    return this.#engine.replace(next, stored.version, now)
  }

  #own(): About {
    const { name, archives } = { name: this.#name, archives: this.#archives }
    return { bucketKeyCheck: this.#check, notBefore: this.#notBefore, name, archives }
  }
}

/** What ends without being due would never reach the archive. */
function assertKeepsDue({ traits }: Engine, archives: boolean): void {
  if (!archives || traits.keepsDue) return
  throw new SessionError(
    'STORE_REFUSED',
    `Its ended sessions go to an archive, and this ${traits.name} engine does not keep what is due: open it with \`due: true\`.`,
  )
}

function recordOf(about: About, version: number, now: Instant): SessionRecord {
  return { ...bareRecord(STORE_ID, now), version, data: Buffer.from(JSON.stringify(about)) }
}

function aboutOf(record: SessionRecord): About {
  try {
    const about: unknown = JSON.parse(Buffer.from(record.data).toString())
    if (isAbout(about)) return { ...about, name: about.name ?? null, archives: about.archives ?? false }
  } catch {
    // Reported below: a damaged record and a foreign one look the same.
  }
  throw new SessionError('STORE_REFUSED', 'The record about the store cannot be read.')
}

type Stored = Omit<About, 'name' | 'archives'> & { readonly name?: string; readonly archives?: boolean }

function isAbout(value: unknown): value is Stored {
  return (
    typeof value === 'object' &&
    value !== null &&
    'bucketKeyCheck' in value &&
    typeof value.bucketKeyCheck === 'string' &&
    'notBefore' in value &&
    Number.isSafeInteger(value.notBefore) &&
    (!('name' in value) || typeof value.name === 'string') &&
    (!('archives' in value) || typeof value.archives === 'boolean')
  )
}
