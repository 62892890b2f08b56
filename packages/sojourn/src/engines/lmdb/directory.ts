import { constants, type Stats } from 'node:fs'
import { chmod, type FileHandle, lstat, mkdir, open, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { geteuid } from 'node:process'
import { refused } from './failures.ts'
import { NETWORK_FILE_SYSTEMS } from './network-file-systems.ts'

const DIRECTORY_MODE = 0o700
export const FILE_MODE = 0o600
export const DATA_FILE = 'data.mdb'
export const LOCK_FILE = 'lock.mdb'

const OTHERS = 0o077
/** Who makes the files. Null on Windows, where neither owners nor modes are what they are elsewhere. */
const OWN = geteuid?.() ?? null

/**
 * Makes the directory, or refuses one that others can look into, that belongs to somebody else, that is a
 * link, or that lies on a network file system (SECURITY T99, T100).
 * @throws SessionError `STORE_REFUSED`
 */
export async function secureDirectory(
  path: string,
  networks: ReadonlyMap<number, string> = NETWORK_FILE_SYSTEMS,
): Promise<void> {
  await makeDirectory(path)
  const found = await lstat(path)
  if (!found.isDirectory()) throw refused(path, 'is not a directory', 'give the path of one')
  if (OWN !== null)
    await withDirectory(path, async (opened) => assertPrivate(path, await opened.stat(), DIRECTORY_MODE))
  const network = networks.get((await statfs(path)).type)
  if (network !== undefined) {
    throw refused(path, `lies on ${network}, a network file system`, 'keep it on a disk of this host')
  }
}

/**
 * Refuses data and lock file like the directory. One that is missing is fine.
 * Never opens the lock file: closing it again would drop every lock of this process on it.
 * @throws SessionError `STORE_REFUSED`
 */
export async function secureFiles(path: string): Promise<void> {
  for (const name of [DATA_FILE, LOCK_FILE]) {
    const file = join(path, name)
    const found = await lstat(file).catch(absent)
    if (found === null) continue
    if (!found.isFile()) throw refused(file, 'is not a plain file', 'move it away')
    assertPrivate(file, found, FILE_MODE)
  }
}

/** Makes what was made in a directory survive a power cut: the files' own flushes do not promise that. */
export async function syncDirectory(path: string): Promise<void> {
  if (OWN !== null) await withDirectory(path, (opened) => opened.sync())
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

async function makeDirectory(path: string): Promise<void> {
  try {
    const made = await mkdir(path, { recursive: true, mode: DIRECTORY_MODE })
    if (made === undefined) return
    // The umask may have taken more away than others' rights.
    await chmod(path, DIRECTORY_MODE)
    for (let each = path; each.length >= made.length; each = dirname(each)) {
      // Whoever may write into a directory may still not be allowed to open it.
      await syncDirectory(dirname(each)).catch(() => null)
    }
  } catch (error) {
    if (isCode(error, 'EEXIST')) return
    throw refused(path, 'cannot be made or entered', 'check the path and the rights on it', error)
  }
}

/** Opened, so that what is looked at is what was opened: nobody can put a link into its place in between. */
async function withDirectory(path: string, look: (opened: FileHandle) => Promise<void>): Promise<void> {
  const opened = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    await look(opened)
  } finally {
    await opened.close()
  }
}

function assertPrivate(path: string, { uid, mode }: Stats, wanted: number): void {
  if (OWN === null) return
  if (uid !== OWN) {
    throw refused(path, `belongs to user ${uid}`, `let it belong to user ${OWN}, who runs this process`)
  }
  if ((mode & OTHERS) !== 0) {
    const [is, should] = [mode & 0o777, wanted].map((bits) => `0${bits.toString(8)}`)
    throw refused(path, `has mode ${is}: others can reach it`, `run chmod ${should} on it`)
  }
}

function absent(error: unknown): null {
  if (isCode(error, 'ENOENT')) return null
  throw error
}
