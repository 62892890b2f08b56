import { open, type RootDatabase } from 'lmdb'
import { FILE_MODE } from './directory.ts'
import type { KeyValue } from './key-value.ts'
import type { Key } from './keys.ts'
import type { CheckedOptions } from './lmdb-options.ts'
import { inTurn } from './turns.ts'

const MAX_READERS = 1_000
/** Address space, not memory: the map must not grow, since lmdb keeps every earlier map as well. */
const SMALLEST_MAP_BYTES = 2 ** 32

/** lmdb with our keys: text of which each character is one byte. */
const keyEncoder = {
  writeKey: (key: Key, target: Buffer, start: number): number => start + target.write(key, start, 'latin1'),
  readKey: (source: Buffer, start: number, end: number): Key => source.toString('latin1', start, end),
}

/** One open LMDB environment as the verbs see it. Nothing of lmdb is used outside this file. */
export class Tree implements KeyValue {
  readonly #path: string
  readonly #root: RootDatabase<Buffer, Key>
  #isFresh = false

  /**
   * Throws what lmdb throws. Begins and ends a synchronous, empty transaction: lmdb opens no other way. So it
   * must not run beside a transaction of another handle in this process: see `inTurn`.
   */
  constructor({ path, durability, maxBytes }: CheckedOptions) {
    const options = {
      encoding: 'binary',
      keyEncoder,
      noSubdir: false,
      maxDbs: 1,
      maxReaders: MAX_READERS,
      mapSize: Math.max(SMALLEST_MAP_BYTES, 2 * maxBytes),
      permissionsMode: FILE_MODE,
      // A commit is durable before its promise resolves, and before anybody else can read it.
      overlappingSync: false,
      noMetaSync: durability === 'commit',
      // With it, a failed commit rejects a promise of lmdb's own that nobody can catch.
      eventTurnBatching: false,
    } as const
    this.#path = path
    this.#root = open<Buffer, Key>(path, options)
  }

  get(key: Key): Buffer | null {
    const shared = this.#root.getBinaryFast(key)
    // lmdb reads everything into one buffer. A copy from Node's pool costs a third of its own `getBinary`.
    return shared === undefined ? null : Buffer.from(shared.subarray(0, shared.length))
  }

  put(key: Key, value: Buffer): void {
    this.#root.putSync(key, value)
  }

  remove(key: Key): void {
    this.#root.removeSync(key)
  }

  keys(first: Key, end: Key, limit: number): Key[] {
    return [...this.#root.getKeys({ start: first, end, limit })]
  }

  /**
   * This tree for reads of one turn of the event loop, which see all that was committed before it, by other
   * processes too. lmdb alone would keep a snapshot for longer than it takes to hear of another's commit.
   */
  latest(): KeyValue {
    if (!this.#isFresh) {
      this.#root.resetReadTxn()
      this.#isFresh = true
      queueMicrotask(() => {
        this.#isFresh = false
      })
    }
    return this
  }

  /** The number of the transaction that runs; within `transact` only. */
  get transaction(): number {
    return this.#root.getWriteTxnId()
  }

  /**
   * Runs `work` in a write transaction, and resolves when it is committed as the durability says. What `work`
   * wrote before it throws is committed all the same: it must not throw after its first write.
   */
  async transact<T>(work: () => T): Promise<T> {
    try {
      return await inTurn(this.#path, () => this.#root.transaction(work))
    } catch (error) {
      throw await commitErrorOf(error)
    }
  }

  async close(): Promise<void> {
    await this.#root.close()
  }
}

/** lmdb rejects with a general error that promises the real one. */
async function commitErrorOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  return Promise.resolve(error.commitError).then(
    () => error,
    (cause: unknown) => cause,
  )
}
