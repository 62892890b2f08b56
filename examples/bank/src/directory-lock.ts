import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from './command-line.ts'

/** See proc(5). */
const START_FIELD = 22

/** Who holds the directory. */
interface Holder {
  readonly pid: number
  /** When it started, in the kernel's words; empty where the kernel does not tell. */
  readonly started: string
}

/**
 * Keeps a second bank out of the data directory. LMDB would allow one; the ledger and PGlite would not notice it, and
 * both would be damaged. What it gives back opens the directory again.
 *
 * The lock is a file that names the process, as Postgres has it: that of a bank that was killed holds nobody up.
 * @throws UsageError
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'bank.pid')
  const draft = `${path}.${process.pid}`
  await writeFile(draft, `${process.pid} ${(await startOf(process.pid)) ?? ''}\n`, { mode: 0o600 })
  try {
    while (!(await isLinked(draft, path))) {
      const holder = await holderOf(path)
      if (holder !== null && (await isAlive(holder))) throw inUse(directory, holder.pid, path)
      await rm(path, { force: true })
    }
  } finally {
    await rm(draft)
  }
  return () => rm(path, { force: true })
}

/** A second name for a finished file: of two banks that start at once, one gets it. */
async function isLinked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Null when the file names no process, or has just gone. */
async function holderOf(path: string): Promise<Holder | null> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const [, pid, started = ''] = /^([1-9][0-9]{0,9}) ([0-9]*)\n$/.exec(text) ?? []
  return pid === undefined ? null : { pid: Number(pid), started }
}

/** The id alone may be that of another process by now, and in a container every start may have the same one. */
async function isAlive({ pid, started }: Holder): Promise<boolean> {
  if (!isThere(pid)) return false
  if (started === '') return pid !== process.pid
  return (await startOf(pid)) === started
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** Null where there is no such process, or it has ended and nobody has asked how, and on systems without `/proc`. */
async function startOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name of the program stands in brackets, and may hold spaces. The rest begins with the state: field 3 of 52.
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' ? null : (fields[START_FIELD - 4] ?? null)
}

function inUse(directory: string, holder: number, path: string): UsageError {
  return new UsageError(
    `Harbour Bank cannot start: process ${holder} has ${directory} open. Stop it, or choose another directory with --data; if it is no bank, delete ${path}.`,
  )
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null
}
