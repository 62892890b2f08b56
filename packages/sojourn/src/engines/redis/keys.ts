import { hash } from 'node:crypto'
import type { SessionId } from '../../core/port.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const BUCKET_LENGTH = 2
const ID_LENGTH = 16
/** A user's score in an index is 48 bits of the hash: exact as the server keeps scores, as doubles. */
const SCORE_DIGITS = 12
const INDEXES = 4
const USER_LABEL = 'sojourn/user/v1\0'
const BUCKET = /^[A-Za-z0-9_-]{2}$/
const ID = /^[A-Za-z0-9_-]{16}$/

/** All 4,096. */
export const BUCKETS: readonly string[] = [...ALPHABET].flatMap((a) => [...ALPHABET].map((b) => a + b))

/** A form that a session id has; nothing else is ever part of a key. */
export function isId(id: unknown): id is SessionId {
  return typeof id === 'string' && ID.test(id)
}

export function isBucket(bucket: unknown): boolean {
  return typeof bucket === 'string' && BUCKET.test(bucket)
}

export function bucketOf(id: SessionId): string {
  return id.slice(0, BUCKET_LENGTH)
}

/** The items in groups of one bucket each, in the order in which each bucket comes first. */
export function byBucket<Item>(items: readonly Item[], idOf: (item: Item) => SessionId): Item[][] {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const bucket = bucketOf(idOf(item))
    const group = groups.get(bucket)
    if (group === undefined) groups.set(bucket, [item])
    else group.push(item)
  }
  return [...groups.values()]
}

/** The bucket in a key: its hash tag. */
export function bucketOfKey(key: string): string {
  const open = key.indexOf('{')
  return key.slice(open + 1, open + 1 + BUCKET_LENGTH)
}

/**
 * The names of a store's keys. The bucket is the hash tag of each, so that what belongs to one user lies in one
 * slot of a cluster. Scripts make the same names (`scripts/includes/user-index.lua`).
 */
export class Keys {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** What the keys of a bucket begin with. */
  prefixOf(bucket: string): string {
    return `${this.#prefix}:{${bucket}}:`
  }

  record(id: SessionId): string {
    return `${this.#prefix}:{${bucketOf(id)}}:s:${id}`
  }

  /** How the names of all records look, as a pattern of SCAN. */
  get records(): string {
    return `${this.#prefix}:{??}:s:${'?'.repeat(ID_LENGTH)}`
  }

  /**
   * The index in which a user's sessions are noted, one of four in a bucket, and the user's score there. Both follow
   * from a hash, which keeps user ids out of key names, and so out of logs (SECURITY T93). It is SHA-1 because
   * scripts have no other.
   */
  index(bucket: string, userId: string): { readonly key: string; readonly score: string } {
    const score = Number.parseInt(hash('sha1', USER_LABEL + userId).slice(0, SCORE_DIGITS), 16)
    return { key: `${this.prefixOf(bucket)}u:${score % INDEXES}`, score: String(score) }
  }

  due(bucket: string): string {
    return `${this.prefixOf(bucket)}due`
  }
}
