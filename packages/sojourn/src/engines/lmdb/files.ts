import { randomBytes } from 'node:crypto'
import { access, link, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { DATA_FILE, FILE_MODE, isCode, LOCK_FILE, syncDirectory } from './directory.ts'

/** LMDB's header and its reader slots of 64 bytes, for more than a thousand readers, in whole pages. */
const LOCK_BYTES = 17 * 4_096

/**
 * Makes the files that are missing, with their modes whatever the umask, before LMDB does: an empty data file,
 * and a lock file with all of its blocks. LMDB would make one with holes and map it, and on a full disk the
 * first use of a hole kills the process.
 */
export async function makeFiles(path: string): Promise<void> {
  await makeFile(path, DATA_FILE, 0)
  await makeFile(path, LOCK_FILE, LOCK_BYTES)
}

/** Linked into place whole, so that one which another process made meanwhile is never written over. */
async function makeFile(path: string, name: string, bytes: number): Promise<void> {
  const place = join(path, name)
  if (await isThere(place)) return
  const temporary = `${place}.${randomBytes(6).toString('hex')}`
  const file = await open(temporary, 'wx', FILE_MODE)
  try {
    await file.chmod(FILE_MODE)
    await file.writeFile(Buffer.alloc(bytes))
    await link(temporary, place)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
  } finally {
    await file.close()
    await unlink(temporary)
  }
  await syncDirectory(path)
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
