import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { DATA_FILE } from './directory.ts'
import { refused } from './failures.ts'
import { liesWithin } from './page-walk.ts'

/** What the two meta pages of a data file say of its last commit. */
export interface LastCommit {
  readonly transaction: number
  /** Bytes of the pages that hold something; pages that were freed do not count. */
  readonly liveBytes: number
  /** Bytes from the start of the file to the end of the last page. */
  readonly fileBytes: number
  /** Where its meta page begins. */
  readonly position: number
}

/*
 * A meta page: after a header of 24 bytes magic, format, address and map size, then two descriptions of trees
 * of 48 bytes each (free pages, everything else), then the last page and the transaction. In the byte order
 * of the machine, which is little-endian wherever lmdb brings binaries.
 */
const MAGIC = 24
const LMDB_FORMAT = 28
const PAGE_BYTES = 48
const TREES = [48, 96]
const PAGE_COUNTS = [8, 16, 24]
const ROOT = 40
const LAST_PAGE = 144
const TRANSACTION = 152
const META_BYTES = 160

const LMDB_MAGIC = 0xbeefc0de
const KNOWN_FORMAT = 2
const LARGEST_PAGE = 65_536
const LOOKS = 3

/**
 * The data file, read beside LMDB. LMDB maps it, and touching a page behind its end would kill the process:
 * so its size is compared with what it says of itself before LMDB opens it.
 */
export class DataFile {
  readonly #path: string
  readonly #file: number
  readonly #meta = Buffer.alloc(META_BYTES)
  readonly #pageBytes: number

  /** Null when there is none, or one that is still empty. Throws `STORE_REFUSED` for one that is damaged. */
  static openAt(path: string): DataFile | null {
    const file = join(path, DATA_FILE)
    const handle = openIfThere(file)
    if (handle === null) return null
    try {
      return fstatSync(handle).size === 0 ? close(handle) : new DataFile(file, handle)
    } catch (error) {
      closeSync(handle)
      throw error
    }
  }

  constructor(path: string, handle: number) {
    this.#path = path
    this.#file = handle
    this.#read(0)
    this.#assertOurs()
    this.#pageBytes = this.#meta.readUInt32LE(PAGE_BYTES)
    if (!isPageSize(this.#pageBytes)) throw this.#damaged('says a page size that cannot be')
    this.#assertWhole()
  }

  lastCommit(): LastCommit {
    const [first, second] = [this.#commitAt(0), this.#commitAt(this.#pageBytes)]
    return first.transaction > second.transaction ? first : second
  }

  close(): void {
    closeSync(this.#file)
  }

  #commitAt(position: number): LastCommit {
    this.#read(position)
    const pages = TREES.flatMap((tree) => PAGE_COUNTS.map((count) => this.#number(tree + count)))
    return {
      transaction: this.#number(TRANSACTION),
      liveBytes: pages.reduce((sum, count) => sum + count, 0) * this.#pageBytes,
      fileBytes: (this.#number(LAST_PAGE) + 1) * this.#pageBytes,
      position,
    }
  }

  #read(position: number): void {
    const bytes = readSync(this.#file, this.#meta, 0, META_BYTES, position)
    if (bytes < META_BYTES) throw this.#damaged('is cut short within its first two pages')
  }

  #number(at: number): number {
    return this.#meta.readUInt32LE(at + 4) * 2 ** 32 + this.#meta.readUInt32LE(at)
  }

  #assertOurs(): void {
    if (this.#meta.readUInt32LE(MAGIC) !== LMDB_MAGIC) throw this.#damaged('is no LMDB file')
    const format = this.#meta.readUInt32LE(LMDB_FORMAT) & 0xffff
    if (format !== KNOWN_FORMAT) {
      throw refused(this.#path, `is an LMDB file of format ${format}, not ${KNOWN_FORMAT}`, MOVE)
    }
  }

  /** Another process may commit while the pages are read; what is cut short stays so. */
  #assertWhole(): void {
    for (let look = 1; ; look++) {
      const { fileBytes, position } = this.lastCommit()
      const { size } = fstatSync(this.#file)
      if (size >= fileBytes || this.#holds(size, position)) return
      if (look === LOOKS) throw this.#damaged(`is cut short: ${size} bytes are left of ${fileBytes}`)
    }
  }

  /** Whether what the trees of a commit hold lies within so many bytes. */
  #holds(size: number, position: number): boolean {
    this.#read(position)
    const roots = TREES.map((tree) => this.#number(tree + ROOT))
    const pages = Math.floor(size / this.#pageBytes)
    return liesWithin(pages, roots, (page) => {
      const bytes = Buffer.alloc(this.#pageBytes)
      readSync(this.#file, bytes, 0, bytes.byteLength, page * this.#pageBytes)
      return bytes
    })
  }

  #damaged(what: string): Error {
    return refused(this.#path, what, MOVE)
  }
}

const MOVE = 'move it away, or put a whole copy back'

function openIfThere(file: string): number | null {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw refused(file, 'cannot be read', 'check its rights, and that it is no link', error)
  }
}

function close(handle: number): null {
  closeSync(handle)
  return null
}

function isPageSize(bytes: number): boolean {
  return bytes >= 256 && bytes <= LARGEST_PAGE && Number.isInteger(Math.log2(bytes))
}
