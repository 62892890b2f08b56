import { resolve } from 'node:path'
import { SessionError } from '../../core/errors.ts'

export interface LmdbOptions {
  /** The directory of the store. Made when it is missing, 0700; one that others can look into is refused. */
  readonly path: string
  /**
   * What an acknowledged write survives. `fsync`, the default: a power cut. `commit`: the end of the process,
   * however it dies; a power cut may undo the last commit, and never leaves half of one.
   */
  readonly durability?: 'fsync' | 'commit'
  /** The most bytes that live data may take, in whole pages. When full, new data is refused. 64 GiB. */
  readonly maxBytes?: number
}

export interface CheckedOptions {
  readonly path: string
  readonly durability: 'fsync' | 'commit'
  readonly maxBytes: number
}

const KNOWN = ['path', 'durability', 'maxBytes']
const MIN_BYTES = 2 ** 20
const MAX_BYTES = 2 ** 43

/** @throws SessionError `INVALID_ARGUMENT` */
export function checkOptions(options: LmdbOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw refusal('the options must be an object')
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name))
  if (unknown !== undefined) throw refusal(`there is no option "${unknown}"`)
  const { path, durability = 'fsync', maxBytes = 2 ** 36 } = options
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw refusal('path must be the path of a directory')
  }
  if (durability !== 'fsync' && durability !== 'commit')
    throw refusal("durability must be 'fsync' or 'commit'")
  if (!Number.isSafeInteger(maxBytes) || maxBytes < MIN_BYTES || maxBytes > MAX_BYTES) {
    throw refusal(`maxBytes must be a whole number from ${MIN_BYTES} to ${MAX_BYTES}`)
  }
  return { path: resolve(path), durability, maxBytes }
}

function refusal(why: string): SessionError {
  return new SessionError('INVALID_ARGUMENT', `lmdb: ${why}.`)
}
