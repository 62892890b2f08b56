import { join } from 'node:path'
import { DataFile } from './data-file.ts'
import { DATA_FILE, secureDirectory, secureFiles } from './directory.ts'
import { openFailure, refused } from './failures.ts'
import { makeFiles } from './files.ts'
import { FORMAT_KEY } from './keys.ts'
import type { CheckedOptions } from './lmdb-options.ts'
import { Tree } from './tree.ts'
import { inTurn } from './turns.ts'

/** The tree, and its data file beside LMDB. */
export interface Environment {
  readonly tree: Tree
  readonly file: DataFile
}

const STORE_FORMAT = 1
const ATTEMPTS = 100
/** What an open store turns out to be: ours, of another format, of other data, or to be opened again. */
type Look = 'ours' | 'other' | 'behind' | { readonly format: number }

/**
 * Opens the store, or makes it.
 * @throws SessionError `STORE_REFUSED` for what is not safe or not ours, `STORE_FULL` without room for a new one
 */
export async function openEnvironment(options: CheckedOptions): Promise<Environment> {
  try {
    await secureDirectory(options.path)
    await secureFiles(options.path)
    await makeFiles(options.path)
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const environment = await openOnce(options)
      if (environment !== null) return environment
    }
  } catch (error) {
    throw openFailure(options.path, error)
  }
  throw refused(options.path, 'is opened again and again', 'look for a process that does that')
}

export async function closeEnvironment({ tree, file }: Environment): Promise<void> {
  file.close()
  await tree.close()
}

/** Null when it must be opened again. */
async function openOnce(options: CheckedOptions): Promise<Environment | null> {
  // LMDB maps what it is given: a damaged file must be found before that.
  DataFile.openAt(options.path)?.close()
  const tree = await inTurn(options.path, async () => new Tree(options))
  let environment: Environment | null = null
  try {
    environment = { tree, file: await fileBeside(options.path) }
    const look = await tree.transact(lookInto(environment))
    if (look === 'ours') return environment
    if (look !== 'behind') throw strange(join(options.path, DATA_FILE), look)
  } catch (error) {
    environment?.file.close()
    await tree.close()
    throw error
  }
  await closeEnvironment(environment)
  return null
}

/** What LMDB has opened, checked once more: nobody has put another file into its place meanwhile. */
async function fileBeside(path: string): Promise<DataFile> {
  await secureFiles(path)
  const file = DataFile.openAt(path)
  if (file === null) throw refused(path, 'lost its data file while it was opened', 'try again')
  return file
}

/** Work for a write transaction. Marks an empty store as ours. */
function lookInto({ tree, file }: Environment): () => Look {
  return () => {
    // LMDB may begin on an older commit than the last one: see docs/decisions/0012.
    if (tree.transaction <= file.lastCommit().transaction) return 'behind'
    const format = tree.get(FORMAT_KEY)?.[0]
    if (format !== undefined) return format === STORE_FORMAT ? 'ours' : { format }
    if (tree.keys('\0', '\xff', 1).length > 0) return 'other'
    tree.put(FORMAT_KEY, Buffer.of(STORE_FORMAT))
    return 'ours'
  }
}

function strange(file: string, look: 'other' | { readonly format: number }): Error {
  if (look === 'other') return refused(file, 'holds something else than sessions', 'give another directory')
  const what = `is a store of format ${look.format}, and this release knows format ${STORE_FORMAT}`
  return refused(file, what, 'use the release that wrote it')
}
