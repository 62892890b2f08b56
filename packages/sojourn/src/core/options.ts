import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Archive } from './archive.ts'
import type { Clock } from './clock.ts'
import type { EventFeed } from './feed.ts'
import type { Duration } from './lifetime.ts'
import type { Engine } from './port.ts'
import type { LifetimeOption, PerUser } from './presets.ts'
import type { Device, SessionAddress } from './session.ts'

/** How a store is made. */
export interface StoreOptions<Data> {
  readonly engine: Engine | Promise<Engine>
  /**
   * The store's name, the same in every process that opens it; part of what sealed bytes are bound to. Storage
   * that belongs to a store of another name is refused. Default `sojourn`.
   */
  readonly name?: string
  /** A preset's name or `{ idle, absolute }`. Default `web`: 30 minutes idle, 8 hours in all. */
  readonly lifetime?: LifetimeOption
  /** Any Standard Schema (zod, valibot, arktype). Data is checked on every write. */
  readonly schema?: StandardSchemaV1<unknown, Data>
  /** The version of the shape of the data, a whole number from 1. Default 1. */
  readonly version?: number
  /** Makes data of this version out of data that was written under another one. */
  readonly upgrade?: (old: unknown, fromVersion: number) => unknown
  /** The data that a session starts with, and that an absent session shows. Default `{}`. */
  readonly initial?: () => Data
  /** The most live sessions per user. Default: as the preset says, else no limit but the ceiling of 1,000. */
  readonly perUser?: { readonly max: number; readonly whenFull?: PerUser['whenFull'] }
  /** Encoded data above this is refused. Default 32 KiB, ceiling 1 MiB. */
  readonly maxDataBytes?: number
  /** How new data is written; both formats are always readable. Default `messagepack`. */
  readonly format?: 'messagepack' | 'json'
  /**
   * 32 bytes (base64url, base64 or hex text, or the bytes) that spread users over buckets so that nobody
   * outside can. Never change it: another key hides every user's sessions. Apart from encryption keys.
   */
  readonly bucketKey?: string | Uint8Array
  /** Tells other processes what happens here, and this one what happens there, such as `redisFeed()`. Default: none. */
  readonly feed?: EventFeed
  /** The time limit of one engine operation. Default 1 s. */
  readonly timeout?: Duration
  /** Start also when the engine does not answer; calls fail until it does. Default false. */
  readonly lazy?: boolean
  /**
   * What becomes of a session that ended. `archiveTo(destination)`: it goes there, at least once, before the store
   * forgets it. `'discard'`, the default: nothing is kept, unless another process of this store archives; then this one
   * leaves it to that. `'stopArchiving'` ends that for the whole store.
   */
  readonly atEnd?: 'discard' | 'stopArchiving' | Archive<Data>
  /** Whether this process sweeps ended and expired sessions, where the engine keeps them for it. Default true. */
  readonly sweep?: boolean
  readonly clock?: Clock
}

export interface CreateOptions<Data> {
  /** Left out for an anonymous session. */
  readonly userId?: string
  /** Top-level fields laid over the carried ones, which lie over `initial()`. */
  readonly data?: Partial<Data>
  readonly device?: Device
  /** How strongly the user was authenticated, in the application's words; at most 64 characters. */
  readonly assurance?: string
  /** The session that this one takes the place of, which ends: a log-in from an anonymous session. */
  readonly replaces?: SessionAddress
  /** The top-level fields that move from the replaced session. Nothing else does. */
  readonly carry?: readonly (keyof Data & string)[]
  /** An absolute limit shorter than the store's own, such as `'10m'` for a half-finished log-in. */
  readonly absolute?: Duration
}

export interface ReadOptions {
  /** False for a request that must not count as activity, such as polling. Default true. */
  readonly touch?: boolean
}

export interface RotateOptions {
  /**
   * True (the default): the old token works for a while as an alias of the new one, for requests in flight.
   * False: it is dead at once. Use false whenever rights change.
   */
  readonly grace?: boolean
}

export interface ReauthenticateOptions {
  /** Who has just proved to be there; must be the session's user. */
  readonly userId: string
  readonly assurance?: string
}

/** A synchronous change to a draft of the data. It may run more than once; what it returns is ignored. */
export type Recipe<Data> = (draft: Data) => unknown
