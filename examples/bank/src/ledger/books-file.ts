import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Books } from './books.ts'

/** The books in a file; null when there is none yet. */
export async function readBooks(path: string): Promise<Books | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  try {
    return Books.parse(JSON.parse(text))
  } catch (error) {
    throw new Error(`${path} is not a file of this bank, or it is damaged. It was left as it is.`, {
      cause: error,
    })
  }
}

/**
 * Writes the books so that a crash at any moment leaves either the old file or the new one: into a second
 * file, flushed to the disk, which then takes the name of the first.
 */
export async function writeBooks(path: string, books: Books): Promise<void> {
  const text = JSON.stringify(books, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  const next = `${path}.next`
  const file = await open(next, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(next, path)
  await syncFolder(dirname(path))
}

/** The new name is safe only when the folder is on the disk too. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
