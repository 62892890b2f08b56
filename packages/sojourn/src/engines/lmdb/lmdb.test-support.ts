import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '../../core/port.ts'
import type { StoreUnderTest } from '../../testing/index.ts'
import { userKey } from './keys.ts'
import { lmdb } from './lmdb.ts'
import type { LmdbOptions } from './lmdb-options.ts'
import { Tree } from './tree.ts'
import { UserSessions } from './user-sessions.ts'

/** A directory that goes when the test ends: `await using directory = await makeDirectory()`. */
export interface Directory extends AsyncDisposable {
  readonly path: string
}

export async function makeDirectory(parent = tmpdir()): Promise<Directory> {
  const path = await mkdtemp(join(parent, 'sojourn-lmdb-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Data that tells of which session and version it is, of sizes up to a few pages. */
export function dataOf(number: number, version: number): Uint8Array {
  return new Uint8Array(((number * 37) % 40) * 250 + 10).fill((number * 31 + version) % 251)
}

/** A store for the conformance suite, in a directory of its own. */
export async function lmdbStore(options: Partial<LmdbOptions> = {}): Promise<StoreUnderTest> {
  const directory = await makeDirectory()
  const path = join(directory.path, 'store')
  return {
    open: (): Promise<Engine> => lmdb({ path, ...options }),
    loseIndexEntry: (userId, id) => loseIndexEntry(path, userId, id),
    dispose: async () => directory[Symbol.asyncDispose](),
  }
}

/** What only a fault could do: an index without one of its sessions. */
async function loseIndexEntry(path: string, userId: string, id: string): Promise<void> {
  const tree = new Tree({ path, durability: 'commit', maxBytes: 2 ** 30 })
  await tree.transact(() => {
    const key = userKey(userId)
    tree.put(key, new UserSessions(tree.get(key)).without(new Set([id])).bytes)
  })
  await tree.close()
}
